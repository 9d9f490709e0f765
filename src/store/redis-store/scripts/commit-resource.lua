-- commit-resource: one write to a user or group: state, indexes and log entry, or nothing.
-- KEYS  meta, feed, op
-- ARGV  1 plan (JSON, see commit-plan.ts)   2 document, '' = as it is
--       3… members: add-count, then value and bucket of each; remove-count, then the same;
--       where they were prepared by group-stage instead: 0, 0 and the users who change
-- OUT   NOLOG | FORK head | AGAIN head <what OK kept> <record now or ''> | EXISTS | MISSING
--       | VERSION | RETRY | BUSY | UNIQUE <attribute> | NOOP <ordinal> <record>
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
  ord = plan.ord or string.format('%.0f', (tonumber(counters[1]) or 0) + 1)
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
local lock = D .. 'big:' .. ord
if plan.big then
  if redis.call('HGET', lock, 'edit') ~= plan.big then return { 'RETRY' } end
  for _, child in ipairs(plan.groupsCome) do
    local fits = redis.call('STRLEN', D .. 'g:' .. child) > 0 or child == ord
    if fits and redis.call('SISMEMBER', sideOf.g .. child, ord) == 0 then
      come.g[#come.g + 1] = child
    end
  end
  for _, child in ipairs(plan.groupsGo) do
    if redis.call('SISMEMBER', sideOf.g .. child, ord) == 1 then go.g[#go.g + 1] = child end
  end
elseif isGroup and (plan.members or plan.op == 'delete')
  and redis.call('SISMEMBER', D .. 'loose', ord) == 1 then
  return { 'BUSY' }
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
-- Of those whose members are being edited in several steps, the edit is told.
local joins, leaves = {}, {}
local late, gone = {}, {}
local side = sideOf[K] .. ord
local inside = D .. (isGroup and 'gg:' or 'gm:')
local waitKey = D .. 'wait:' .. plan.idBucket
if plan.op == 'create' then
  redis.call('SCARD', side)
  local waiting = redis.call('HGET', waitKey, plan.id) or ''
  for group in string.gmatch(waiting, '%d+') do
    redis.call('SCARD', inside .. group)
    local waits = redis.call('SISMEMBER', D .. 'pv:' .. group, plan.id) == 1
    if waits then joins[#joins + 1] = group end
    if redis.call('SISMEMBER', D .. 'loose', group) == 1 then
      redis.call('HLEN', D .. 'big:' .. group .. ':late')
      late[#late + 1] = { group = group, waits = waits }
    end
  end
elseif plan.op == 'delete' then
  leaves = isGroup and redis.call('SMEMBERS', side) or groupsOf(D, ord)
  for _, group in ipairs(leaves) do redis.call('SCARD', inside .. group) end
  for _, group in ipairs(isGroup and {} or redis.call('SMEMBERS', side)) do
    if redis.call('SISMEMBER', D .. 'loose', group) == 1 then gone[#gone + 1] = group end
  end
  if plan.big then
    for _, member in ipairs(redis.call('SMEMBERS', gg)) do
      redis.call('SCARD', sideOf.g .. member)
      if member ~= ord then go.g[#go.g + 1] = member end
    end
  elseif isGroup then
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
-- What was prepared, less who has gone and with who has come meanwhile.
local next, wait = lock .. ':next', lock .. ':wait'
local lateUsers, lateValues = {}, {}
local sizes = { next = 0, gm = 0, wait = 0, pv = 0 }
if plan.big then
  local owners = redis.call('HGETALL', lock .. ':late')
  for i = 1, #owners, 2 do
    local kind, member = string.sub(owners[i + 1], 1, 1), string.sub(owners[i + 1], 2)
    if redis.call('SISMEMBER', wait, owners[i]) == 1 then
      lateValues[#lateValues + 1] = owners[i]
      if redis.call('STRLEN', D .. kind .. ':' .. member) > 0 then
        local isNew = redis.call('SISMEMBER', kind == 'u' and next or gg, member) == 0
        local list = kind == 'u' and lateUsers or come.g
        if isNew then list[#list + 1] = member end
      end
    end
  end
  redis.call('SMEMBERS', lock .. ':gone')
  sizes = { next = redis.call('SCARD', next), gm = redis.call('SCARD', gm),
    wait = redis.call('SCARD', wait), pv = redis.call('SCARD', pv) }
end
local edits = #come.u + #come.g + #go.u + #go.g + #waitCome + #waitGo
if plan.op == 'update' and not plan.rewritten and edits == 0 and not plan.big then return { 'NOOP', ord, record } end

-- 4. From here on everything is written.
local users, groups = come.u, come.g
for _, member in ipairs(go.u) do users[#users + 1] = member end
for _, member in ipairs(go.g) do groups[#groups + 1] = member end
local comeUsers, comeGroups = #users - #go.u, #groups - #go.g
-- Of a huge group that goes nobody is named: what names it names nothing then.
local named = users
if plan.big then
  named = plan.op == 'delete' and sizes.gm <= 5000 and redis.call('SMEMBERS', gm) or lateUsers
end
local changed = table.concat(named, ',')
if plan.big then changed = changed .. ',' .. ARGV[5] end
local rev = append(at, plan.nonce, plan.feedMax, plan.effect, { 'o', ord,
  'k', table.concat(keys, ','), 'u', changed, 'g', table.concat(groups, ',') })

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
local function replace(key, with, count)
  redis.call('UNLINK', key)
  if count > 0 then redis.call('RENAME', with, key) end
end
if plan.op ~= 'delete' then
  many('SADD', gg, split(groups, 1, comeGroups))
  many('SREM', gg, split(groups, comeGroups + 1, #groups))
end
if plan.big and plan.op == 'delete' then
  -- Who named it is told by `groupsOf` until they are settled.
  replace(lock .. ':users', gm, sizes.gm)
  replace(lock .. ':values', pv, sizes.pv)
  redis.call('UNLINK', gg)
elseif plan.big then
  sizes.next = sizes.next + many('SADD', next, lateUsers)
    - many('SREM', next, redis.call('SMEMBERS', lock .. ':gone'))
  sizes.wait = sizes.wait - many('SREM', wait, lateValues)
  replace(gm, next, sizes.next)
  replace(pv, wait, sizes.wait)
elseif plan.op == 'delete' and isGroup then
  redis.call('UNLINK', gm, gg, pv)
else
  many('SADD', gm, split(users, 1, comeUsers))
  many('SREM', gm, split(users, comeUsers + 1, #users))
  many('SADD', pv, waitCome)
  many('SREM', pv, waitGo)
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
for _, edit in ipairs(late) do
  local key = D .. 'big:' .. edit.group
  redis.call('HSET', key .. ':late', plan.id, K .. ord)
  if not isGroup and not edit.waits then
    redis.call('SADD', key .. ':users', ord)
    redis.call('SADD', side, edit.group)
  end
end
for _, group in ipairs(gone) do redis.call('SADD', D .. 'big:' .. group .. ':gone', ord) end
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
  local created, display, document = plan.created, plan.display, ARGV[2]
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
    if not plan.ord then redis.call('HSET', ctr, 'next:' .. K, ord) end
  end
end
local memberships = comeUsers + comeGroups - #go.u - #go.g + #joins - #leaves
local pending = #waitCome - #waitGo - #joins
if plan.big then
  local isGone = plan.op == 'delete'
  memberships = memberships + (isGone and 0 or sizes.next) - sizes.gm
  pending = pending + (isGone and 0 or sizes.wait) - sizes.pv
end
if memberships ~= 0 then redis.call('HINCRBY', ctr, 'memberships', memberships) end
if pending ~= 0 then redis.call('HINCRBY', ctr, 'pending', pending) end
if plan.active ~= 0 then redis.call('HINCRBY', ctr, 'active', plan.active) end
redis.call('HSET', ctr, 'lastRev', rev, 'lastWrite', plan.at)
redis.call('SET', KEYS[3], cjson.encode({ e = at[2], r = rev, n = plan.nonce, k = K,
  o = plan.op ~= 'delete' and ord or nil }), 'EX', 120)
return { 'OK', { at[1], at[2], rev, plan.nonce }, ord, now }
