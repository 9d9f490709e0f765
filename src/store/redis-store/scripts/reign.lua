-- reign: for how long this server has been the primary, as far as anybody has noticed.
-- KEYS  meta
-- ARGV  run id and replication id of the server
-- OUT   NOLOG | OK head <milliseconds>
local at = head()
if not at then return { 'NOLOG' } end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local known = redis.call('HMGET', KEYS[1], 'reign', 'reign-since')
-- Nobody can have had a lease on a log before it was begun.
local since = known[1] and now or 0
if known[1] == ARGV[1] then since = tonumber(known[2])
else redis.call('HSET', KEYS[1], 'reign', ARGV[1], 'reign-since', string.format('%.0f', since)) end
return { 'OK', at, math.max(0, now - since) }
