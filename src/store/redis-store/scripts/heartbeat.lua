#!lua flags=allow-oom
-- heartbeat: writes how far a process has applied the log, and says where the log ends.
-- KEYS  lease of the process, pdp:ids
-- ARGV  1 process  2 epoch and revision that it has applied  3 milliseconds
--       4 '0' if that has not changed since its last heartbeat
-- OUT   log, epoch, rev, nonce and lease of meta, nil where it is missing; then '1' if the lease was
--       renewed: only then may the process take it that it was
--
-- Who is behind and has not moved since last time is not renewed: a process that cannot follow the
-- log any more would otherwise hold up every write for as long as its heart beats.
--
-- Allowed also while memory is full: a few bytes that replace others, without which every decision
-- would block. Meta is read without being declared, so that it takes no right to write it.
local meta = redis.call('HMGET', '{p0}:meta', 'log', 'epoch', 'rev', 'nonce', 'lease')
-- An empty server stays empty, so that nobody takes it for somebody else's.
if not meta[3] then return meta end
local isBehind = ARGV[2] ~= meta[2] .. ' ' .. meta[3]
if isBehind and ARGV[4] == '0' then return meta end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('SADD', KEYS[2], ARGV[1])
meta[6] = '1'
return meta
