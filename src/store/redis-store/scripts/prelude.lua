-- What every script begins with.
--
-- KEYS[1] is always the meta hash: it leads the script to its node, and its absence means that this
-- server holds no log, which is never an empty directory. Further keys are derived here from the
-- numbers of directories and records; all have the hash tag of KEYS[1]. In a Cluster whose slot is
-- being moved, touching a key that has gone ahead is an error of its own; so a script that writes
-- reads every key first, and then nothing can stop it halfway.
local P = '{p0}:'

-- { 'NOLOG' } or { log, epoch, rev, nonce }.
local function head()
  local m = redis.call('HMGET', KEYS[1], 'log', 'epoch', 'rev', 'nonce')
  if not m[3] then return nil end
  return m
end

local function bucket(value)
  return math.floor(tonumber(string.sub(redis.sha1hex(value), 1, 4), 16) / 4)
end

-- The first line of a record: its revision.
local function revisionOf(record)
  return string.sub(record, 1, string.find(record, '\n', 1, true) - 1)
end

-- Calls a command with any number of arguments: Lua passes at most some thousands at once.
local function many(command, key, values)
  local done = 0
  for first = 1, #values, 4000 do
    done = done + redis.call(command, key, unpack(values, first, math.min(first + 3999, #values)))
  end
  return done
end

-- Direct groups of a user. While a group is being edited in several steps users may name it who
-- are not in it; the group's own set decides then.
local function groupsOf(D, user)
  local groups = redis.call('SMEMBERS', D .. 'ug:' .. user)
  if redis.call('SCARD', D .. 'loose') == 1 then return groups end
  local sure = {}
  for _, group in ipairs(groups) do
    if redis.call('SISMEMBER', D .. 'loose', group) == 0
      or redis.call('SISMEMBER', D .. 'gm:' .. group, user) == 1 then
      sure[#sure + 1] = group
    end
  end
  return sure
end

-- Whether the history that a writer knows is this one. A revision that was trimmed cannot be
-- compared, and is taken on trust: the log was followed that far by nobody alive.
local function isKnown(at, log, epoch, rev, nonce)
  if at[1] ~= log or at[2] ~= epoch or tonumber(rev) > tonumber(at[3]) then return false end
  if rev == at[3] then return nonce == at[4] end
  local known = redis.call('XRANGE', P .. 'feed', rev .. '-0', rev .. '-0')[1]
  return not known or known[2][2] == nonce
end

-- The log entry of a commit, and the head that it makes: the first thing that is written.
local function append(at, nonce, entries, effect, more)
  local rev = string.format('%.0f', tonumber(at[3]) + 1)
  redis.call('XADD', P .. 'feed', 'MAXLEN', '~', entries, rev .. '-0', 'n', nonce, 'p', at[4],
    'e', effect, unpack(more))
  redis.call('HSET', KEYS[1], 'rev', rev, 'nonce', nonce)
  return rev
end
