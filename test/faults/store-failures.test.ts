import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { patchBody, userBody } from '../scim-http/scim-fixture.ts'
import { type Asked, type RedisHouse, redisHouse, until } from '../support/redis-house.ts'
import { hasRedis, type RedisServer, startRedis } from '../support/redis-server.ts'

/**
 * What callers see, and when, while the store breaks: the table of docs/failure-modes.md. The lease
 * is a second here.
 */
const leaseMs = 1_000
/** What a busy machine may add to any bound: the figures themselves are printed. */
const noiseMs = 700
const policy = `
version: 1
applications: { wiki: { hosts: [wiki.example] } }
rules:
  - { id: everybody, effect: allow, apps: { names: [wiki] }, who: { directories: [entra] } }
`
const warm = 'warm@acme.example'
const cold = 'cold@acme.example'
const seen: string[] = []

describe.skipIf(!hasRedis)('while Redis', () => {
  let redis: RedisServer
  let house: RedisHouse
  let warmId = ''

  beforeEach(async () => {
    redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
    house = await redisHouse({ policy, redis, deciders: 1, lease: `${leaseMs}ms` })
    warmId = (await house.scim('POST', '/Users', userBody(warm))).body.id
    await house.scim('POST', '/Users', userBody(cold))
    await until(
      () => ask(warm),
      ({ allowed }) => allowed,
    )
  }, 30_000)
  afterEach(async () => {
    await house[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
  })
  afterAll(() => {
    process.stdout.write(`${seen.join('\n')}\n`)
  })

  const ask = (user: string): Promise<Asked> => house.deciders[0]!.ask(user)
  const reasonOf = async (user: string) => (await ask(user)).answer.reason
  const create = (name: string) => house.scim('POST', '/Users', userBody(`${name}@acme.example`))

  /** The caller's view of a store that is away: allowed for a lease, then closed, never unknown. */
  async function awayFor(what: string, closes: string): Promise<void> {
    const [first, missing] = await Promise.all([ask(warm), ask(cold)])
    expect([first.answer.allowed, missing.answer.reason]).toEqual([true, 'DIRECTORY_UNAVAILABLE'])
    const coldMs = missing.endedMs - missing.startedMs
    const closedMs = await until(
      () => ask(warm),
      ({ allowed }) => !allowed,
    )
    expect(closedMs).toBeLessThan(leaseMs + noiseMs)
    expect([
      await reasonOf(warm),
      await reasonOf(cold),
      await reasonOf('nobody@acme.example'),
    ]).toEqual(Array(3).fill(closes))
    const startMs = performance.now()
    const refused = await create('while-away')
    const scimMs = performance.now() - startMs
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.any(String)])
    expect(scimMs).toBeLessThan(2_000 + noiseMs)
    tell(
      what,
      `cold user blocked in ${ms(coldMs)}, all after ${ms(closedMs)}, SCIM 503 in ${ms(scimMs)}`,
    )
  }

  async function recovered(what: string, msMax = 5_000): Promise<void> {
    const openMs = await until(
      () => ask(cold),
      ({ allowed }) => allowed,
      msMax,
    )
    const writesMs = await untilWritten(msMax)
    tell(what, `decides again after ${ms(openMs)}, takes writes after ${ms(writesMs)}`)
  }

  async function untilWritten(msMax: number): Promise<number> {
    const startMs = performance.now()
    for (let count = 0; ; count++) {
      if ((await create(`again-${count}`)).status === 201) return performance.now() - startMs
      if (performance.now() - startMs > msMax) throw new Error('no write is taken')
      await systemClock.sleep(20)
    }
  }

  test('is killed and comes back with its data', async () => {
    await redis.kill()
    await awayFor('kill -9', 'DIRECTORY_STALE')
    await redis.restart()
    await recovered('kill -9, restarted')
    expect((await house.scim('GET', `/Users/${warmId}`)).status).toBe(200)
  })

  test('is killed again and again under writes, and loses nothing that was acknowledged', async () => {
    const acknowledged: string[] = []
    for (let round = 0; round < 8; round++) {
      let isOver = false
      const writing = Array.from({ length: 4 }, async (_, writer) => {
        for (let count = 0; !isOver; count++) {
          const { status, body } = await create(`r${round}-${writer}-${count}`)
          if (status === 201) acknowledged.push(body.id)
          else await systemClock.sleep(5)
        }
      })
      await systemClock.sleep(80 + 40 * round)
      await redis.kill()
      isOver = true
      await Promise.all(writing)
      await redis.restart()
      await untilWritten(10_000)
    }
    const lost: string[] = []
    for (const id of acknowledged) {
      if ((await house.scim('GET', `/Users/${id}`)).status !== 200) lost.push(id)
    }
    expect(lost).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(100)
    tell('8 kills under writes', `${acknowledged.length} writes acknowledged, none lost`)
  })

  test('is frozen and wakes', async () => {
    redis.pause()
    const put = house.scim('PUT', `/Users/${warmId}`, { ...userBody(warm), title: 'frozen' })
    await awayFor('SIGSTOP', 'DIRECTORY_STALE')
    expect((await put).status).toBe(503)
    redis.resume()
    await recovered('SIGSTOP, continued')
    // It may have landed; whole and once, and the repetition is the same write.
    const again = await house.scim('PUT', `/Users/${warmId}`, {
      ...userBody(warm),
      title: 'frozen',
    })
    expect([again.status, again.body.title]).toEqual([200, 'frozen'])
  })

  test('loses everything in use, nobody is taken for unknown', async () => {
    await redis.client().flushall()
    const closedMs = await until(
      () => ask(warm),
      ({ allowed }) => !allowed,
    )
    expect(closedMs).toBeLessThan(500 + noiseMs)
    const reasons = [await reasonOf(warm), await reasonOf(cold), await reasonOf('no@acme.example')]
    expect(reasons).toEqual(Array(3).fill('DIRECTORY_UNAVAILABLE'))
    expect((await create('after-flush')).status).toBe(503)
    expect((await house.scim('GET', `/Users/${warmId}`)).status).toBe(503)
    await systemClock.sleep(leaseMs)
    expect(await reasonOf(warm)).toBe('DIRECTORY_UNAVAILABLE')
    expect(await redis.client(house.database).dbsize()).toBe(0)
    tell('FLUSHALL', `all blocked after ${ms(closedMs)} with DIRECTORY_UNAVAILABLE, SCIM 503`)
  })

  test('is another instance than before, with a log of its own', async () => {
    await using stranger = await startRedis()
    await using other = await redisHouse({ policy, redis: stranger, deciders: 0 })
    expect(other.database).toBe(house.database)
    house.deciders[0]!.proxy.retarget(stranger.port)
    house.ingestProxy.retarget(stranger.port)
    house.deciders[0]!.proxy.reset()
    house.ingestProxy.reset()
    const closedMs = await until(
      () => ask(warm),
      ({ allowed }) => !allowed,
    )
    expect(closedMs).toBeLessThan(leaseMs + noiseMs)
    expect(await reasonOf(cold)).toBe('DIRECTORY_UNAVAILABLE')
    expect((await create('at-the-stranger')).status).toBe(503)
    expect((await other.scim('GET', '/Users')).body.totalResults).toBe(0)
    tell('wrong instance', `all blocked after ${ms(closedMs)}, SCIM 503, nothing written there`)
    house.deciders[0]!.proxy.retarget(redis.port)
    house.ingestProxy.retarget(redis.port)
    house.deciders[0]!.proxy.reset()
    house.ingestProxy.reset()
    await recovered('wrong instance, mended')
  })

  test('is a read-only replica, until the primary is found again', async () => {
    await using replica = await startRedis({
      args: ['--replicaof', '127.0.0.1', String(redis.port)],
    })
    await until(
      async () => ask(warm),
      ({ allowed }) => allowed,
    )
    for (const proxy of [house.deciders[0]!.proxy, house.ingestProxy]) {
      proxy.retarget(replica.port)
      proxy.reset()
    }
    const startMs = performance.now()
    expect((await create('at-a-replica')).status).toBe(503)
    expect(performance.now() - startMs).toBeLessThan(2_000 + noiseMs)
    const closedMs = await until(
      () => ask(warm),
      ({ allowed }) => !allowed,
    )
    expect(closedMs).toBeLessThan(leaseMs + noiseMs)
    tell('read-only replica', `SCIM 503, all blocked after ${ms(closedMs)}`)
    for (const proxy of [house.deciders[0]!.proxy, house.ingestProxy]) {
      proxy.retarget(redis.port)
      proxy.reset()
    }
    await recovered('read-only replica, primary back')
  })

  test('has no replicas where it must: no write is taken, and no lease either', async () => {
    await redis.client().config('SET', 'min-replicas-to-write', '1')
    expect((await create('no-replicas')).status).toBe(503)
    const closedMs = await until(
      () => ask(warm),
      ({ allowed }) => !allowed,
    )
    expect(await reasonOf(warm)).toBe('DIRECTORY_STALE')
    tell('NOREPLICAS', `SCIM 503, all blocked after ${ms(closedMs)} with DIRECTORY_STALE`)
    await redis.client().config('SET', 'min-replicas-to-write', '0')
    await recovered('NOREPLICAS, mended')
  })

  test('is out of memory: SCIM refuses, decisions go on', async () => {
    const { used } = await memory(redis)
    await redis.client().config('SET', 'maxmemory', String(used - 1))
    const refused = await create('no-memory')
    expect([refused.status, refused.body.schemas]).toEqual([
      503,
      [expect.stringContaining('Error')],
    ])
    await systemClock.sleep(leaseMs * 2)
    expect([(await ask(warm)).answer.allowed, (await ask(cold)).answer.allowed]).toEqual([
      true,
      true,
    ])
    const read = await house.scim('GET', `/Users/${warmId}`)
    expect(read.status).toBe(200)
    tell('OOM', 'SCIM 503, reads 200, decisions unaffected beyond the lease')
    await redis.client().config('SET', 'maxmemory', '0')
    await recovered('OOM, mended')
  })

  test('cannot write to its disk: SCIM refuses, and no lease is renewed', async () => {
    const client = redis.client()
    await client.config('SET', 'save', '3600 1')
    // A snapshot cannot take the place of a folder.
    const inTheWay = join(redis.folder, 'dump.rdb')
    await mkdir(join(inTheWay, 'x'), { recursive: true })
    await client.bgsave()
    await systemClock.sleep(300)
    expect((await create('no-disk')).status).toBe(503)
    const closedMs = await until(
      () => ask(warm),
      ({ allowed }) => !allowed,
    )
    expect(await reasonOf(warm)).toBe('DIRECTORY_STALE')
    tell('MISCONF', `SCIM 503, all blocked after ${ms(closedMs)} with DIRECTORY_STALE`)
    await rm(inTheWay, { recursive: true })
    await client.bgsave()
    await recovered('MISCONF, mended')
  })

  test('has trimmed its log past a process that slept', async () => {
    const { served } = house.deciders[0]!
    served.child.kill('SIGSTOP')
    const off = { op: 'replace', path: 'active', value: false }
    expect((await house.scim('PATCH', `/Users/${warmId}`, patchBody(off))).status).toBe(200)
    await redis.client(house.database).xtrim('{p0}:feed', 'MAXLEN', 0)
    await create('newer')
    served.child.kill('SIGCONT')
    const first = await ask(warm)
    expect(first.answer.allowed).toBe(false)
    await until(
      () => ask('newer@acme.example'),
      ({ allowed }) => allowed,
    )
    expect(await reasonOf(warm)).toBe('USER_INACTIVE')
    tell('trimmed past a sleeper', `first answer ${first.answer.reason}, then everything read anew`)
  })

  test('is slow: who is in memory is decided at once, the others at the second attempt', async () => {
    const { proxy } = house.deciders[0]!
    proxy.delay(100)
    await systemClock.sleep(1_500)
    const [hit, miss] = await Promise.all([ask(warm), ask(cold)])
    expect([hit.answer.allowed, miss.answer.reason]).toEqual([true, 'DIRECTORY_UNAVAILABLE'])
    const foundMs = await until(
      () => ask(cold),
      ({ allowed }) => allowed,
    )
    tell(
      '200 ms slower',
      `hit in ${ms(hit.endedMs - hit.startedMs)}, miss blocked in ${ms(miss.endedMs - miss.startedMs)}, found ${ms(foundMs)} later`,
    )
  })

  test('resets every connection twice a second: everybody gets an answer, nobody a wrong one', async () => {
    let isOver = false
    const resets = (async () => {
      while (!isOver) {
        house.deciders[0]!.proxy.reset()
        house.ingestProxy.reset()
        await systemClock.sleep(500)
      }
    })()
    const answers: Asked[] = []
    const endMs = performance.now() + 4_000
    while (performance.now() < endMs) {
      answers.push(await ask(warm), await ask('nobody@acme.example'))
      await systemClock.sleep(5)
    }
    isOver = true
    await resets
    const reasons = new Map<string, number>()
    for (const { answer } of answers)
      reasons.set(answer.reason, (reasons.get(answer.reason) ?? 0) + 1)
    expect(
      [...reasons.keys()].every((reason) =>
        ['RULE', 'USER_UNKNOWN', 'DIRECTORY_UNAVAILABLE', 'DIRECTORY_STALE'].includes(reason),
      ),
    ).toBe(true)
    expect(reasons.get('RULE')).toBeGreaterThan(answers.length / 4)
    tell('RST every 500 ms', [...reasons].map(([reason, count]) => `${reason} ${count}`).join(', '))
    await recovered('RST, ended')
  })

  test('sends garbage: the connection is dropped and nothing wrong is kept', async () => {
    const { proxy } = house.deciders[0]!
    proxy.corrupt(997)
    const reasons = new Set<string>()
    for (let count = 0; count < 300; count++) {
      reasons.add(await reasonOf(warm))
      reasons.add(await reasonOf(cold))
    }
    expect(reasons.has('WIRE_INTERNAL')).toBe(false)
    proxy.corrupt(0)
    proxy.reset()
    await recovered('garbage, ended')
    tell('garbage', [...reasons].join(', '))
  })

  test('gets a new password: open connections live on, new ones take the next one', async () => {
    const client = redis.client()
    await client.call('ACL', 'SETUSER', 'default', 'resetpass', '>second')
    await systemClock.sleep(2 * leaseMs)
    expect((await ask(warm)).answer.allowed).toBe(true)
    expect((await create('rotated')).status).toBe(201)
    house.deciders[0]!.proxy.reset()
    const closedMs = await until(
      () => ask(warm),
      ({ allowed }) => !allowed,
    )
    tell('password taken away', `connections live on; once reset, blocked after ${ms(closedMs)}`)
    await client.call('ACL', 'SETUSER', 'default', 'nopass')
    await recovered('password given back')
  })
})

function tell(what: string, text: string): void {
  seen.push(`${what}: ${text}`)
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`
}

async function memory(redis: RedisServer): Promise<{ readonly used: number }> {
  const info = await redis.client().info('memory')
  return { used: Number(/used_memory:(\d+)/.exec(info)?.[1]) }
}
