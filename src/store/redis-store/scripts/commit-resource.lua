-- commit-resource: one write to a user or group: state, indexes and log entry, or nothing.
-- KEYS  meta, feed, op
-- ARGV  1 plan (JSON, see commit-plan.ts)   2 document, '' = as it is
--       3… members: add-count, then value and bucket of each; remove-count, then the same
-- OUT   NOLOG | FORK head | AGAIN head <what OK kept> <record now or ''> | EXISTS | MISSING
--       | VERSION | RETRY | UNIQUE <attribute> | NOOP <ordinal> <record>
--       | OK head <ordinal> <record, '' after a delete>
--
-- Everything is read and judged before XADD, which is the first write: what can be refused at run
-- time (memory, disk, a replica) is refused there, since a script is never rolled back.
local at = head()
if not at then return { 'NOLOG' } end
local plan = cjson.decode(ARGV[1])
local D = P .. plan.d .. ':'
local K = plan.k
local done = redis.call('GET', KEYS[3])
if done then
  local place = cjson.decode(done)
  local record = place.o and redis.call('GET', D .. place.k .. ':' .. place.o)
  return { 'AGAIN', at, done, record or '' }
end

-- 1. The history that the writer knows is this one.
if not isKnown(at, plan.log, plan.epoch, plan.knownRev, plan.knownNonce) then
  return { 'FORK', at }
end

-- 2. The resource is what the plan was made on.
local idKey = D .. 'id:' .. plan.idBucket
local owner = redis.call('HGET', idKey, plan.id)
local ctr = D .. 'ctr'
local counters = redis.call('HMGET', ctr, 'next:' .. K, 'memberships', 'pending')
if not redis.call('HGET', ctr, 'made') then return { 'MISSING' } end
local ord, record
if plan.op == 'create' then
  if owner then return { 'EXISTS' } end
  ord = string.format('%.0f', (tonumber(counters[1]) or 0) + 1)
else
  if not owner then return { 'MISSING' } end
  if owner ~= K .. plan.ord then return { 'RETRY' } end
  ord = plan.ord
  record = redis.call('GET', D .. K .. ':' .. ord)
  local version = revisionOf(record)
  if plan.ifMatch and plan.ifMatch ~= version then return { 'VERSION' } end
  if plan.expect and plan.expect ~= version then return { 'RETRY' } end
end
local recordKey = D .. K .. ':' .. ord
redis.call('STRLEN', recordKey)
local listKey, namesKey = D .. 'list:' .. K, D .. 'names:' .. K
redis.call('ZSCORE', listKey, ord)
redis.call('ZCARD', namesKey)
for _, term in ipairs(plan.gained) do
  local holder = redis.call('HGET', D .. term.key, term.field)
  if term.unique and holder and holder ~= ord then return { 'UNIQUE', term.attribute } end
end
local keys = plan.keys
local sharers = {}
for i, term in ipairs(plan.lost) do
  local holder = redis.call('HGET', D .. term.key, term.field)
  if not term.unique then
    local rest = string.gsub(holder or '', ',' .. ord .. ',', ',', 1)
    sharers[i] = rest
    if rest ~= ',' and rest ~= '' and term.hash then keys[#keys + 1] = term.hash end
  end
end

-- 3. Memberships: who really comes and goes. Of a member's side the set of its groups is read,
-- which tells whether it is one, and that the key can be written.
local gm, gg, pv = D .. 'gm:' .. ord, D .. 'gg:' .. ord, D .. 'pv:' .. ord
local sideOf = { u = D .. 'ug:', g = D .. 'gp:' }
local come = { u = {}, g = {} }
local go = { u = {}, g = {} }
local waitCome, waitGo = {}, {}
local waits = {}
local function waitingAt(bucketNumber, value)
  local key = D .. 'wait:' .. bucketNumber
  waits[value] = { key = key, groups = redis.call('HGET', key, value) or ',' }
end
local function findOwner(value, bucketNumber)
  if plan.op == 'create' and value == plan.id then return K .. ord end
  return redis.call('HGET', D .. 'id:' .. bucketNumber, value)
end
local function judge(value, bucketNumber, adding)
  local who = findOwner(value, bucketNumber)
  if not who then
    if (redis.call('SISMEMBER', pv, value) == 0) == adding then
      local list = adding and waitCome or waitGo
      list[#list + 1] = value
      waitingAt(bucketNumber, value)
    end
    return nil
  end
  local kind, member = string.sub(who, 1, 1), string.sub(who, 2)
  if (redis.call('SISMEMBER', sideOf[kind] .. member, ord) == 0) == adding then
    local list = adding and come[kind] or go[kind]
    list[#list + 1] = member
  end
  return who
end
local isGroup = K == 'g'
if isGroup then
  redis.call('SCARD', gm)
  redis.call('SCARD', gg)
  redis.call('SCARD', pv)
end
if isGroup and plan.members then
  local wantedOwners, wantedValues = {}, {}
  local index = 4
  for _ = 1, tonumber(ARGV[3]) do
    local value = ARGV[index]
    local who = judge(value, ARGV[index + 1], true)
    if who then wantedOwners[who] = true else wantedValues[value] = true end
    index = index + 2
  end
  local removes = tonumber(ARGV[index])
  index = index + 1
  for _ = 1, removes do
    judge(ARGV[index], ARGV[index + 1], false)
    index = index + 2
  end
  if plan.members == 'replace' then
    for kind, key in pairs({ u = gm, g = gg }) do
      for _, member in ipairs(redis.call('SMEMBERS', key)) do
        if not wantedOwners[kind .. member] then
          redis.call('SCARD', sideOf[kind] .. member)
          go[kind][#go[kind] + 1] = member
        end
      end
    end
    for _, value in ipairs(redis.call('SMEMBERS', pv)) do
      if not wantedValues[value] then
        waitGo[#waitGo + 1] = value
        waitingAt(bucket(value), value)
      end
    end
  end
end
-- Groups that have waited for a newcomer, and those that one who goes was in.
local joins, leaves = {}, {}
local side = sideOf[K] .. ord
local inside = D .. (isGroup and 'gg:' or 'gm:')
local waitKey = D .. 'wait:' .. plan.idBucket
if plan.op == 'create' then
  redis.call('SCARD', side)
  local waiting = redis.call('HGET', waitKey, plan.id) or ''
  for group in string.gmatch(waiting, '%d+') do
    redis.call('SCARD', inside .. group)
    if redis.call('SISMEMBER', D .. 'pv:' .. group, plan.id) == 1 then joins[#joins + 1] = group end
  end
elseif plan.op == 'delete' then
  leaves = redis.call('SMEMBERS', side)
  for _, group in ipairs(leaves) do redis.call('SCARD', inside .. group) end
  if isGroup then
    for kind, key in pairs({ u = gm, g = gg }) do
      for _, member in ipairs(redis.call('SMEMBERS', key)) do
        redis.call('SCARD', sideOf[kind] .. member)
        -- A group that is in itself leaves once.
        if kind == 'u' or member ~= ord then go[kind][#go[kind] + 1] = member end
      end
    end
    waitGo = redis.call('SMEMBERS', pv)
    for _, value in ipairs(waitGo) do waitingAt(bucket(value), value) end
  end
end
local edits = #come.u + #come.g + #go.u + #go.g + #waitCome + #waitGo
if plan.op == 'update' and not plan.rewritten and edits == 0 then return { 'NOOP', ord, record } end

-- 4. From here on everything is written.
local users, groups = come.u, come.g
for _, member in ipairs(go.u) do users[#users + 1] = member end
for _, member in ipairs(go.g) do groups[#groups + 1] = member end
local comeUsers, comeGroups = #users - #go.u, #groups - #go.g
local rev = append(at, plan.nonce, plan.feedMax, plan.effect, { 'o', ord,
  'k', table.concat(keys, ','), 'u', table.concat(users, ','), 'g', table.concat(groups, ',') })

for i, term in ipairs(plan.lost) do
  local rest = sharers[i]
  if term.unique or rest == ',' or rest == '' then redis.call('HDEL', D .. term.key, term.field)
  else redis.call('HSET', D .. term.key, term.field, rest) end
  if term.sorted then redis.call('ZREM', namesKey, term.field) end
end
for _, term in ipairs(plan.gained) do
  if term.unique then redis.call('HSET', D .. term.key, term.field, ord)
  else
    local others = redis.call('HGET', D .. term.key, term.field) or ','
    redis.call('HSET', D .. term.key, term.field, others .. ord .. ',')
  end
  if term.sorted then redis.call('ZADD', namesKey, 0, term.field) end
end

for i, member in ipairs(users) do
  redis.call(i <= comeUsers and 'SADD' or 'SREM', sideOf.u .. member, ord)
end
for i, member in ipairs(groups) do
  redis.call(i <= comeGroups and 'SADD' or 'SREM', sideOf.g .. member, ord)
end
local function split(list, from, to)
  local part = {}
  for i = from, to do part[#part + 1] = list[i] end
  return part
end
if plan.op ~= 'delete' then
  many('SADD', gm, split(users, 1, comeUsers))
  many('SREM', gm, split(users, comeUsers + 1, #users))
  many('SADD', gg, split(groups, 1, comeGroups))
  many('SREM', gg, split(groups, comeGroups + 1, #groups))
  many('SADD', pv, waitCome)
  many('SREM', pv, waitGo)
elseif isGroup then
  redis.call('UNLINK', gm, gg, pv)
end
for _, value in ipairs(waitCome) do
  redis.call('HSET', waits[value].key, value, waits[value].groups .. ord .. ',')
end
for _, value in ipairs(waitGo) do
  local rest = string.gsub(waits[value].groups, ',' .. ord .. ',', ',', 1)
  if rest == ',' then redis.call('HDEL', waits[value].key, value)
  else redis.call('HSET', waits[value].key, value, rest) end
end
for _, group in ipairs(joins) do
  redis.call('SREM', D .. 'pv:' .. group, plan.id)
  redis.call('SADD', inside .. group, ord)
  redis.call('SADD', side, group)
end
if plan.op == 'create' then redis.call('HDEL', waitKey, plan.id) end
for _, group in ipairs(leaves) do
  redis.call('SREM', inside .. group, ord)
end

local now = ''
if plan.op == 'delete' then
  redis.call('UNLINK', recordKey, side)
  redis.call('HDEL', idKey, plan.id)
  redis.call('ZREM', listKey, ord)
else
  local created, display, document = plan.at, plan.display, ARGV[2]
  if record then
    local made, shown, body = string.match(record,
      '^[^\n]*\n[^\n]*\n([^\n]*)\n[^\n]*\n([^\n]*)\n(.*)$')
    created = made
    if document == '' then display, document = shown, body end
  end
  now = table.concat({ rev, plan.line, created, plan.at, display, document }, '\n')
  redis.call('SET', recordKey, now)
  if plan.op == 'create' then
    redis.call('HSET', idKey, plan.id, K .. ord)
    redis.call('ZADD', listKey, ord, ord)
    redis.call('HSET', ctr, 'next:' .. K, ord)
  end
end
local memberships = comeUsers + comeGroups - #go.u - #go.g + #joins - #leaves
local pending = #waitCome - #waitGo - #joins
if memberships ~= 0 then redis.call('HINCRBY', ctr, 'memberships', memberships) end
if pending ~= 0 then redis.call('HINCRBY', ctr, 'pending', pending) end
if plan.active ~= 0 then redis.call('HINCRBY', ctr, 'active', plan.active) end
redis.call('HSET', ctr, 'lastRev', rev, 'lastWrite', plan.at)
redis.call('SET', KEYS[3], cjson.encode({ e = at[2], r = rev, n = plan.nonce, k = K,
  o = plan.op ~= 'delete' and ord or nil }), 'EX', 120)
return { 'OK', { at[1], at[2], rev, plan.nonce }, ord, now }
