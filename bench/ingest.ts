import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readHouseConfig } from '../src/app/house-config.ts'
import { openOperator } from '../src/app/operator.ts'
import type { RoundResult, ToClient } from './ingest/client.ts'
import { type MixName, mixNames } from './ingest/mixes.ts'
import { missingPeers } from './support/peers.ts'
import { median, percentile, Report } from './support/report.ts'
import { type ServedVariant, startVariant } from './support/servers.ts'

/**
 * How fast are SCIM writes that survive a power cut, beside a well-known library's that are only in
 * memory? The same requests, in alternating rounds, at a served Sallyport on SQLite with full
 * synchronisation and at scimmy-routers on express over Maps.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '6000' },
    connections: { type: 'string', default: '32' },
    groups: { type: 'string', default: '500' },
    json: { type: 'boolean', default: false },
  },
})
const [roundsCount, amount] = [Number(values.rounds), Number(values.requests)]
const [connections, groups] = [Number(values.connections), Number(values.groups)]
const goal = 2

const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
try {
  await measure()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function measure(): Promise<void> {
  const report = new Report(values.json)
  const shape = `autocannon in a process of its own, ${connections} connections, one request under way on each`
  const work = `${amount} requests a round and mix, ${groups} groups; ${roundsCount} alternating rounds`
  report.header(
    'How fast are durable SCIM writes, beside a library in memory?',
    `${shape}; ${work}; nothing pinned`,
  )
  const missing = missingPeers()
  if (missing !== undefined) {
    report.skipped('ingest.vs_scimmy', missing)
    return
  }
  await using ours = await startOurs()
  await using peer = await startPeer()
  const rounds = new Map<MixName, Pair[]>(mixNames.map((mix) => [mix, []]))
  // The first round fills both, and is not counted: nothing is compiled yet.
  for (let round = 0; round <= roundsCount; round += 1) {
    for (const mix of mixNames) {
      const order = round % 2 === 0 ? [ours, peer] : [peer, ours]
      for (const server of order) server.last = await run(server, mix)
      if (round > 0) rounds.get(mix)!.push({ ours: ours.last!, peer: peer.last! })
    }
  }
  for (const mix of mixNames) tell(report, mix, rounds.get(mix)!)
  const overall = [...Array(roundsCount).keys()].map((round) => {
    const logs = mixNames.map((mix) => Math.log(ratioOf(rounds.get(mix)![round]!)))
    return Math.exp(logs.reduce((sum, one) => sum + one, 0) / logs.length)
  })
  report.ratio('ingest.vs_scimmy', median(overall), goal)
}

interface Loaded extends AsyncDisposable {
  readonly server: ServedVariant
  readonly client: ChildProcess
  last: Round | undefined
}
interface Round extends RoundResult {
  readonly rps: number
  readonly cpuUs: number
}
interface Pair {
  readonly ours: Round
  readonly peer: Round
}

async function startOurs(): Promise<Loaded> {
  const file = join(folder, 'sallyport.yaml')
  const free = { address: '127.0.0.1:0' }
  const config = {
    store: `sqlite:${join(folder, 'sallyport.db')}`,
    listen: { scim: free, grpc: free, authzen: free, admin: free },
    tenants: { acme: { directories: { entra: { default: true } } } },
    limits: { scimPerDirectory: { rate: 1_000_000, burst: 1_000_000 } },
    logLevel: 'error',
  }
  await writeFile(file, JSON.stringify(config))
  await using operator = await openOperator(readHouseConfig(file))
  const created = await operator.createToken('entra', { label: 'bench' })
  if (created.kind !== 'created') throw new Error(`no token: ${created.kind}`)
  const args = ['src/main.ts', 'serve', '--config', file, '--json']
  const server = await startVariant('sallyport', args, { pinned: false })
  return await load(server, `${server.ready.scim}/scim/entra/v2`, created.token)
}

async function startPeer(): Promise<Loaded> {
  const token = 'bench-token-of-the-peer'
  const env = { BENCH_TOKEN: token, NODE_ENV: 'production' }
  const args = ['bench/peers/scimmy-server.js']
  const server = await startVariant('scimmy', args, { env, pinned: false })
  return await load(server, server.ready.scim!, token)
}

async function load(server: ServedVariant, url: string, token: string): Promise<Loaded> {
  const client = fork(join(import.meta.dirname, 'ingest/client.ts'))
  client.send({ url, token, groups } satisfies ToClient)
  await once(client, 'message')
  const dispose = async () => {
    client.kill()
    await server[Symbol.asyncDispose]()
  }
  return { server, client, last: undefined, [Symbol.asyncDispose]: dispose }
}

async function run({ server, client }: Loaded, mix: MixName): Promise<Round> {
  const before = server.cpuMs()
  client.send({ mix, amount, connections } satisfies ToClient)
  const [result] = (await once(client, 'message')) as [RoundResult]
  const { wallMs, millis, statuses, faults } = result
  const refused = Object.keys(statuses).filter((status) => !status.startsWith('2'))
  if (refused.length > 0 || faults.length > 0) {
    const counts = JSON.stringify(statuses)
    throw new Error(`${server.name} did not do its work in ${mix}: ${counts} ${faults.join('; ')}`)
  }
  const cpuMs = (server.cpuMs() ?? Number.NaN) - (before ?? Number.NaN)
  return { ...result, rps: (millis.length * 1000) / wallMs, cpuUs: (cpuMs * 1000) / millis.length }
}

function ratioOf({ ours, peer }: Pair): number {
  return ours.rps / peer.rps
}

function tell(report: Report, mix: MixName, pairs: readonly Pair[]): void {
  for (const who of ['peer', 'ours'] as const) {
    const rounds = pairs.map((pair) => pair[who])
    const name = `ingest.${mix} ${who === 'ours' ? 'sallyport' : 'scimmy'}`
    const each = rounds.map(({ rps }) => Math.round(rps)).join(' ')
    const middle = Math.round(median(rounds.map(({ rps }) => rps)))
    const all = rounds.flatMap(({ millis }) => millis)
    const [p50, p99, p999] = [50, 99, 99.9].map((percent) => percentile(all, percent).toFixed(1))
    const cpu = median(rounds.map(({ cpuUs }) => cpuUs)).toFixed(0)
    report.figure(name, `${middle} requests/s (${each})`)
    const latency = `p50 ${p50} ms, p99 ${p99} ms, p99.9 ${p999} ms`
    report.figure(`${name} latency`, `${latency}; server CPU ${cpu} µs a request, checks included`)
  }
  report.ratio(`ingest.vs_scimmy.${mix}`, median(pairs.map(ratioOf)), goal)
}
