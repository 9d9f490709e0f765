import { afterAll, beforeAll, describe } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { openRedisStore, type RedisStoreOptions } from '../../src/store/redis-store/redis-store.ts'
import type { Store } from '../../src/store/store.ts'
import { storeContract } from '../contract/store-contract.ts'
import type { OpenStore } from '../contract/store-under-test.ts'
import { hasRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { acme, entra, okta } from '../support/store-fixture.ts'

describe.skipIf(!hasRedis)('a real server', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  const openWith = (options: Partial<RedisStoreOptions>): OpenStore => {
    return async () => {
      const settings = server.settings()
      const opened: Store[] = []
      const open = async () => {
        const store = await openRedisStore(settings, systemClock, { mayWrite: true, ...options })
        opened.push(store)
        await store.enroll([
          { tenant: acme, directory: entra },
          { tenant: acme, directory: okta },
        ])
        return store
      }
      const store = await open()
      return {
        store,
        reopen: async () => {
          await store[Symbol.asyncDispose]()
          return await open()
        },
        second: open,
        close: async () => {
          for (const each of opened) await each[Symbol.asyncDispose]()
        },
      }
    }
  }

  storeContract('Redis', openWith({}))
  storeContract('Redis, every edit of members made in steps', openWith({ membersAtOnceMax: 0 }))
})
