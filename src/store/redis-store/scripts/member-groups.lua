-- member-groups: groups that have a direct member, pending ones included.
-- KEYS  meta
-- ARGV  1 directory number  2 member value  3 its bucket
-- OUT   NOLOG | OK head <groups>
local at = head()
if not at then return { 'NOLOG' } end
local D = P .. ARGV[1] .. ':'
local owner = redis.call('HGET', D .. 'id:' .. ARGV[3], ARGV[2])
if owner then
  local member = string.sub(owner, 2)
  if string.sub(owner, 1, 1) == 'g' then
    return { 'OK', at, redis.call('SMEMBERS', D .. 'gp:' .. member) }
  end
  return { 'OK', at, groupsOf(D, member) }
end
local groups = {}
for group in string.gmatch(redis.call('HGET', D .. 'wait:' .. ARGV[3], ARGV[2]) or '', '%d+') do
  if redis.call('SISMEMBER', D .. 'pv:' .. group, ARGV[2]) == 1 then groups[#groups + 1] = group end
end
return { 'OK', at, groups }
