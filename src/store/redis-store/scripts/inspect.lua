-- inspect: what this database holds.
-- KEYS  meta, dirs
-- ARGV  schema that the caller reads
-- OUT   NOLOG <keys in the database> | SCHEMA <number> | LOG head <lease> <directories, flat>
local schema = redis.call('HGET', KEYS[1], 'schema')
if not schema then return { 'NOLOG', redis.call('DBSIZE') } end
if tonumber(schema) ~= tonumber(ARGV[1]) then return { 'SCHEMA', schema } end
return { 'LOG', head(), redis.call('HGET', KEYS[1], 'lease'), redis.call('HGETALL', KEYS[2]) }
