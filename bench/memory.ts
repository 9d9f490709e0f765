import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/std/clock.ts'
import { openRedisStore } from '../src/store/redis-store/redis-store.ts'
import { hasRedis, startRedis } from '../test/support/redis-server.ts'
import { groupsOfEach, populate } from './support/population.ts'
import { Report } from './support/report.ts'

/**
 * What does a user cost, in a process that decides and in Redis? Measured as the system counts it,
 * not as the engine does: with everything that is needed to find the user.
 */
const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '100000' },
    principals: { type: 'string', default: '1000000' },
    json: { type: 'boolean', default: false },
  },
})
const users = Number(values.users)
const principals = Number(values.principals)
const principalBytesMax = 500
const redisUserBytesMax = 2_048

const report = new Report(values.json)
report.header(
  'What does a user cost, in memory and in Redis?',
  `users of ${groupsOfEach} groups each; ${principals} in memory, found by userName, three attributes kept; ${users} in Redis`,
)
const measured = JSON.parse(
  execFileSync(
    process.execPath,
    ['--expose-gc', join(import.meta.dirname, 'memory/principals.ts'), String(principals)],
    { encoding: 'utf8' },
  ),
) as { readonly rss: number; readonly heap: number }
report.figure('principal, resident', `${measured.rss.toFixed(0)} bytes`)
report.figure('principal, heap', `${measured.heap.toFixed(0)} bytes`)
report.ratio('memory.principal', principalBytesMax / measured.rss, 1)

if (!hasRedis) {
  report.skipped('memory.redis_user', 'no redis-server on PATH')
} else {
  await using redis = await startRedis()
  const settings = redis.settings()
  const client = redis.client(settings.database)
  const used = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
  const before = await used()
  await using store = await openRedisStore(settings, systemClock, { mayWrite: true })
  await populate(store, users)
  // Results of commits are kept for two minutes, and the log for as long as it is long.
  const stream = Number(await client.memory('USAGE', '{p0}:feed', 'SAMPLES', 0))
  for await (const names of client.scanStream({ match: '{p0}:op:*', count: 10_000 })) {
    if (names.length > 0) await client.unlink(...names)
  }
  const each = ((await used()) - before - stream) / users
  report.figure(
    'user in Redis',
    `${each.toFixed(0)} bytes, and ${(stream / users).toFixed(0)} of log`,
  )
  report.ratio('memory.redis_user', redisUserBytesMax / each, 1)
}
