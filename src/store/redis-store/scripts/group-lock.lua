-- group-lock: takes or gives up the right to change the members of a group in several steps.
-- While it is held, the members' side may name the group for users who are not in it (see
-- large-edit.ts), and no other edit of its members begins.
-- KEYS  meta
-- ARGV  1 directory number  2 group, '' = reserve an ordinal for a new one  3 edit  4 'take', 'free'
--       5 milliseconds after which a holder that shows no sign of life is taken for dead
-- OUT   NOLOG | OK head <group> | BUSY head | LEFT head <group> (by the dead: settle it first)
local at = head()
if not at then return { 'NOLOG' } end
local D = P .. ARGV[1] .. ':'
local group = ARGV[2]
if group == '' then group = tostring(redis.call('HINCRBY', D .. 'ctr', 'next:g', 1)) end
local lock = D .. 'big:' .. group
local holder, seen = unpack(redis.call('HMGET', lock, 'edit', 'seen'))
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if ARGV[4] == 'free' then
  local left = redis.call('SCARD', lock .. ':users') + redis.call('SCARD', lock .. ':values')
  if holder == ARGV[3] and left == 0 then
    redis.call('UNLINK', lock, lock .. ':next', lock .. ':wait', lock .. ':users', lock .. ':values',
      lock .. ':late', lock .. ':gone')
    redis.call('SREM', D .. 'loose', group)
  end
  return { 'OK', at, group }
end
if holder and holder ~= ARGV[3] then
  if now - tonumber(seen) < tonumber(ARGV[5]) then return { 'BUSY', at } end
  redis.call('HSET', lock, 'edit', ARGV[3], 'seen', string.format('%.0f', now))
  return { 'LEFT', at, group }
end
redis.call('HSET', lock, 'edit', ARGV[3], 'seen', string.format('%.0f', now))
redis.call('SADD', D .. 'loose', group)
redis.call('SUNIONSTORE', lock .. ':next', D .. 'gm:' .. group)
redis.call('SUNIONSTORE', lock .. ':wait', D .. 'pv:' .. group)
return { 'OK', at, group }
