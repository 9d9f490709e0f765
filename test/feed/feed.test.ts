import { expect, test } from 'vitest'
import { followFeed } from '../../src/feed/feed.ts'
import { systemClock } from '../../src/std/clock.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { committed, temporarySqliteStore, user } from '../support/store-fixture.ts'

test('a follower that starts late sees what was there and then what comes, once, in order', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const from = await store.position()
  await committed(store, user('a@acme.example'))
  await committed(store, user('b@acme.example'))
  const stop = new AbortController()
  const seen: number[] = []
  for await (const step of followFeed(store, systemClock).entriesAfter(from, stop.signal)) {
    if (step.kind !== 'entries') throw new Error(step.cause)
    for (const { position } of step.entries) seen.push(position.revision)
    if (seen.length === 2) await committed(store, user('c@acme.example'))
    if (seen.length === 3) stop.abort()
  }
  expect(seen).toEqual([1, 2, 3].map((step) => from.revision + step))
})

test('a store that cannot be read is asked again, and nothing is lost', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const from = await store.position()
  await committed(store, user('a@acme.example'))
  let failures = 2
  const flaky = {
    readLog: (...given: Parameters<Store['readLog']>) =>
      failures-- > 0 ? Promise.reject(new StoreUnavailable('cut')) : store.readLog(...given),
  } as Store
  const clock = { ...systemClock, sleep: async () => undefined }
  const faults: unknown[] = []
  const stop = new AbortController()
  const feed = followFeed(flaky, clock, (fault) => faults.push(fault))
  for await (const step of feed.entriesAfter(from, stop.signal)) {
    expect(step).toMatchObject({ kind: 'entries', entries: [{ effect: { how: 'created' } }] })
    stop.abort()
  }
  expect(faults).toHaveLength(2)
})

test('a position of another history ends the feed with start again', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user('a@acme.example'))
  const elsewhere = { ...(await store.position()), nonce: '0123456789abcdef' }
  const steps = []
  const { signal } = new AbortController()
  for await (const step of followFeed(store, systemClock).entriesAfter(elsewhere, signal)) {
    steps.push(step)
  }
  expect(steps).toEqual([{ kind: 'start-again', cause: 'fork' }])
})
