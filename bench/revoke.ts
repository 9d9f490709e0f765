import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/std/clock.ts'
import { openRedisStore } from '../src/store/redis-store/redis-store.ts'
import type { Store } from '../src/store/store.ts'
import { patchBody, userBody } from '../test/scim-http/scim-fixture.ts'
import { type RedisHouse, redisHouse, until } from '../test/support/redis-house.ts'
import { hasRedis, type RedisServer, startRedis } from '../test/support/redis-server.ts'
import { acme, document, entra } from '../test/support/store-fixture.ts'
import { percentile, Report } from './support/report.ts'

/**
 * How long does a revocation take to be in force in every process that decides? The barrier alone,
 * between a commit and the moment at which nobody can decide from before it; and the whole SCIM
 * request, with a look at every process right behind its answer.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '300' },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const processes = [1, 3, 8]
/** Not counted. */
const warmUps = 30
/** Barrier on loopback with three processes, 99th percentile. */
const barrierMsMax = 10

const report = new Report(values.json)
report.header(
  'How long does a revocation take to be in force everywhere?',
  `${rounds} revocations one after the other, ${processes.join(', ')} decision processes, Redis without persistence, loopback`,
)
if (!hasRedis) {
  report.skipped('revoke.barrier', 'no redis-server on PATH')
} else {
  await using redis = await startRedis()
  await roundTrips(redis)
  for (const count of processes) await measure(redis, count)
}

async function roundTrips(redis: RedisServer): Promise<void> {
  const client = redis.client()
  const times: number[] = []
  for (let round = 0; round < rounds + warmUps; round++) {
    const startMs = performance.now()
    await client.ping()
    times.push(performance.now() - startMs)
  }
  report.figure('redis round trip', spread(times.slice(warmUps)))
}

async function measure(redis: RedisServer, deciders: number): Promise<void> {
  await using house = await redisHouse({ redis, deciders, lease: '5s' })
  await using store = await openRedisStore(
    redis.settings({ database: house.database }),
    systemClock,
    { mayWrite: true },
  )
  await store.enroll([{ tenant: acme, directory: entra }])
  const barriers: number[] = []
  const requests: number[] = []
  let late = 0
  for (let round = 0; round < rounds + warmUps; round++) {
    const name = `user${round}@acme.example`
    const { body } = await house.scim('POST', '/Users', userBody(name))
    for (const each of house.deciders)
      await until(
        () => each.ask(name),
        ({ allowed }) => allowed,
      )
    barriers.push(await barrierOf(store, body.id, name))
    requests.push(await requestOf(house, body.id))
    const asked = await Promise.all(house.deciders.map((each) => each.ask(name)))
    late += asked.filter(({ answer }) => answer.allowed).length
  }
  const of = `${deciders} process${deciders === 1 ? '' : 'es'}`
  report.figure(`barrier, ${of}`, spread(barriers.slice(warmUps)))
  report.figure(`SCIM deactivation, ${of}`, spread(requests.slice(warmUps)))
  report.figure(`allowed after the answer, ${of}`, String(late))
  if (deciders !== 3) return
  report.ratio('revoke.barrier', barrierMsMax / percentile(barriers.slice(warmUps), 99), 1)
}

/** The user stays active: what is timed is how soon everybody knows. */
async function barrierOf(store: Store, id: string, userName: string): Promise<number> {
  const body = document({ userName, active: true, title: 'x' })
  const change = { op: 'update', of: 'users', directory: entra, id, document: body } as const
  const at = new Date().toISOString()
  const committed = await store.commit({ ...change, at }, { opId: randomUUID() })
  if (committed.kind !== 'ok') throw new Error(committed.kind)
  const startMs = performance.now()
  await store.barrier(committed.position)
  return performance.now() - startMs
}

async function requestOf({ scim }: RedisHouse, id: string): Promise<number> {
  const startMs = performance.now()
  const off = patchBody({ op: 'replace', path: 'active', value: false })
  const { status } = await scim('PATCH', `/Users/${id}`, off)
  if (status !== 200) throw new Error(`SCIM answered ${status}`)
  return performance.now() - startMs
}

function spread(times: readonly number[]): string {
  const at = (percent: number) => percentile(times, percent).toFixed(2)
  return `p50 ${at(50)} ms, p99 ${at(99)} ms, p99.9 ${at(99.9)} ms`
}
