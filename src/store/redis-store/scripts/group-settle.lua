-- group-settle: takes the group out of the sets of users, and off the lists of values, that named
-- it while an edit was prepared and are not in it now.
-- KEYS  meta
-- ARGV  1 directory number  2 group  3 edit  4 how many at most
-- OUT   NOLOG | LOST | OK head <number left>
local at = head()
if not at then return { 'NOLOG' } end
local D, group = P .. ARGV[1] .. ':', ARGV[2]
local lock = D .. 'big:' .. group
if redis.call('HGET', lock, 'edit') ~= ARGV[3] then return { 'LOST' } end
-- Taken off the lists last: a script that ends in an error halfway has forgotten nobody.
local users = redis.call('SRANDMEMBER', lock .. ':users', ARGV[4])
for _, user in ipairs(users) do
  if redis.call('SISMEMBER', D .. 'gm:' .. group, user) == 0 then
    redis.call('SREM', D .. 'ug:' .. user, group)
  end
end
local values = redis.call('SRANDMEMBER', lock .. ':values', ARGV[4])
for _, value in ipairs(values) do
  if redis.call('SISMEMBER', D .. 'pv:' .. group, value) == 0 then
    local key = D .. 'wait:' .. bucket(value)
    local groups = redis.call('HGET', key, value) or ','
    local rest = string.gsub(groups, ',' .. group .. ',', ',', 1)
    if rest == ',' then redis.call('HDEL', key, value) else redis.call('HSET', key, value, rest) end
  end
end
many('SREM', lock .. ':users', users)
many('SREM', lock .. ':values', values)
return { 'OK', at, redis.call('SCARD', lock .. ':users') + redis.call('SCARD', lock .. ':values') }
