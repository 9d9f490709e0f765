import { expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite-store/sqlite-store.ts'
import { committed, temporarySqliteStore, user } from '../support/store-fixture.ts'

/** A reader of the file looks at the head before every answer, so it needs no lease. */

test('a waiting reader is handed a commit before its writer is answered', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const start = await store.position()
  const order: string[] = []
  const reading = store.readLog(start, 10, 10_000).then(({ entries }) => {
    order.push(`read ${entries.length}`)
  })

  await committed(store, user('ann')).then(() => order.push('answered'))
  await reading

  expect(order).toEqual(['read 1', 'answered'])
})

test('the last look is current at the head and behind everywhere else', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user('ann'))
  const head = await store.position()
  await using vouch = store.enlist(() => head)

  expect(vouch.lastLook(head)).toBe('current')
  expect(vouch.lastLook({ ...head, revision: 0 })).toBe('behind')
  expect(vouch.lastLook({ ...head, nonce: '0'.repeat(16) })).toBe('behind')
  expect(vouch.lastLook({ ...head, epoch: head.epoch + 1 })).toBe('behind')
  await committed(store, user('bob'))
  expect(vouch.lastLook(head)).toBe('behind')
})

test('another handle on the file is behind at once after a commit, and current when it has read it', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await using other = await openSqliteStore(temporary.path, systemClock)
  const start = await other.position()
  await using vouch = other.enlist(() => start)
  expect(vouch.lastLook(start)).toBe('current')

  const { position } = await committed(store, user('ann'))

  expect(vouch.lastLook(start)).toBe('behind')
  await other.readLog(start, 10, 1_000)
  expect(vouch.lastLook(position)).toBe('current')
})
