import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import type { Position } from '../../src/store/position.ts'
import { openRedisStore } from '../../src/store/redis-store/redis-store.ts'
import { hasRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { acme, committed, entra, user } from '../support/store-fixture.ts'

describe.skipIf(!hasRedis)('the leave to decide', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  /** A process that decides, with a wall clock that tests move. */
  async function decider(leaseMs = 500) {
    let wallOffsetMs = 0
    const clock = { ...systemClock, wallMs: () => systemClock.wallMs() + wallOffsetMs }
    const settings = server.settings({ leaseMs })
    const store = await openRedisStore(settings, clock, { mayWrite: true })
    await store.enroll([{ tenant: acme, directory: entra }])
    let applied: Position = await store.position()
    const vouch = store.enlist(() => applied)
    await store.readLog(applied, 1, 1)
    await expect.poll(() => vouch.lastLook(applied)).toBe('current')
    return {
      ...{ store, vouch, settings },
      applied: () => applied,
      apply: async () => {
        const { entries } = await store.readLog(applied, 100, 0)
        applied = entries.at(-1)?.position ?? applied
        await store.readLog(applied, 1, 1)
      },
      jump: (ms: number) => {
        wallOffsetMs += ms
      },
      [Symbol.asyncDispose]: async () => {
        await vouch[Symbol.asyncDispose]()
        await store[Symbol.asyncDispose]()
      },
    }
  }

  test('ends where the machine was suspended, and no grace is counted from before that', async () => {
    await using process = await decider(10_000)
    process.jump(3_600_000)
    expect(process.vouch.lastLook(process.applied())).toBe('stale')
    expect(process.vouch.staleForMs()).toBeGreaterThan(3_500_000)
    expect(process.vouch.ageMs()).toBeGreaterThan(3_500_000)
    // The next heartbeat is a new word of the store.
    await expect
      .poll(() => process.vouch.lastLook(process.applied()), { timeout: 5_000 })
      .toBe('current')
  })

  test('ends where the wall clock goes back, too', async () => {
    await using process = await decider(10_000)
    process.jump(-3_600_000)
    expect(process.vouch.lastLook(process.applied())).toBe('stale')
  })

  test('ends within a lease for who stops following the log, and comes back with it', async () => {
    await using process = await decider()
    await committed(process.store, user('ann'))
    await expect.poll(() => process.vouch.lastLook(process.applied())).not.toBe('current')
    await process.apply()
    await expect.poll(() => process.vouch.lastLook(process.applied())).toBe('current')
  })

  test('is given back at a clean stop, so that no write waits for who is gone', async () => {
    const process = await decider(5_000)
    await using writer = await openRedisStore(process.settings, systemClock, { mayWrite: true })
    await writer.enroll([{ tenant: acme, directory: entra }])
    await process[Symbol.asyncDispose]()
    const { position } = await committed(writer, user('bob'))
    const startMs = performance.now()
    await writer.barrier(position)
    expect(performance.now() - startMs).toBeLessThan(2_000)
  })

  test('lasts through 200 writes a second, which it would not if it asked for the very newest', async () => {
    await using process = await decider(2_000)
    let isOver = false
    const applying = (async () => {
      while (!isOver) await process.apply()
    })()
    let stale = 0
    for (let count = 0; count < 300; count++) {
      await committed(process.store, user(`user${count}`))
      if (process.vouch.lastLook(process.applied()) === 'stale') stale++
      await systemClock.sleep(4)
    }
    isOver = true
    await applying
    expect(stale).toBeLessThan(100)
  })
})
