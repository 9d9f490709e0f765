import { expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import type { Effect, Entry } from '../../src/store/entry.ts'
import { keyHash } from '../../src/store/keys.ts'
import type { Store } from '../../src/store/store.ts'
import {
  addMembers,
  committed,
  entra,
  group,
  remove,
  rewrite,
  storedBy,
  user,
} from '../support/store-fixture.ts'
import { type OpenStore, onFresh } from './store-under-test.ts'

export function logContract(open: OpenStore): void {
  test(
    'each entry names its predecessor, from the first one on, after a restart too',
    onFresh(open, async ({ store, reopen }) => {
      const start = await store.position()
      for (const name of ['a', 'b', 'c', 'd']) await committed(store, user(name))
      const { entries, head } = await store.readLog(start, 100, 0)
      const again = await (await reopen()).readLog(start, 100, 0)

      const nonces = [start.nonce, ...entries.map(({ position }) => position.nonce)]
      expect(entries.map(({ previousNonce }) => previousNonce)).toEqual(nonces.slice(0, -1))
      expect(nonces.every((nonce) => /^[0-9a-f]{16}$/.test(nonce))).toBe(true)
      expect(new Set(nonces).size).toBe(5)
      expect(entries.at(-1)?.position).toEqual(head)
      expect(again).toEqual({ entries, head })
    }),
  )

  test(
    'the log is read in slices of at most as many entries as asked for',
    onFresh(open, async ({ store }) => {
      const start = await store.position()
      for (const name of ['a', 'b', 'c']) await committed(store, user(name))

      const first = await store.readLog(start, 2, 0)
      const rest = await store.readLog(first.entries.at(-1)!.position, 2, 0)
      const none = await store.readLog(rest.head, 2, 0)

      expect([first, rest, none].map(({ entries }) => entries.length)).toEqual([2, 1, 0])
      expect(none.head).toEqual(first.head)
    }),
  )

  test(
    'the effect of a user names ordinal, kind of change and the names that became resolvable',
    onFresh(open, async ({ store }) => {
      const ann = user('Ann', { externalId: 'E-1' })
      await committed(store, ann)
      await committed(store, rewrite('users', ann.id, { userName: 'Anna', active: true }))
      await committed(store, rewrite('users', ann.id, { userName: 'Anna', active: false }))
      await committed(store, rewrite('users', ann.id, { userName: 'Anna', title: 'x' }))
      await committed(store, remove('users', ann.id))

      const hash = (kind: 'id' | 'userName' | 'externalId', value: string) =>
        keyHash({ directory: entra, kind, value })
      const of = { of: 'user', directory: entra, ordinal: 1 }
      const born = [hash('id', ann.id), hash('userName', 'ann'), hash('externalId', 'E-1')]
      expect(await effects(store)).toEqual([
        { ...of, how: 'created', keys: born },
        { ...of, how: 'updated', keys: [hash('userName', 'anna')] },
        { ...of, how: 'deactivated', keys: [] },
        { ...of, how: 'updated', keys: [] },
        { ...of, how: 'deleted', keys: [] },
      ])
    }),
  )

  test(
    'losing an ambiguous externalId names it, since the other owner is found by it now',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann', { externalId: 'E-1' }))
      await committed(store, user('bob', { externalId: 'E-1' }))

      await committed(store, remove('users', ann.id))

      const key = keyHash({ directory: entra, kind: 'externalId', value: 'E-1' })
      expect((await effects(store)).at(-1)).toMatchObject({ how: 'deleted', keys: [key] })
    }),
  )

  test(
    'the effect of a group names everybody whose direct groups changed with it',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann'))
      const bob = await storedBy(store, user('bob'))
      const sub = await storedBy(store, group('sub'))
      const staff = await storedBy(store, group('staff', [ann.id, sub.id, 'nobody']))
      const both = { ...rewrite('groups', staff.id, { displayName: 'Crew' }) }
      const members = { kind: 'replace', members: [bob.id, sub.id] } as const
      await committed(store, { ...both, members })
      await committed(store, remove('groups', staff.id))

      const of = { of: 'group', directory: entra, ordinal: staff.ordinal }
      const [child, a, b] = [[sub.ordinal], ann.ordinal, bob.ordinal]
      expect((await effects(store)).slice(3)).toEqual([
        { ...of, how: 'created', users: [a], groups: child },
        { ...of, how: 'updated', users: [a, b], groups: [] },
        { ...of, how: 'deleted', users: [b], groups: child },
      ])
    }),
  )

  test(
    'the effect of a members edit names only those who really changed, sorted',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann'))
      const bob = await storedBy(store, user('bob'))
      const cat = await storedBy(store, user('cat'))
      const staff = await storedBy(store, group('staff', [bob.id]))
      await committed(store, addMembers(staff.id, cat.id, bob.id, ann.id, 'nobody'))
      await committed(store, addMembers(staff.id, 'nobody else'))

      const of = { of: 'members', directory: entra, ordinal: staff.ordinal, groups: [] }
      expect((await effects(store)).slice(4)).toEqual([
        { ...of, users: [ann.ordinal, cat.ordinal] },
        { ...of, users: [] },
      ])
    }),
  )

  test(
    'a group of thousands is one entry with every ordinal in it',
    onFresh(open, async ({ store }) => {
      const names = Array.from({ length: 3_000 }, (_, index) => `user${index}`)
      const members = await Promise.all(names.map((name) => storedBy(store, user(name))))
      const ids = members.map(({ id }) => id)

      await committed(store, group('staff', ids))

      const { entries } = await store.readLog(
        { ...(await store.position()), revision: 3_000 },
        9,
        0,
      )
      const users = names.map((_, index) => index + 1)
      expect(entries.map(({ effect }) => effect)).toMatchObject([{ of: 'group', users }])
    }),
  )

  test(
    'a reader who waits for nothing gets an empty slice at the head when time is up',
    onFresh(open, async ({ store }) => {
      await committed(store, user('ann'))
      const head = await store.position()

      const slice = await store.readLog(head, 10, 15)

      expect(slice).toEqual({ entries: [], head })
    }),
  )

  test(
    'a reader from a history that this log does not know is answered at once, with the real head',
    onFresh(open, async ({ store }) => {
      await committed(store, user('ann'))
      const head = await store.position()

      const ahead = await store.readLog({ ...head, revision: 7 }, 10, 60_000)
      const forked = await store.readLog({ ...head, nonce: '0'.repeat(16) }, 10, 60_000)

      expect([ahead, forked]).toEqual([
        { entries: [], head },
        { entries: [], head },
      ])
    }),
  )

  test(
    'another handle on the same data, waiting for news, is handed what was committed',
    onFresh(open, async ({ store, second }) => {
      const other = (await second?.()) ?? store
      const start = await other.position()
      const waiting = other.readLog(start, 10, 10_000)

      const { position } = await committed(store, user('ann'))

      const { entries } = await waiting
      expect(entries.map((entry: Entry) => entry.position)).toEqual([position])
      expect(await other.counts(entra)).toMatchObject({ users: 1 })
    }),
  )

  test(
    'nobody is vouched for who stands elsewhere than the log, and who follows it soon is',
    onFresh(open, async ({ store }) => {
      await committed(store, user('ann'))
      const head = await store.position()
      await using vouch = store.enlist(() => head)
      await store.readLog(head, 1, 1)

      await expect.poll(() => vouch.lastLook(head)).toBe('current')
      expect(vouch.lastLook({ ...head, revision: 0 })).not.toBe('current')
      expect(vouch.lastLook({ ...head, nonce: '0'.repeat(16) })).not.toBe('current')
      expect(vouch.lastLook({ ...head, epoch: head.epoch + 1 })).not.toBe('current')
    }),
  )

  test(
    'once the barrier of a commit has let its writer go, who has not applied it is not vouched for',
    onFresh(open, async ({ store, second }) => {
      const other = (await second?.()) ?? store
      const start = await other.position()
      const applied = { position: start }
      await using vouch = other.enlist(() => applied.position)
      await other.readLog(start, 1, 1)
      await expect.poll(() => vouch.lastLook(start)).toBe('current')

      const { position } = await committed(store, user('ann'))
      const passed = store.barrier(position).then(() => {
        return { look: vouch.lastLook(applied.position), revision: applied.position.revision }
      })
      const { entries } = await other.readLog(start, 10, 1_000)
      await systemClock.sleep(50)
      applied.position = entries.at(-1)?.position ?? start
      void other.readLog(applied.position, 1, 1).catch(() => undefined)

      expect(applied.position).toEqual(position)
      const { look, revision } = await passed
      if (revision < position.revision) expect(look).not.toBe('current')
      await expect.poll(() => vouch.lastLook(position)).toBe('current')
    }),
  )

  test(
    'a barrier resolves for what was committed',
    onFresh(open, async ({ store }) => {
      const { position } = await committed(store, user('ann'))

      await expect(store.barrier(position)).resolves.toBeUndefined()
    }),
  )

  test(
    'after dispose everything is unavailable, and a waiting reader is told at once',
    onFresh(open, async ({ store }) => {
      const start = await store.position()
      const vouch = store.enlist(() => start)
      const waiting = store.readLog(start, 10, 60_000)
      waiting.catch(() => undefined)
      const committing = store.commit(user('ann'), { opId: 'before the dispose' })

      await store[Symbol.asyncDispose]()

      await expect(waiting).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      expect((await committing).kind).toBe('ok')
      expect(vouch.lastLook(start)).toBe('unavailable')
      expect((await store.commit(user('bob'), { opId: 'after' })).kind).toBe('unavailable')
      await expect(store.position()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      await expect(store.counts(entra)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      const key = { directory: entra, kind: 'userName', value: 'ann' } as const
      expect((await store.resolve(key)).kind).toBe('unavailable')
    }),
  )
}

async function effects(store: Store): Promise<readonly Effect[]> {
  const start = { ...(await store.position()), revision: 0 }
  const { entries } = await store.readLog(start, 100, 0)
  return entries.map(({ effect }) => effect)
}
