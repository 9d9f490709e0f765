import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startApp } from '../src/app/app.ts'
import { readHouseConfig } from '../src/app/house-config.ts'
import { openOperator } from '../src/app/operator.ts'
import { userName, type WorldSize, writeWorld } from './decide/world.ts'
import type { Calls, Questions } from './stall/gateway.ts'
import type { Answered, Sent } from './stall/provider.ts'
import { median, percentile, Report } from './support/report.ts'

/**
 * How long does a large SCIM request hold up the thread that decides? One process does both, as
 * `serve` does without `--roles`; identity provider and gateway are processes of their own.
 */
const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '100000' },
    json: { type: 'boolean', default: false },
  },
})
const members = Number(values.members)
const size: WorldSize = { users: members, groups: 500, applications: 100, rules: 1000 }
const warmUsers = Math.min(size.users, 20_000)
/** Each request this often, and the longest stall of all counts. */
const roundsCount = 5
/** No work on the thread that decides may take longer. */
const stallMsMax = 50
const sampleMs = 1

const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
try {
  await measure()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function measure(): Promise<void> {
  const report = new Report(values.json)
  const load = `${members} users, ${warmUsers} of them warm, one group of ${members} members; 200 decisions/s from a process of its own; ${roundsCount} rounds`
  report.header('How long does a large SCIM request hold up the thread that decides?', load)
  const config = readHouseConfig(await writeWorld(join(folder, 'world'), size))
  await using app = await startApp(config, undefined, { lingerMs: 0 })
  const token = await makeToken(config)
  using gateway = startChild('gateway')
  using provider = startChild('provider')
  const questions: Questions = { address: app.addresses.grpc!, users: users(warmUsers) }
  gateway.child.send(questions)
  await once(gateway.child, 'message')
  const send = async (request: Omit<Sent, 'url' | 'token'>): Promise<Answered> => {
    provider.child.send({ url: `${app.addresses.scim}/scim/entra/v2`, token, ...request })
    const [answer] = (await once(provider.child, 'message')) as [Answered]
    if (answer.status >= 300) throw new Error(`${request.method}: ${answer.status} ${answer.text}`)
    return answer
  }
  await tell(report, gateway.child, send)
}

type Send = (request: Omit<Sent, 'url' | 'token'>) => Promise<Answered>
type Phase = readonly [name: string, run: (round: number) => Promise<unknown>]

function phasesOf(send: Send, id: string): readonly Phase[] {
  const path = `/Groups/${id}`
  const put = (to: number) => send({ method: 'PUT', path, group: 'Everybody', from: 0, to })
  const filter = encodeURIComponent('name.familyName co "nobody"')
  return [
    ['nothing', () => setTimeout(2000)],
    [
      'POST of a group',
      (round) =>
        send({ method: 'POST', path: '/Groups', group: `G${round}`, from: 0, to: members }),
    ],
    ['PUT, nothing changed', () => put(members)],
    ['PUT, half of them', () => put(members / 2)],
    ['PUT, all again', () => put(members)],
    ['GET of the group', () => send({ method: 'GET', path })],
    ['filter that scans all users', () => send({ method: 'GET', path: `/Users?filter=${filter}` })],
  ]
}

async function tell(report: Report, gateway: ChildProcess, send: Send): Promise<void> {
  const everybody = { group: 'Everybody', from: 0, to: members }
  const { id } = await send({ method: 'POST', path: '/Groups', ...everybody })
  const stalls = new Map<string, Stall[]>()
  const calls = new Map<string, number[]>()
  for (let round = 0; round < roundsCount; round += 1) {
    for (const [name, run] of phasesOf(send, id)) {
      await askGateway(gateway, 'begin')
      const stall = await longestStall(() => run(round))
      const { micros, failed } = await askGateway(gateway, 'end')
      if (failed.length > 0) throw new Error(`decisions failed: ${failed[0]}`)
      stalls.set(name, [...(stalls.get(name) ?? []), stall])
      calls.set(name, [...(calls.get(name) ?? []), ...micros])
    }
  }
  for (const [name, each] of stalls) {
    const [wall, cpu] = [worst(each, 'wallMs').toFixed(1), worst(each, 'cpuMs').toFixed(1)]
    const [p50, p99, longest] = [50, 99, 100].map((percent) => ms(calls.get(name)!, percent))
    const took = median(each.map(({ tookMs }) => tookMs)).toFixed(0)
    const decided = `decisions p50 ${p50} ms, p99 ${p99} ms, longest ${longest} ms`
    report.figure(name, `took ${took} ms; longest stall ${wall} ms, of CPU ${cpu} ms; ${decided}`)
  }
  const all = [...stalls.values()].flat()
  report.ratio('stall.longest', stallMsMax / worst(all, 'wallMs'), 1)
  // What other processes take of the cores is not in it.
  report.ratio('stall.longest', stallMsMax / worst(all, 'cpuMs'), 1, 'cpu')
}

async function askGateway(gateway: ChildProcess, what: 'begin' | 'end'): Promise<Calls> {
  gateway.send(what)
  const [calls] = (await once(gateway, 'message')) as [Calls]
  return calls
}

/** The longest time between two turns of this thread while something ran, and the most CPU in one. */
interface Stall {
  readonly tookMs: number
  readonly wallMs: number
  readonly cpuMs: number
}

async function longestStall(run: () => Promise<unknown>): Promise<Stall> {
  const delays = monitorEventLoopDelay({ resolution: sampleMs })
  let [cpuMs, lastMs] = [0, threadCpuMs()]
  const sampling = setInterval(() => {
    const nowMs = threadCpuMs()
    cpuMs = Math.max(cpuMs, nowMs - lastMs)
    lastMs = nowMs
  }, sampleMs)
  delays.enable()
  const startedMs = performance.now()
  await run()
  const tookMs = performance.now() - startedMs
  delays.disable()
  clearInterval(sampling)
  return { tookMs, wallMs: delays.max / 1e6, cpuMs }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function worst(stalls: readonly Stall[], key: keyof Stall): number {
  return Math.max(...stalls.map((stall) => stall[key]))
}

function ms(micros: readonly number[], percent: number): string {
  return (percentile(micros, percent) / 1000).toFixed(1)
}

function startChild(name: string): { readonly child: ChildProcess } & Disposable {
  const child = fork(join(import.meta.dirname, 'stall', `${name}.ts`))
  return { child, [Symbol.dispose]: () => void child.kill() }
}

function users(count: number): readonly string[] {
  return [...Array(count).keys()].map(userName)
}

async function makeToken(config: Parameters<typeof openOperator>[0]): Promise<string> {
  await using operator = await openOperator(config)
  const created = await operator.createToken('entra', { label: 'bench' })
  if (created.kind !== 'created') throw new Error(`no token: ${created.kind}`)
  return created.token
}
