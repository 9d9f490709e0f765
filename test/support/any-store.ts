import { afterAll } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { openRedisStore } from '../../src/store/redis-store/redis-store.ts'
import type { Store } from '../../src/store/store.ts'
import { type RedisServer, startRedis } from './redis-server.ts'
import { acme, entra, okta, temporarySqliteStore } from './store-fixture.ts'

/**
 * A fresh store with entra and okta enrolled, for tests to which the engine is all the same: SQLite,
 * or with TEST_STORE=redis Redis (`npm run test:redis`).
 */
export async function anyStore(): Promise<AsyncDisposable & { readonly store: Store }> {
  if (process.env.TEST_STORE !== 'redis') return await temporarySqliteStore()
  server ??= startRedis()
  const settings = (await server).settings()
  const store = await openRedisStore(settings, systemClock, { mayWrite: true })
  await store.enroll([entra, okta].map((directory) => ({ tenant: acme, directory })))
  return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() }
}

/** One for all stores of a test file: each has a database of its own. */
let server: Promise<RedisServer> | undefined
// A process that runs tests is ended from outside: nothing that waits for its exit would be called.
afterAll(async () => {
  await (await server)?.[Symbol.asyncDispose]()
})
