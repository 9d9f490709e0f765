-- owners: what each id names.
-- KEYS  meta
-- ARGV  1 directory number, then id and bucket, again and again
-- OUT   NOLOG | OK head <u or g and an ordinal, or '', of each>
local at = head()
if not at then return { 'NOLOG' } end
local D = P .. ARGV[1] .. ':id:'
local owners = {}
for i = 2, #ARGV, 2 do
  owners[#owners + 1] = redis.call('HGET', D .. ARGV[i + 1], ARGV[i]) or ''
end
return { 'OK', at, owners }
