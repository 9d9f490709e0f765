-- ids: the id of each user or group, '' of one that is not there.
-- KEYS  meta
-- ARGV  1 directory number  2 u or g, then ordinals
-- OUT   NOLOG | OK head <ids>
local at = head()
if not at then return { 'NOLOG' } end
local D = P .. ARGV[1] .. ':' .. ARGV[2] .. ':'
local ids = {}
for i = 3, #ARGV do
  local key = D .. ARGV[i]
  local id = string.match(redis.call('GETRANGE', key, 0, 79), '^[^\n]*\n([^\n]*)\n')
    or string.match(redis.call('GETRANGE', key, 0, -1), '^[^\n]*\n([^\n]*)\n')
  ids[#ids + 1] = id or ''
end
return { 'OK', at, ids }
