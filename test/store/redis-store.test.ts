import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { systemClock } from '../../src/std/clock.ts'
import { openRedisStore } from '../../src/store/redis-store/redis-store.ts'
import type { Store } from '../../src/store/store.ts'
import { storeContract } from '../contract/store-contract.ts'
import { acme, entra, okta } from '../support/store-fixture.ts'

const port = 20000 + Math.floor(Math.random() * 10000)
const server = spawn(
  'redis-server',
  ['--port', String(port), '--save', '', '--databases', '10000', '--dir', mkdtempSync('/tmp/r/x')],
  { stdio: 'ignore' },
)
process.on('exit', () => server.kill())
await new Promise((resolve) => setTimeout(resolve, 300))
let database = 0

const openWith = (membersAtOnceMax?: number) => async () => {
  const settings = {
    mode: 'standalone',
    hosts: [{ host: '127.0.0.1', port }],
    database: database++,
    tls: false,
    display: 'redis://',
    leaseMs: 5000,
    replicas: 0,
  } as const
  const opened: Store[] = []
  const open = async () => {
    const store = await openRedisStore(settings, systemClock, {
      mayWrite: true,
      ...(membersAtOnceMax !== undefined && { membersAtOnceMax }),
    })
    await store.enroll([
      { tenant: acme, directory: entra },
      { tenant: acme, directory: okta },
    ])
    opened.push(store)
    return store
  }
  const store = await open()
  return {
    store,
    reopen: async () => {
      await store[Symbol.asyncDispose]()
      return open()
    },
    second: open,
    close: async () => {
      for (const each of opened) await each[Symbol.asyncDispose]()
    },
  }
}

storeContract('Redis', openWith())
storeContract('Redis, every edit of members being a large one', openWith(0))
