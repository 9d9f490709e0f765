-- look: what an update or a delete is planned on.
-- KEYS  meta, op
-- ARGV  directory number, id, bucket of the id
-- OUT   NOLOG | AGAIN <what commit returned> <record now or ''> | NONE head
--       | FOUND head <owner> <record> <members, child groups aside>
local at = head()
if not at then return { 'NOLOG' } end
local D = P .. ARGV[1] .. ':'
local done = redis.call('GET', KEYS[2])
if done then
  local place = cjson.decode(done)
  local record = place.o and redis.call('GET', D .. place.k .. ':' .. place.o)
  return { 'AGAIN', at, done, record or '' }
end
local owner = redis.call('HGET', D .. 'id:' .. ARGV[3], ARGV[2])
if not owner then return { 'NONE', at } end
local record = redis.call('GET', D .. string.sub(owner, 1, 1) .. ':' .. string.sub(owner, 2))
-- An id that leads nowhere is damage, never absence.
if not record then return redis.error_reply('DAMAGED an id names no record') end
local ord = string.sub(owner, 2)
local members = string.sub(owner, 1, 1) == 'g'
  and redis.call('SCARD', D .. 'gm:' .. ord) + redis.call('SCARD', D .. 'pv:' .. ord) or 0
return { 'FOUND', at, owner, record, members }
