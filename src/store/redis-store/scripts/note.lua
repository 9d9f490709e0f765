-- note: adds to the sync log of a directory; the oldest of each kind go. No revision, no log entry.
-- KEYS  meta
-- ARGV  1 directory number  2 dropped  3 when, or ''  4 refused  5 when, or ''  6 writes and
--       failures kept  7 reads kept, then 'w' or 'q' and an entry, again and again
-- OUT   NOLOG | OK head
local at = head()
if not at then return { 'NOLOG' } end
local D = P .. ARGV[1] .. ':'
local tally = D .. 'tally'
for i = 8, #ARGV, 2 do
  local number = redis.call('HINCRBY', tally, 'number', 1)
  redis.call('LPUSH', D .. 'sync:' .. ARGV[i], number .. '\n' .. ARGV[i + 1])
end
redis.call('LTRIM', D .. 'sync:w', 0, tonumber(ARGV[6]) - 1)
redis.call('LTRIM', D .. 'sync:q', 0, tonumber(ARGV[7]) - 1)
for i, field in ipairs({ 'dropped', 'refused' }) do
  local count, when = ARGV[2 * i], ARGV[2 * i + 1]
  if tonumber(count) > 0 then redis.call('HINCRBY', tally, field, count) end
  if when ~= '' then redis.call('HSET', tally, field .. 'At', when) end
end
return { 'OK', at }
