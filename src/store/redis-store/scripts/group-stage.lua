-- group-stage: one slice of a large edit: prepares what the commit will put in place at once.
-- KEYS  meta
-- ARGV  1 directory number  2 group  3 edit
--       4… number of users who come and their ordinals, of users who go and theirs,
--          number of values that begin to wait, and value and bucket of each, that end to, likewise
-- OUT   NOLOG | LOST (the lock) | OK head
local at = head()
if not at then return { 'NOLOG' } end
local D, group = P .. ARGV[1] .. ':', ARGV[2]
local lock = D .. 'big:' .. group
if redis.call('HGET', lock, 'edit') ~= ARGV[3] then return { 'LOST' } end
local time = redis.call('TIME')
redis.call('HSET', lock, 'seen', time[1] * 1000 + math.floor(time[2] / 1000))
local index = 4
local function take(step)
  local list = {}
  local count = tonumber(ARGV[index])
  for i = 1, count do list[i] = { ARGV[index + 1 + (i - 1) * step], ARGV[index + i * step] } end
  index = index + 1 + count * step
  return list
end
local come, go, begin, stop = take(1), take(1), take(2), take(2)
for _, user in ipairs(come) do
  -- Who has been deleted since is left out.
  if redis.call('EXISTS', D .. 'u:' .. user[1]) == 1 then
    redis.call('SADD', lock .. ':users', user[1])
    redis.call('SADD', D .. 'ug:' .. user[1], group)
    redis.call('SADD', lock .. ':next', user[1])
  end
end
for _, user in ipairs(go) do
  redis.call('SADD', lock .. ':users', user[1])
  redis.call('SREM', lock .. ':next', user[1])
end
for _, value in ipairs(begin) do
  local owner = redis.call('HGET', D .. 'id:' .. value[2], value[1])
  if owner and string.sub(owner, 1, 1) == 'u' then
    local user = string.sub(owner, 2)
    redis.call('SADD', lock .. ':users', user)
    redis.call('SADD', D .. 'ug:' .. user, group)
    redis.call('SADD', lock .. ':next', user)
  elseif owner then
    redis.call('HSET', lock .. ':late', value[1], owner)
    redis.call('SADD', lock .. ':wait', value[1])
  else
    local key = D .. 'wait:' .. value[2]
    local groups = redis.call('HGET', key, value[1]) or ','
    if not string.find(groups, ',' .. group .. ',', 1, true) then
      redis.call('HSET', key, value[1], groups .. group .. ',')
    end
    redis.call('SADD', lock .. ':values', value[1])
    redis.call('SADD', lock .. ':wait', value[1])
  end
end
for _, value in ipairs(stop) do
  redis.call('SADD', lock .. ':values', value[1])
  redis.call('SREM', lock .. ':wait', value[1])
end
return { 'OK', at }
