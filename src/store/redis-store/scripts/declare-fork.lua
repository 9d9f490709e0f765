-- declare-fork: ends an epoch whose newest entries were lost, unless another process just did.
-- KEYS  meta
-- ARGV  1 epoch that was known  2 newest revision of it that is still here
-- OUT   NOLOG | OK head
local at = head()
if not at then return { 'NOLOG' } end
if tonumber(at[2]) <= tonumber(ARGV[1]) then
  local epoch = string.format('%.0f', tonumber(ARGV[1]) + 1)
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'fork:' .. ARGV[1], ARGV[2])
end
return { 'OK', head() }
