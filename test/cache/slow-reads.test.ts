import { expect, test } from 'vitest'
import { Fills } from '../../src/cache/fills.ts'
import { toToken } from '../../src/store/position.ts'
import type { Store, SubjectKey } from '../../src/store/store.ts'
import { cacheOver, caughtUp, named } from '../support/cache-fixture.ts'
import {
  committed,
  entra,
  rewrite,
  storedBy,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'

/** Holds up the answer to the first `resolve`: the read has happened and is on its way. */
function holdFirstRead(store: Store) {
  const resolve = store.resolve.bind(store)
  const gate = Promise.withResolvers<void>()
  const held = { reads: 0, letGo: () => gate.resolve() }
  store.resolve = async (key) => {
    const found = await resolve(key)
    if (held.reads++ === 0) await gate.promise
    return found
  }
  return held
}

const byX1: SubjectKey = { directory: entra, kind: 'externalId', value: 'x1' }

test('a slow read never buries a newer revocation', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const ann = await storedBy(store, user('ann@acme.example'))
  await using cache = await cacheOver(store)
  const held = holdFirstRead(store)
  const asked = cache.lookUp(named('ann@acme.example'))
  await committed(store, rewrite('users', ann.id, { userName: 'ann@acme.example', active: false }))
  await caughtUp(store, cache)
  held.letGo()
  expect(await asked).toMatchObject({ kind: 'known', principal: { active: false } })
  expect(held.reads).toBe(2)
})

test('an externalId that gets a second owner during a slow read is ambiguous', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user('ann@acme.example', { externalId: 'x1' }))
  await using cache = await cacheOver(store)
  const held = holdFirstRead(store)
  const asked = cache.lookUp(byX1)
  await committed(store, user('bob@acme.example', { externalId: 'x1' }))
  await caughtUp(store, cache)
  held.letGo()
  expect(await asked).toMatchObject({ kind: 'ambiguous' })
  expect(cache.remembered(byX1)).toBeUndefined()
})

test('an externalId that loses its second owner during a slow read names the other', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user('ann@acme.example', { externalId: 'x1' }))
  const bob = await storedBy(store, user('bob@acme.example', { externalId: 'x1' }))
  await using cache = await cacheOver(store)
  const held = holdFirstRead(store)
  const asked = cache.lookUp(byX1)
  await committed(store, rewrite('users', bob.id, { userName: 'bob@acme.example', active: true }))
  await caughtUp(store, cache)
  held.letGo()
  expect(await asked).toMatchObject({ kind: 'known' })
})

test('somebody who arrives during a slow read that did not find them is found', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  const held = holdFirstRead(store)
  const asked = cache.lookUp(named('ann@acme.example'))
  await committed(store, user('ann@acme.example'))
  await caughtUp(store, cache)
  held.letGo()
  expect(await asked).toMatchObject({ kind: 'known' })
})

test('a slow read that was under way while memory was read anew is made again', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const ann = await storedBy(store, user('ann@acme.example'))
  await using cache = await cacheOver(store)
  const held = holdFirstRead(store)
  const asked = cache.lookUp(named('ann@acme.example'))
  // The entry that turns ann off is not handed on: memory starts again and is past it then.
  const readLog = store.readLog.bind(store)
  let dropped = false
  store.readLog = async (...given) => {
    const slice = await readLog(...given)
    if (dropped || slice.entries.length === 0) return slice
    dropped = true
    return { ...slice, entries: [] }
  }
  // Whatever waits for news already waits for the real log: one entry goes there first.
  await committed(store, user('first@acme.example'))
  await committed(store, rewrite('users', ann.id, { userName: 'ann@acme.example', active: false }))
  while (!dropped || !cache.loaded) await cache.nextApplied(100)
  await caughtUp(store, cache)
  held.letGo()
  expect(await asked).toMatchObject({ kind: 'known', principal: { active: false } })
  expect(cache.remembered(named('ann@acme.example'))).toMatchObject({ active: false })
})

test('what was read ahead of the log waits until the log has caught up', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  const readLog = store.readLog.bind(store)
  const gate = Promise.withResolvers<void>()
  store.readLog = async (...given) => {
    await gate.promise
    return await readLog(...given)
  }
  await cache.nextApplied(0)
  const made = await committed(store, user('ann@acme.example'))
  const asked = cache.lookUp(named('ann@acme.example'))
  gate.resolve()
  await asked
  expect(cache.applied.revision).toBeGreaterThanOrEqual(made.position.revision)
})

test('a thousand who ask for one name at once cost one read', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user('ann@acme.example'))
  await using cache = await cacheOver(store)
  const held = holdFirstRead(store)
  const asked = Array.from({ length: 1000 }, () => cache.lookUp(named('ann@acme.example')))
  held.letGo()
  const kinds = new Set((await Promise.all(asked)).map(({ kind }) => kind))
  expect([[...kinds], held.reads]).toEqual([['known'], 1])
})

test('a read that fails poisons nobody who asks after it', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user('ann@acme.example'))
  await using cache = await cacheOver(store)
  const resolve = store.resolve.bind(store)
  let failures = 1
  store.resolve = async (key) =>
    failures-- > 0 ? { kind: 'unavailable', cause: new Error('cut') } : resolve(key)
  expect(await cache.lookUp(named('ann@acme.example'))).toMatchObject({ kind: 'unavailable' })
  expect(await cache.lookUp(named('ann@acme.example'))).toMatchObject({ kind: 'known' })
})

test('what memory says of a name holds until anything is applied', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using cache = await cacheOver(store)
  const found = await cache.lookUp(named('ann@acme.example'))
  if (found.kind !== 'unknown') throw new Error(found.kind)
  const same = found.asOf === cache.applied
  await committed(store, user('bob@acme.example'))
  await caughtUp(store, cache)
  expect([same, found.asOf === cache.applied]).toEqual([true, false])
  expect(toToken(found.asOf)).not.toBe(cache.revisionToken)
})

test('a slow read is made again when more users changed than one would remember', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const ann = await storedBy(store, user('ann@acme.example'))
  const held = holdFirstRead(store)
  const applied = await store.position()
  const inserted: number[] = []
  const fills = new Fills(store, {
    applied,
    nextApplied: async () => undefined,
    insert: (_, row) => {
      inserted.push(row.ordinal)
      return row as never
    },
    keepAbsence: () => expect.fail('somebody is there'),
  })
  const asked = fills.lookUp(named('ann@acme.example'))
  const many = Array.from({ length: 100_000 }, (_, number) => ann.ordinal + 1 + number)
  fills.usersTouched(entra, many, applied.revision + 1)
  held.letGo()
  await asked

  expect(held.reads).toBe(2)
  expect(inserted).toEqual([ann.ordinal])
})

test('a read that finds the store behind memory is no answer: it has lost what memory knows', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user('ann@acme.example'))
  const at = await store.position()
  for (const applied of [
    { ...at, revision: at.revision + 1 },
    { ...at, nonce: '0'.repeat(16) },
    { ...at, epoch: at.epoch + 1 },
  ]) {
    const fills = new Fills(store, {
      applied,
      nextApplied: async () => undefined,
      insert: () => expect.fail('it was kept'),
      keepAbsence: () => expect.fail('it was kept'),
    })
    expect((await fills.lookUp(named('ann@acme.example'))).kind).toBe('unavailable')
    expect((await fills.lookUp(named('bob@acme.example'))).kind).toBe('unavailable')
  }
})
