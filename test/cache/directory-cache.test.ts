import { expect, test } from 'vitest'
import { F, T } from '../../src/directory/three-values.ts'
import { toToken } from '../../src/store/position.ts'
import type { SubjectKey } from '../../src/store/store.ts'
import { cacheOver, caughtUp, named } from '../support/cache-fixture.ts'
import {
  addMembers,
  committed,
  entra,
  group,
  okta,
  remove,
  removeMembers,
  rewrite,
  storedBy,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'

test('a user is read once and then remembered, with the attributes that policies read', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  await committed(store, user('ann@acme.example', { title: 'Clerk', nickName: 'A' }))
  await cache.lookUp(named('ann@acme.example'))
  const ann = cache.remembered(named('ann@acme.example'))
  expect(ann).toMatchObject({ active: true, attributes: { title: 'Clerk' } })
  expect(Object.keys(ann?.attributes ?? {}).sort()).toEqual(['id', 'title'])
})

test('many who ask for one cold user at once cause one read', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  await committed(store, user('ann@acme.example'))
  const asked = Array.from({ length: 100 }, () => cache.lookUp(named('ann@acme.example')))
  expect(new Set(asked).size).toBe(1)
  expect(await asked[0]).toMatchObject({ kind: 'known' })
})

test('an unknown user is unknown, and one whose store is away is unavailable', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  expect(await cache.lookUp(named('nobody@acme.example'))).toMatchObject({ kind: 'unknown' })
  const cause = new Error('cut')
  store.resolve = async () => ({ kind: 'unavailable', cause })
  expect(await cache.lookUp(named('ann@acme.example'))).toEqual({ kind: 'unavailable', cause })
})

test('a deactivated user is inactive in memory without being read again', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  const ann = await storedBy(store, user('ann@acme.example'))
  await cache.lookUp(named('ann@acme.example'))
  await committed(store, rewrite('users', ann.id, { userName: 'ann@acme.example', active: false }))
  await caughtUp(store, cache)
  expect(cache.remembered(named('ann@acme.example'))?.active).toBe(false)
})

test('a changed user leaves memory, and so does every name it was asked by', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  const ann = await storedBy(store, user('ann@acme.example', { externalId: 'x1' }))
  const byExternalId: SubjectKey = { directory: entra, kind: 'externalId', value: 'x1' }
  await cache.lookUp(named('ann@acme.example'))
  await cache.lookUp(byExternalId)
  await committed(store, rewrite('users', ann.id, { userName: 'ann2@acme.example', active: true }))
  await caughtUp(store, cache)
  expect(cache.remembered(named('ann@acme.example'))).toBeUndefined()
  expect(cache.remembered(byExternalId)).toBeUndefined()
  expect(await cache.lookUp(named('ann@acme.example'))).toMatchObject({ kind: 'unknown' })
})

test('an externalId that gets a second owner is ambiguous, even while remembered', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  await committed(store, user('ann@acme.example', { externalId: 'x1' }))
  const key: SubjectKey = { directory: entra, kind: 'externalId', value: 'x1' }
  expect(await cache.lookUp(key)).toMatchObject({ kind: 'known' })
  await committed(store, user('bob@acme.example', { externalId: 'x1' }))
  await caughtUp(store, cache)
  expect(cache.remembered(key)).toBeUndefined()
  expect(await cache.lookUp(key)).toMatchObject({ kind: 'ambiguous' })
})

test('of a group of thousands, everybody who was remembered is read anew', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  const ann = await storedBy(store, user('ann@acme.example', { externalId: 'x1' }))
  await storedBy(store, user('bob@acme.example'))
  await cache.lookUp(named('ann@acme.example'))
  await cache.lookUp(named('bob@acme.example'))
  const others = await Promise.all(
    Array.from({ length: 1_500 }, (_, number) => storedBy(store, user(`user${number}`))),
  )
  const staff = await storedBy(store, group('Staff', [ann.id, ...others.map(({ id }) => id)]))
  await caughtUp(store, cache)

  expect(cache.remembered(named('ann@acme.example'))).toBeUndefined()
  expect(cache.remembered(named('bob@acme.example'))).toBeDefined()
  expect(cache.statistics.principals).toBe(1)
  const again = await cache.lookUp(named('ann@acme.example'))
  expect(again).toMatchObject({ principal: { groups: [staff.ordinal] } })
  expect(cache.remembered(named('ann@acme.example'))?.groups).toEqual([staff.ordinal])
  expect(cache.statistics.principals).toBe(2)
})

test('membership follows adds, removals and the deletion of the group', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  const ann = await storedBy(store, user('ann@acme.example'))
  const finance = await storedBy(store, group('Finance'))
  const holds = async () => {
    await caughtUp(store, cache)
    const found = await cache.lookUp(named('ann@acme.example'))
    if (found.kind !== 'known') throw new Error(found.kind)
    const graph = cache.groupsOf(entra)
    return graph.hasName(graph.effective(found.principal.groups), 'finance')
  }
  const steps = [await holds()]
  await committed(store, addMembers(finance.id, ann.id))
  steps.push(await holds())
  await committed(store, removeMembers(finance.id, ann.id))
  steps.push(await holds())
  await committed(store, addMembers(finance.id, ann.id))
  steps.push(await holds())
  await committed(store, remove('groups', finance.id))
  steps.push(await holds())
  expect(steps).toEqual([F, T, F, T, F])
})

test('a member of a nested group is a member of the outer one, and a rename keeps it', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  const ann = await storedBy(store, user('ann@acme.example'))
  const inner = await storedBy(store, group('Payroll clerks', [ann.id]))
  const outer = await storedBy(store, group('Finance', [inner.id]))
  await committed(store, rewrite('groups', outer.id, { displayName: 'Money' }))
  await caughtUp(store, cache)
  const found = await cache.lookUp(named('ann@acme.example'))
  if (found.kind !== 'known') throw new Error(found.kind)
  const graph = cache.groupsOf(entra)
  const groups = graph.effective(found.principal.groups)
  expect(['payroll clerks', 'money', 'finance'].map((name) => graph.hasName(groups, name))).toEqual(
    [T, T, F],
  )
})

test('a directory that no identity provider ever wrote to is told from an empty one', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  const ann = await storedBy(store, user('ann@acme.example'))
  await committed(store, remove('users', ann.id))
  await caughtUp(store, cache)
  expect([cache.stateOf(entra), cache.stateOf(okta)]).toEqual(['ready', 'never-written'])
})

test('a revision token is reached, not yet reached, lost or none of ours', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  await committed(store, user('ann@acme.example'))
  await caughtUp(store, cache)
  const at = cache.applied
  expect(cache.reached(cache.revisionToken)).toBe('reached')
  expect(cache.reached(toToken({ ...at, revision: at.revision + 1 }))).toBe('not-yet')
  expect(cache.reached(toToken({ ...at, nonce: 'ffffffffffffffff' }))).toBe('lost')
  expect(cache.reached(toToken({ ...at, epoch: at.epoch + 1 }))).toBe('not-yet')
  expect(cache.reached(toToken({ ...at, epoch: at.epoch - 1 }))).toBe('lost')
  expect(cache.reached('yesterday')).toBe('malformed')
})

test('a store whose history is not ours makes memory start anew', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user('ann@acme.example'))
  await using cache = await cacheOver(store)
  await cache.lookUp(named('ann@acme.example'))
  const readLog = store.readLog.bind(store)
  let forked = false
  store.readLog = async (...given) => {
    const slice = await readLog(...given)
    if (forked) return slice
    forked = true
    return { entries: [], head: { ...slice.head, nonce: 'ffffffffffffffff' } }
  }
  await committed(store, user('bob@acme.example'))
  while (!forked || !cache.loaded) await cache.nextApplied(100)
  await caughtUp(store, cache)
  expect(cache.remembered(named('ann@acme.example'))).toBeUndefined()
  expect(await cache.lookUp(named('ann@acme.example'))).toMatchObject({ kind: 'known' })
})

test('a name given away with the deactivation of its owner finds whoever has it next', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  const ann = await storedBy(store, user('ann@acme.example'))
  await cache.lookUp(named('ann@acme.example'))
  await committed(store, rewrite('users', ann.id, { userName: 'gone@acme.example', active: false }))
  await caughtUp(store, cache)
  expect(cache.remembered(named('ann@acme.example'))).toBeUndefined()
  await committed(store, user('ann@acme.example', { title: 'Clerk' }))
  await caughtUp(store, cache)
  await cache.lookUp(named('ann@acme.example'))
  const next = cache.remembered(named('ann@acme.example'))
  expect(next).toMatchObject({ active: true, attributes: { title: 'Clerk' } })
})
