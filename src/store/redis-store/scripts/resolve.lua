-- resolve: one subject, in one snapshot.
-- KEYS  meta
-- ARGV  1 directory number  2 index key's end  3 field  4 'id' | 'one' | 'shared'
-- OUT   NOLOG | UNKNOWN head | AMBIGUOUS head | FOUND head <ordinal> <record> <direct groups>
local at = head()
if not at then return { 'NOLOG' } end
local D = P .. ARGV[1] .. ':'
local found = redis.call('HGET', D .. ARGV[2], ARGV[3])
if not found then return { 'UNKNOWN', at } end
local ord = found
if ARGV[4] == 'id' then
  if string.sub(found, 1, 1) ~= 'u' then return { 'UNKNOWN', at } end
  ord = string.sub(found, 2)
elseif ARGV[4] == 'shared' then
  ord = string.match(found, '^,(%d+),$')
  if not ord then return { 'AMBIGUOUS', at } end
end
local record = redis.call('GET', D .. 'u:' .. ord)
-- Never "unknown": an index that leads nowhere is damage.
if not record then return redis.error_reply('DAMAGED a name leads to no user') end
return { 'FOUND', at, ord, record, groupsOf(D, ord) }
