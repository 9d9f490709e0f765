import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import type { RedisSettings } from '../../src/store/redis-store/redis-settings.ts'
import { openRedisStore } from '../../src/store/redis-store/redis-store.ts'
import { serverWeaknesses } from '../../src/store/redis-store/server-settings.ts'
import { freePort, hasRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import {
  acme,
  committed,
  entra,
  fresh,
  group,
  removeMembers,
  user,
} from '../support/store-fixture.ts'

describe.skipIf(!hasRedis)('a Redis store', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  const open = (settings: RedisSettings, mayWrite = true) =>
    openRedisStore(settings, systemClock, { mayWrite })
  const refused = (settings: RedisSettings, mayWrite = true) =>
    open(settings, mayWrite).then(
      async (store) => {
        await store[Symbol.asyncDispose]()
        return 'opened'
      },
      (error: Error & { code?: string }) => `${error.code} ${error.message}`,
    )

  test('with a wrong password is refused, naming where the right one belongs', async () => {
    await using locked = await startRedis({ args: ['--requirepass', 'right'] })
    const settings = locked.settings()
    const where = `STORE_REFUSED store \`${settings.display}\``
    expect(await refused(settings)).toBe(
      `${where}: the store is unavailable: the server wants a password: set SALLYPORT_STORE_PASSWORD`,
    )
    const wrong = await refused({ ...settings, password: 'canary-wrong' })
    expect(wrong).toContain('user name or password are wrong: see SALLYPORT_STORE_PASSWORD')
    expect(wrong).not.toContain('canary')
    expect(await refused({ ...settings, password: 'wrong', nextPassword: 'right' })).toBe('opened')
  })

  test("in a database with somebody else's keys is refused and leaves them alone", async () => {
    const settings = server.settings()
    const client = server.client(settings.database)
    await client.set('session:42', 'x')
    expect(await refused(settings)).toMatch(/it holds 1 keys and none of them is Sallyport's/)
    expect(await client.dbsize()).toBe(1)
  })

  test('of a newer Sallyport is refused', async () => {
    const settings = server.settings()
    await server.client(settings.database).hset('{p0}:meta', 'schema', '99', 'rev', '1')
    expect(await refused(settings)).toMatch(
      /written by a newer Sallyport: schema 99, this one reads 1/,
    )
  })

  test('on a server that may drop keys is refused, naming the setting', async () => {
    await using evicting = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] })
    expect(await refused(evicting.settings())).toMatch(
      /`maxmemory-policy` is allkeys-lru, .*set it to noeviction/,
    )
  })

  test('that was never written to is begun by who may write, and waited for by others', async () => {
    const settings = server.settings()
    await using reader = await open(settings, false)
    await expect(reader.position()).rejects.toThrow(
      /it holds nothing yet: start a process with the role ingest/,
    )
    await using writer = await open(settings)
    await writer.enroll([{ tenant: acme, directory: entra }])
    const position = await writer.position()
    await expect.poll(() => reader.position().catch(() => undefined)).toEqual(position)
  })

  test('that cannot be reached opens all the same, and works as soon as it can be', async () => {
    const port = await freePort()
    const settings = { ...server.settings(), hosts: [{ host: '127.0.0.1', port }], database: 0 }
    await using store = await open(settings)
    await store.enroll([{ tenant: acme, directory: entra }])
    await expect(store.position()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect((await store.commit(user('ann'), fresh())).kind).toBe('unavailable')
    await using _late = await startRedis({ port })
    await expect
      .poll(async () => (await store.commit(user('ann'), { opId: 'ann' })).kind, { timeout: 5_000 })
      .toBe('ok')
  })

  test('says what its settings put at risk', async () => {
    const settings = server.settings({ replicas: 1 })
    expect(await serverWeaknesses(settings)).toEqual([
      expect.stringContaining('`appendonly` is off'),
      expect.stringContaining('`min-replicas-to-write` to 1'),
    ])
    await using safe = await startRedis({ args: ['--appendonly', 'yes'] })
    expect(await serverWeaknesses(safe.settings())).toEqual([])
  })

  describe('with the rights that the documentation gives', () => {
    const recipes = readFileSync(join(import.meta.dirname, '../../docs/operating-redis.md'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('ACL SETUSER '))

    async function usersOf(redis: RedisServer): Promise<void> {
      for (const recipe of recipes) {
        const [, ...words] = recipe.replace('>SECRET', '>secret').split(' ')
        await redis.client().call('ACL', ...words)
      }
    }
    const as = (settings: RedisSettings, username: string) => ({
      ...{ ...settings, username, password: 'secret' },
    })

    test('an ingest process does all of its work, and cannot empty the database', async () => {
      await using redis = await startRedis()
      await usersOf(redis)
      await using store = await open(as(redis.settings(), 'sallyport-ingest'))
      await store.enroll([{ tenant: acme, directory: entra }])
      const ann = user('ann')
      await committed(store, ann)
      const staff = group('Staff', [ann.id])
      await committed(store, staff)
      const { position } = await committed(store, removeMembers(staff.id, ann.id))
      await store.barrier(position)
      await store.notes.append(entra, { entries: [], tally: { dropped: 1, refused: 0 } })
      expect(await store.counts(entra)).toMatchObject({ users: 1, groups: 1 })
      for (const command of [
        ['flushall'],
        ['flushdb'],
        ['keys', '*'],
        ['config', 'set', 'save', ''],
      ]) {
        expect(await dryRun(redis, 'sallyport-ingest', command)).toMatch(/no permissions/)
      }
    })

    test('a decision process reads, follows and holds a lease, and can change nothing', async () => {
      await using redis = await startRedis()
      await usersOf(redis)
      const settings = redis.settings()
      await using writer = await open(as(settings, 'sallyport-ingest'))
      await writer.enroll([{ tenant: acme, directory: entra }])
      const ann = user('ann')
      await committed(writer, ann)
      await committed(writer, group('Staff', [ann.id]))
      await using store = await open(as(settings, 'sallyport-decision'), false)
      const { groups, position } = await store.groupTable()
      expect(groups).toHaveLength(1)
      const key = { directory: entra, kind: 'userName', value: 'ann' } as const
      expect((await store.resolve(key)).kind).toBe('known')
      await using vouch = store.enlist(() => position)
      await store.readLog(position, 10, 5)
      await expect.poll(() => vouch.lastLook(position)).toBe('current')
      expect((await store.commit(user('eve'), fresh())).kind).toBe('unavailable')
      for (const command of [
        ['set', '{p0}:1:u:1', 'x'],
        ['hset', '{p0}:meta', 'rev', '9'],
        ['del', '{p0}:1:ug:1'],
        ['xadd', '{p0}:feed', '*', 'n', 'x'],
        ['flushall'],
        ['config', 'get', 'save'],
      ]) {
        expect(await dryRun(redis, 'sallyport-decision', command)).toMatch(/no permissions/)
      }
      const eve = redis.client(settings.database)
      await eve.auth('sallyport-decision', 'secret')
      const write = "return redis.call('SET', '{p0}:1:u:1', 'x')"
      await expect(eve.call('EVAL_RO', write, 0)).rejects.toThrow()
      const sha = (await eve.script('LOAD', write)) as string
      await expect(eve.call('EVALSHA', sha, 0)).rejects.toThrow(
        /can't access at least one of the keys/,
      )
    })
  })
})

async function dryRun(redis: RedisServer, user_: string, command: readonly string[]) {
  return String(await redis.client().call('ACL', 'DRYRUN', user_, ...command))
}
