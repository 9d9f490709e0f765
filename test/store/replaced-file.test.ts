import { copyFile, rename, unlink } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { ManualClock } from '../support/manual-clock.ts'
import {
  committed,
  entra,
  fresh,
  group,
  type TemporaryStore,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'

const changes: readonly (readonly [what: string, change: (path: string) => Promise<void>])[] = [
  ['moved away', (path) => rename(path, `${path}.away`)],
  ['deleted', (path) => unlink(path)],
  [
    'renamed over',
    async (path) => {
      await copyFile(path, `${path}.copy`)
      await rename(`${path}.copy`, path)
    },
  ],
  ['robbed of its write-ahead log', (path) => unlink(`${path}-wal`)],
]

test.each(changes)(
  'within a second of its file being %s nothing is answered',
  async (_, change) => {
    const clock = new ManualClock()
    await using fixture = await temporarySqliteStore(clock)
    const { store, path } = fixture
    const { position } = await committed(store, user('ann'))
    await using vouch = store.enlist(() => position)
    expect(vouch.lastLook(position)).toBe('current')

    await change(path)
    await clock.advance(1_000)

    expect(vouch.lastLook(position)).toBe('unavailable')
    await expectUnavailable(fixture)
  },
)

test('a waiting reader of the log is told', async () => {
  const clock = new ManualClock()
  await using fixture = await temporarySqliteStore(clock)
  const { store, path } = fixture
  const waiting = store.readLog(await store.position(), 10, 60_000)
  waiting.catch(() => undefined)

  await rename(path, `${path}.away`)
  await clock.advance(1_000)

  await expect(waiting).rejects.toThrow(/was deleted or moved away while in use/)
})

test('no write is acknowledged into a file that was moved away, not even before it is noticed', async () => {
  await using fixture = await temporarySqliteStore(new ManualClock())
  const { store, path } = fixture
  await rename(path, `${path}.away`)

  const answer = await store.commit(user('ann'), fresh())

  expect(answer).toMatchObject({ kind: 'unavailable' })
})

test('once the original is back everything works again', async () => {
  const clock = new ManualClock()
  await using fixture = await temporarySqliteStore(clock)
  const { store, path } = fixture
  const ann = user('ann')
  const { position } = await committed(store, ann)
  await using vouch = store.enlist(() => position)
  await rename(path, `${path}.away`)
  await clock.advance(1_000)
  expect((await store.commit(user('bob'), fresh())).kind).toBe('unavailable')

  await rename(`${path}.away`, path)
  await clock.advance(1_000)

  expect(vouch.lastLook(position)).toBe('current')
  await committed(store, group('staff', [ann.id]))
  expect(await store.counts(entra)).toMatchObject({ users: 1, memberships: 1 })
})

async function expectUnavailable({ store, path }: TemporaryStore): Promise<void> {
  const named = new RegExp(`\`${path}(-wal)?\` was (replaced|deleted or moved away) while in use`)
  const answer = await store.commit(user('bob'), fresh())
  expect(answer.kind === 'unavailable' && answer.cause.message).toMatch(named)
  const resolved = await store.resolve({ directory: entra, kind: 'userName', value: 'ann' })
  expect(resolved.kind === 'unavailable' && resolved.cause.message).toMatch(named)
  const scanning = async () => {
    for await (const _ of store.scan('users', entra, 10)) return
  }
  const reads = [
    store.position(),
    store.groupTable(),
    store.get('users', entra, 'x'),
    store.get('groups', entra, 'x', { references: true }),
    store.find('users', entra, { by: 'all' }, { offset: 0, count: 1 }),
    store.counts(entra),
    store.credentials.find('x'),
    store.credentials.list(),
    store.policies.active('acme' as never),
    store.policies.history('acme' as never, 1),
    scanning(),
  ]
  for (const read of await Promise.allSettled(reads)) {
    expect(read).toMatchObject({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } })
    expect(read.status === 'rejected' && String(read.reason)).toMatch(/put it back, or restart/)
  }
}
