-- begin: begins a log in a database that holds nothing, makes directories known, each with a number
-- of its own, and says how long leases are.
-- KEYS  meta, dirs
-- ARGV  schema, log id, nonce, lease in ms, epoch, then directory and tenant, again and again
-- OUT   NOLOG <keys in the database> | MOVED <directory> <tenant it belongs to> | OK
local found, last = {}, redis.call('HLEN', KEYS[2])
if redis.call('EXISTS', KEYS[1]) == 0 and redis.call('DBSIZE') > 0 then
  return { 'NOLOG', redis.call('DBSIZE') }
end
for i = 6, #ARGV, 2 do
  local tenant = string.match(redis.call('HGET', KEYS[2], ARGV[i]) or '', '^%d+:(.*)$')
  if tenant and tenant ~= ARGV[i + 1] then return { 'MOVED', ARGV[i], tenant } end
  found[i] = tenant
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'schema', ARGV[1], 'log', ARGV[2], 'epoch', ARGV[5], 'rev', '0',
    'nonce', ARGV[3])
end
if redis.call('HGET', KEYS[1], 'lease') ~= ARGV[4] then
  redis.call('HSET', KEYS[1], 'lease', ARGV[4])
end
for i = 6, #ARGV, 2 do
  if not found[i] then
    last = last + 1
    redis.call('HSET', P .. last .. ':ctr', 'made', '1')
    redis.call('SADD', P .. last .. ':loose', '-')
    redis.call('HSET', KEYS[2], ARGV[i], last .. ':' .. ARGV[i + 1])
  end
end
return { 'OK' }
