import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { openRedisStore } from '../../src/store/redis-store/redis-store.ts'
import type { Store } from '../../src/store/store.ts'
import { hasRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import {
  acme,
  addMembers,
  committed,
  entra,
  fresh,
  group,
  remove,
  replaceMembers,
  storedBy,
  user,
} from '../support/store-fixture.ts'

describe.skipIf(!hasRedis)('an edit of a group that is made in steps', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  async function open(settings = server.settings(), membersAtOnceMax = 50) {
    const options = { mayWrite: true, membersAtOnceMax }
    const store = await openRedisStore(settings, systemClock, options)
    await store.enroll([{ tenant: acme, directory: entra }])
    return { store, settings }
  }

  async function many(store: Store, count: number) {
    const users = Array.from({ length: count }, (_, number) =>
      storedBy(store, user(`user${number}`)),
    )
    return (await Promise.all(users)).map(({ id }) => id)
  }

  /** Both sides of every membership, as SCIM and as decisions see them. */
  async function sides(store: Store, id: string, ids: readonly string[]) {
    const found = await store.get('groups', entra, id, { references: true })
    const members = new Set(found!.references!.map(({ value }) => value))
    const holders = new Set<string>()
    for (const each of ids) {
      const resolved = await store.resolve({ directory: entra, kind: 'id', value: each })
      if (resolved.kind !== 'known') throw new Error(resolved.kind)
      if (resolved.principal.groups.includes(found!.ordinal)) holders.add(each)
    }
    return { members, holders }
  }

  test('is there whole or not at all when its process is killed, and the next one goes on', async () => {
    const { store, settings } = await open()
    await using _closed = store
    const ids = await many(store, 2_000)
    const staff = await storedBy(store, group('Staff'))
    for (const afterMs of [5, 20, 45, 70, 110, 160]) {
      const script = join(import.meta.dirname, '../support/large-edit-child.ts')
      const child = spawn(process.execPath, [script, JSON.stringify([settings, staff.id, ids])], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(createInterface(child.stdout), 'line')
      await systemClock.sleep(afterMs)
      child.kill('SIGKILL')
      await once(child, 'exit')

      const { members, holders } = await sides(store, staff.id, ids)
      expect([0, ids.length]).toContain(members.size)
      expect(holders).toEqual(members)
      const { memberships } = await store.counts(entra)
      expect(memberships).toBe(members.size)
    }
    // A holder that shows no sign of life for five seconds is taken for dead.
    await expect
      .poll(async () => (await store.commit(replaceMembers(staff.id, ...ids), fresh())).kind, {
        timeout: 20_000,
      })
      .toMatch(/ok|noop/)
    expect((await sides(store, staff.id, ids)).holders.size).toBe(ids.length)
    const left = await server.client(settings.database).keys('{p0}:1:big:*')
    expect(left).toEqual([])
    expect(await server.client(settings.database).smembers('{p0}:1:loose')).toEqual(['-'])
  }, 60_000)

  test('is met by users who come and go while it is made', async () => {
    const { store } = await open()
    await using _closed = store
    const ids = await many(store, 600)
    const coming = Array.from({ length: 200 }, (_, number) => user(`late${number}`))
    const staff = await storedBy(store, group('Staff'))
    const wanted = [...ids, ...coming.map(({ id }) => id)]
    const edit = store.commit(replaceMembers(staff.id, ...wanted), fresh())
    const others = [
      ...ids.slice(0, 150).map((id) => store.commit(remove('users', id), fresh())),
      ...coming.map((each) => store.commit(each, fresh())),
    ]
    expect((await edit).kind).toBe('ok')
    for (const each of await Promise.all(others)) expect(each.kind).toBe('ok')

    const there = [...ids.slice(150), ...coming.map(({ id }) => id)]
    const { members, holders } = await sides(store, staff.id, there)
    expect(holders).toEqual(new Set(there))
    // Whoever had gone before the edit began is a value that nobody has; who went later is none.
    const gone = new Set(ids.slice(0, 150))
    expect([...members.difference(holders)].every((id) => gone.has(id))).toBe(true)
    const pendingMembers = members.size - there.length
    expect(await store.counts(entra)).toMatchObject({ memberships: there.length, pendingMembers })
  })

  test('waits for another one of the same group, and small edits wait for it', async () => {
    const { store } = await open()
    await using _closed = store
    const ids = await many(store, 400)
    const staff = await storedBy(store, group('Staff'))
    const [a, b] = [ids.slice(0, 200), ids.slice(200)]
    const edits = [
      store.commit(addMembers(staff.id, ...a), fresh()),
      store.commit(addMembers(staff.id, ...b), fresh()),
      store.commit(addMembers(staff.id, 'pending'), fresh()),
    ]
    for (const each of await Promise.all(edits)) expect(each.kind).toBe('ok')
    const { members, holders } = await sides(store, staff.id, ids)
    expect(members).toEqual(new Set([...ids, 'pending']))
    expect(holders).toEqual(new Set(ids))
  })

  test('of a group that is deleted leaves nobody in it, whoever had it', async () => {
    const { store, settings } = await open()
    await using _closed = store
    const ids = await many(store, 300)
    const staff = await storedBy(store, group('Staff', ids))
    await committed(store, remove('groups', staff.id))
    for (const id of ids.slice(0, 20)) {
      const resolved = await store.resolve({ directory: entra, kind: 'id', value: id })
      expect(resolved).toMatchObject({ principal: { groups: [] } })
    }
    expect(await server.client(settings.database).keys('{p0}:1:ug:*')).toEqual([])
  })
})
