-- shared: how far back a history that somebody knows is still this log's.
-- KEYS  meta, feed
-- ARGV  revision and nonce, again and again, newest first
-- OUT   NOLOG | OK head <newest revision that is shared, 0 = none that could be told>
local at = head()
if not at then return { 'NOLOG' } end
for i = 1, #ARGV, 2 do
  local nonce = ARGV[i] == at[3] and at[4]
  if not nonce then
    local entry = redis.call('XRANGE', KEYS[2], ARGV[i] .. '-0', ARGV[i] .. '-0')[1]
    nonce = entry and entry[2][2]
  end
  if nonce == ARGV[i + 1] then return { 'OK', at, ARGV[i] } end
end
return { 'OK', at, '0' }
