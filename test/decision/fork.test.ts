import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { toToken } from '../../src/store/position.ts'
import { openRedisStore } from '../../src/store/redis-store/redis-store.ts'
import type { Store } from '../../src/store/store.ts'
import { answered, attempt, decisionRig } from '../support/decision-rig.ts'
import { hasRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import {
  acme,
  addMembers,
  committed,
  entra,
  group,
  remove,
  removeMembers,
  rewrite,
  storedBy,
  user,
} from '../support/store-fixture.ts'

/**
 * A server that comes back from an older file has lost what it acknowledged since. That is what a
 * failover to a replica that was behind looks like, too.
 */
const policy = `
version: 1
applications: { wiki: { hosts: [wiki.example] } }
rules:
  - { id: staff, effect: allow, apps: { names: [wiki] }, who: { groups: { any: [Staff] } } }
`

describe.skipIf(!hasRedis)('when the store has lost acknowledged writes', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis({ args: ['--dbfilename', 'dump.rdb'] })
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  /** Keeps the present state; what is returned goes back to it. */
  async function rememberState(): Promise<() => Promise<void>> {
    const kept = join(server.folder, 'kept.rdb')
    await server.client().save()
    await copyFile(join(server.folder, 'dump.rdb'), kept)
    return async () => {
      await server.kill()
      await copyFile(kept, join(server.folder, 'dump.rdb'))
      await server.restart()
    }
  }

  async function openStore(database = server.freshDatabase()): Promise<Store> {
    const settings = server.settings({ leaseMs: 10_000, database })
    const store = await openRedisStore(settings, systemClock, { mayWrite: true })
    await store.enroll([{ tenant: acme, directory: entra }])
    return store
  }

  test('revocations stay in force until the new history says something of their users', async () => {
    await using store = await openStore()
    const names = ['ann', 'bob', 'cat', 'dan'].map((name) => `${name}@acme.example`)
    const users = []
    for (const name of names) users.push(await storedBy(store, user(name)))
    const [ann, bob, cat, dan] = users.map(({ id }) => id) as [string, string, string, string]
    const staff = await storedBy(store, group('Staff', [ann, bob, cat, dan]))
    await using rig = await decisionRig(store, policy)
    const asked = async () => {
      const answers = names.map(async (name) => answered(await rig.decider.check(attempt(name))))
      return (await Promise.all(answers)).map(({ reason, effect }) => `${effect} ${reason}`)
    }
    await expect.poll(asked).toEqual(Array(4).fill('allow RULE'))

    const goBack = await rememberState()
    await committed(store, rewrite('users', ann, { userName: names[0]!, active: false }))
    await committed(store, removeMembers(staff.id, bob))
    const { position: lost } = await committed(store, remove('users', cat))
    await expect.poll(() => rig.cache.applied).toEqual(lost)
    const before = ['block USER_INACTIVE', 'block NO_RULE', 'block USER_UNKNOWN', 'allow RULE']
    await expect.poll(asked).toEqual(before)
    await goBack()

    const held = [...Array(3).fill('block DIRECTORY_UNAVAILABLE'), 'allow RULE']
    await expect.poll(asked, { timeout: 20_000 }).toEqual(held)
    // The provider sends everything again; for Ann it is active by now.
    await expect
      .poll(
        async () =>
          (
            await store.commit(
              rewrite('users', ann, { userName: names[0]!, title: 'x', active: true }),
              { opId: 'again' },
            )
          ).kind,
        { timeout: 10_000 },
      )
      .toBe('ok')
    await committed(store, removeMembers(staff.id, bob))
    await committed(store, remove('users', cat))
    const after = ['allow RULE', 'block NO_RULE', 'block USER_UNKNOWN', 'allow RULE']
    await expect.poll(asked, { timeout: 10_000 }).toEqual(after)
    expect(rig.cache.statistics.held).toBe(0)
  })

  test('a token of a lost revision is lost for ever, one of a shared revision is not', async () => {
    await using store = await openStore()
    const ann = await committed(store, user('ann@acme.example'))
    const goBack = await rememberState()
    const bob = await committed(store, user('bob@acme.example'))
    await using rig = await decisionRig(store, policy)
    await expect.poll(() => rig.cache.reached(toToken(bob.position))).toBe('reached')
    await goBack()

    // The first write finds out, and ends the epoch.
    await expect
      .poll(
        async () => (await store.commit(user('cat@acme.example', {}, 'cat'), { opId: 'cat' })).kind,
        { timeout: 10_000 },
      )
      .toBe('ok')
    const { epoch, revision } = await store.position()
    expect([epoch, revision]).toEqual([ann.position.epoch + 1, bob.position.revision])
    expect(await store.forks()).toEqual([
      { epoch: ann.position.epoch, sharedUpTo: ann.position.revision },
    ])
    await expect
      .poll(() => rig.cache.reached(toToken(bob.position)), { timeout: 10_000 })
      .toBe('lost')
    expect(rig.cache.reached(toToken(ann.position))).toBe('reached')
    const outcome = await rig.decider.check(
      attempt('ann@acme.example', { minRevision: toToken(bob.position) }),
    )
    expect(outcome).toEqual({ kind: 'revision-lost' })
  })

  test('that an epoch ended is known to who reads everything while it ends', async () => {
    await using store = await openStore()
    const ann = await committed(store, user('ann@acme.example'))
    const goBack = await rememberState()
    const bob = await committed(store, user('bob@acme.example'))
    await goBack()
    const cat = { opId: 'cat' }
    const groupTable: Store['groupTable'] = async (only) => {
      const ends = async () => (await store.commit(user('cat@acme.example'), cat)).kind
      await expect.poll(ends).not.toBe('unavailable')
      return store.groupTable(only)
    }
    const ending = new Proxy(store, {
      get: (_, name) => {
        if (name === 'groupTable') return groupTable
        const part = Reflect.get(store, name, store)
        return typeof part === 'function' ? part.bind(store) : part
      },
    })

    await using rig = await decisionRig(ending, policy)

    expect(rig.cache.reached(toToken(bob.position))).toBe('lost')
    expect(rig.cache.reached(toToken(ann.position))).toBe('reached')
  })

  test('somebody who follows without the nonce chain reads on as if nothing had happened', async () => {
    const database = server.freshDatabase()
    await using store = await openStore(database)
    await committed(store, user('ann@acme.example'))
    const goBack = await rememberState()
    const bob = await storedBy(store, user('bob@acme.example'))
    const { position: seen } = await committed(store, remove('users', bob.id))
    await goBack()
    await using other = await openStore(database)
    // As many writes as were lost, and one more: the same revisions, about somebody else.
    for (const name of ['x', 'y', 'z']) await committed(other, user(name))
    const { entries } = await other.readLog(seen, 10, 0)
    expect(entries.map(({ position }) => position.revision)).toEqual([seen.revision + 1])
    expect(entries[0]?.previousNonce).not.toBe(seen.nonce)
    expect(await other.hasEntry(seen)).toBe(false)
  })

  test('a group that got its member back by the loss does not open its doors', async () => {
    await using store = await openStore()
    const ann = await storedBy(store, user('ann@acme.example'))
    const staff = await storedBy(store, group('Staff', [ann.id]))
    const goBack = await rememberState()
    await using rig = await decisionRig(store, policy)
    const { position } = await committed(store, remove('groups', staff.id))
    await expect.poll(() => rig.cache.applied).toEqual(position)
    await goBack()
    const reason = async () => answered(await rig.decider.check(attempt('ann@acme.example'))).reason
    await expect.poll(reason, { timeout: 20_000 }).toBe('DIRECTORY_UNAVAILABLE')
    await expect
      .poll(async () => (await store.commit(addMembers(staff.id, ann.id), { opId: 'm' })).kind, {
        timeout: 9_000,
      })
      .toBe('noop')
    expect(await reason()).not.toBe('RULE')
  })
})
