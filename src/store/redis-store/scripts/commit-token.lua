-- commit-token: makes or revokes a token.
-- KEYS  meta, feed, op, tok
-- ARGV  1 log  2 epoch  3 known revision  4 known nonce  5 nonce  6 feed length  7 token id
--       8 record (JSON)  9 effect (JSON)  10 revision of the last token change that was judged
-- OUT   NOLOG | FORK head | AGAIN head <what OK kept> '' | RETRY | OK head '' ''
local at = head()
if not at then return { 'NOLOG' } end
local done = redis.call('GET', KEYS[3])
if done then return { 'AGAIN', at, done, '' } end
if not isKnown(at, ARGV[1], ARGV[2], ARGV[3], ARGV[4]) then return { 'FORK', at } end
if (redis.call('HGET', KEYS[1], 'tokens') or '0') ~= ARGV[10] then return { 'RETRY' } end
redis.call('HLEN', KEYS[4])
local rev = append(at, ARGV[5], ARGV[6], ARGV[9], {})
redis.call('HSET', KEYS[4], ARGV[7], ARGV[8])
redis.call('HSET', KEYS[1], 'tokens', rev)
redis.call('SET', KEYS[3], cjson.encode({ e = at[2], r = rev, n = ARGV[5] }), 'EX', 120)
return { 'OK', { at[1], at[2], rev, ARGV[5] }, '', '' }
