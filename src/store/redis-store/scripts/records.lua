-- records: users or groups by ordinal, in one snapshot, as many as make a megabyte.
-- KEYS  meta
-- ARGV  1 directory number  2 u or g  3 'after', an ordinal and how many, or 'only' and ordinals
--       of users their direct groups come along
-- OUT   NOLOG | OK head <how many of those wanted it looked at>
--       { <ordinal> <record> <groups> }…
local at = head()
if not at then return { 'NOLOG' } end
local D = P .. ARGV[1] .. ':'
local kind = ARGV[2]
local wanted
if ARGV[3] == 'after' then
  wanted = redis.call('ZRANGEBYSCORE', D .. 'list:' .. kind, '(' .. ARGV[4], '+inf',
    'LIMIT', 0, ARGV[5])
else
  wanted = { unpack(ARGV, 4) }
end
local found, looked, size = {}, 0, 0
for _, ord in ipairs(wanted) do
  if size > 1000000 then break end
  looked = looked + 1
  local record = redis.call('GET', D .. kind .. ':' .. ord)
  if record then
    local groups = kind == 'u' and groupsOf(D, ord) or {}
    found[#found + 1] = { ord, record, groups }
    size = size + #record + 10 * #groups
  end
end
return { 'OK', at, looked, found }
