import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/std/clock.ts'
import { openRedisStore } from '../src/store/redis-store/redis-store.ts'
import { openSqliteStore } from '../src/store/sqlite-store/sqlite-store.ts'
import { hasRedis, startRedis } from '../test/support/redis-server.ts'
import { groupsOfEach, populate } from './support/population.ts'
import { Report } from './support/report.ts'

/**
 * How long does a process that decides take from its start until it is ready, and until everybody
 * is in memory?
 */
const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '100000' },
    stores: { type: 'string', default: 'redis,sqlite' },
    json: { type: 'boolean', default: false },
  },
})
const users = Number(values.users)
const stores = values.stores.split(',')
/** Seconds from start to ready with a million users in Redis. */
const readySecondsMax = 20
const rounds = 3

const report = new Report(values.json)
report.header(
  'How long does a process that decides take to start?',
  `${users} users of ${groupsOfEach} groups each, \`serve --roles decision,admin\`, best of ${rounds}`,
)
const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
try {
  if (stores.includes('redis')) await onRedis()
  if (stores.includes('sqlite')) await onSqlite()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function onRedis(): Promise<void> {
  if (!hasRedis) return report.skipped('start.redis', 'no redis-server on PATH')
  await using redis = await startRedis()
  const settings = redis.settings()
  {
    await using store = await openRedisStore(settings, systemClock, { mayWrite: true })
    await populate(store, users)
  }
  const { ready, warm } = await measure(`redis://127.0.0.1:${redis.port}/${settings.database}`)
  report.figure('redis, ready', seconds(ready))
  report.figure('redis, everybody in memory', seconds(warm))
  const name = users >= 1_000_000 ? 'start.redis_1m' : `start.redis_${users / 1_000}k`
  report.ratio(name, readySecondsMax / ready, 1)
  report.ratio(`${name}.warm`, readySecondsMax / warm, 1, 'until everybody is in memory')
}

async function onSqlite(): Promise<void> {
  const path = join(folder, 'sallyport.db')
  {
    await using store = await openSqliteStore(path, systemClock)
    await populate(store, users)
  }
  const { ready, warm } = await measure(`sqlite:${path}`)
  report.figure('sqlite, ready', seconds(ready))
  report.figure('sqlite, everybody in memory', seconds(warm))
}

async function measure(store: string): Promise<{ readonly ready: number; readonly warm: number }> {
  const config = join(folder, 'sallyport.yaml')
  const policy = join(folder, 'policy.yaml')
  const rules =
    '{ id: all, effect: allow, apps: { names: [wiki] }, when: { user.userType: { eq: E } } }'
  await writeFile(policy, `version: 1\napplications: { wiki: {} }\nrules:\n  - ${rules}\n`)
  const free = '{ address: "127.0.0.1:0" }'
  const lines = [
    `store: "${store}"`,
    `listen: { scim: ${free}, grpc: ${free}, authzen: ${free}, admin: ${free} }`,
    `cache: { principals: ${users} }`,
    'tenants: { acme: { policy: policy.yaml, directories: { entra: {}, okta: { domains: [x.example] } } } }',
  ]
  await writeFile(config, `${lines.join('\n')}\n`)
  // Publishes the policy, and has the files read once.
  await startOnce('ingest,admin', config)
  const times: { ready: number; warm: number }[] = []
  for (let round = 0; round < rounds; round++) times.push(await startOnce('decision,admin', config))
  const best = (name: 'ready' | 'warm') => Math.min(...times.map((each) => each[name]))
  return { ready: best('ready'), warm: best('warm') }
}

async function startOnce(roles: string, config: string) {
  const startMs = performance.now()
  const since = () => (performance.now() - startMs) / 1_000
  const args = ['src/main.ts', 'serve', '--config', config, '--roles', roles, '--json']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let warm = 0
  const warmed = new Promise<void>((resolve) => {
    createInterface(child.stderr).on('line', (line) => {
      if (!line.includes('"warmed-up"')) return
      warm = since()
      resolve()
    })
  })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { admin } = JSON.parse(line) as { readonly admin: string }
  while (!(await fetch(`${admin}/readyz`)).ok) await systemClock.sleep(20)
  const ready = since()
  if (roles.includes('decision')) await warmed
  child.kill('SIGKILL')
  await once(child, 'exit')
  return { ready, warm }
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`
}
