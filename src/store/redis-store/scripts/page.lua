-- page: ordinals of a page of all users or groups, by ordinal or by name.
-- KEYS  meta
-- ARGV  1 directory number  2 u or g  3 'all' | 'up' | 'down'  4 index of names, '' for all
--       5 what to go on behind: an ordinal, a name or ''  6 offset  7 how many
-- OUT   NOLOG | OK head <number of all> <ordinals>
local at = head()
if not at then return { 'NOLOG' } end
local D = P .. ARGV[1] .. ':'
local list, names = D .. 'list:' .. ARGV[2], D .. 'names:' .. ARGV[2]
local total = redis.call('ZCARD', list)
local behind, offset, count = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local ordinals = {}
if count == 0 or offset >= total then return { 'OK', at, total, ordinals } end
if ARGV[3] == 'all' then
  if behind == '' then ordinals = redis.call('ZRANGE', list, offset, offset + count - 1)
  else
    ordinals = redis.call('ZRANGEBYSCORE', list, '(' .. behind, '+inf', 'LIMIT', offset, count)
  end
else
  local found
  local way = ARGV[3] == 'up'
  if behind == '' then
    found = redis.call(way and 'ZRANGE' or 'ZREVRANGE', names, offset, offset + count - 1)
  elseif way then
    found = redis.call('ZRANGEBYLEX', names, '(' .. behind, '+', 'LIMIT', offset, count)
  else
    found = redis.call('ZREVRANGEBYLEX', names, '(' .. behind, '-', 'LIMIT', offset, count)
  end
  for _, name in ipairs(found) do
    ordinals[#ordinals + 1] = redis.call('HGET', D .. ARGV[4] .. ':' .. bucket(name), name)
  end
end
return { 'OK', at, total, ordinals }
