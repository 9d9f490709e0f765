-- barrier: how many processes may still decide from before a revision.
-- KEYS  meta, pdp:ids
-- ARGV  revision
-- OUT   NOLOG | OK head <count>
local at = head()
if not at then return { 'NOLOG' } end
local count = 0
for _, id in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  local applied = redis.call('GET', P .. 'pdp:l:' .. id)
  if not applied then
    redis.call('SREM', KEYS[2], id)
  else
    local epoch, revision = string.match(applied, '^(%d+) (%d+)$')
    if epoch ~= at[2] or tonumber(revision) < tonumber(ARGV[1]) then count = count + 1 end
  end
end
return { 'OK', at, count }
