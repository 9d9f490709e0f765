#!lua flags=allow-oom
-- heartbeat: writes how far a process has applied the log, and says where the log ends.
-- KEYS  lease of the process, pdp:ids
-- ARGV  1 process  2 epoch and revision that it has applied  3 milliseconds
-- OUT   log, epoch, rev, nonce and lease of meta; nil where it is missing
--
-- Allowed also while memory is full: a few bytes that replace others, without which every decision
-- would block. Meta is read without being declared, so that it takes no right to write it.
local meta = redis.call('HMGET', '{p0}:meta', 'log', 'epoch', 'rev', 'nonce', 'lease')
-- An empty server stays empty, so that nobody takes it for somebody else's.
if not meta[3] then return meta end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('SADD', KEYS[2], ARGV[1])
return meta
