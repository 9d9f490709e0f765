-- commit-policy: makes a version the active one of a tenant, if the one it replaces still is.
-- KEYS  meta, feed, op, policy
-- ARGV  1 log  2 epoch  3 known revision  4 known nonce  5 nonce  6 feed length
--       7 version  8 version it replaces, '' = none  9 published policy (JSON)
--       10 effect (JSON)  11 versions kept
-- OUT   NOLOG | FORK head | AGAIN head <what OK kept> '' | NOOP '' '' | VERSION | OK head '' ''
local at = head()
if not at then return { 'NOLOG' } end
local done = redis.call('GET', KEYS[3])
if done then return { 'AGAIN', at, done, '' } end
if not isKnown(at, ARGV[1], ARGV[2], ARGV[3], ARGV[4]) then return { 'FORK', at } end
local newest = redis.call('LINDEX', KEYS[4], 0)
local active = newest and string.match(newest, '^%d+ ([^\n]*)\n') or ''
-- Before the version it replaces: of several that start with the same files, all but one get here.
if active == ARGV[7] then return { 'NOOP', '', '' } end
if active ~= ARGV[8] then return { 'VERSION' } end
local rev = append(at, ARGV[5], ARGV[6], ARGV[10], {})
redis.call('LPUSH', KEYS[4], rev .. ' ' .. ARGV[7] .. '\n' .. ARGV[9])
redis.call('LTRIM', KEYS[4], 0, tonumber(ARGV[11]) - 1)
redis.call('SET', KEYS[3], cjson.encode({ e = at[2], r = rev, n = ARGV[5] }), 'EX', 120)
return { 'OK', { at[1], at[2], rev, ARGV[5] }, '', '' }
