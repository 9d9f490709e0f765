-- groups: groups with the groups that they are direct members of, in one snapshot.
-- KEYS  meta
-- ARGV  1 directory number  2 'after', an ordinal and how many, or 'only' and ordinals
-- OUT   NOLOG | OK head { <ordinal> <id line> <display line> <parents> }…
local at = head()
if not at then return { 'NOLOG' } end
local D = P .. ARGV[1] .. ':'
local wanted
if ARGV[2] == 'after' then
  wanted = redis.call('ZRANGEBYSCORE', D .. 'list:g', '(' .. ARGV[3], '+inf', 'LIMIT', 0, ARGV[4])
else
  wanted = { unpack(ARGV, 3) }
end
local found = {}
for _, ord in ipairs(wanted) do
  local record = redis.call('GET', D .. 'g:' .. ord)
  if record then
    local _, _, id, display = string.find(record, '^[^\n]*\n([^\n]*)\n[^\n]*\n[^\n]*\n([^\n]*)\n')
    found[#found + 1] = { ord, id, display, redis.call('SMEMBERS', D .. 'gp:' .. ord) }
  end
end
return { 'OK', at, found }
