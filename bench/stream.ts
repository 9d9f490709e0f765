import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  checkUrl,
  encodedBatches,
  encodedRequest,
  expectAllowed,
  framed,
  warmPrincipals,
} from './decide/asking.ts'
import { questionsOf, type WorldSize, writeWorld } from './decide/world.ts'
import { connections, inFlight, type StreamRound, streamLoad } from './stream/load.ts'
import { chooseLoad, middle as middleOf, type Round } from './support/load.ts'
import { median, Report } from './support/report.ts'
import { placement, startVariant } from './support/servers.ts'

/**
 * What does a decision cost in a batch on a stream? CheckStream beside unary Check of the same
 * server, and beside an empty stream handler with the same messages behind the same front.
 */
const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '100000' },
    rules: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
})
const size: WorldSize = {
  users: Number(values.users),
  groups: 500,
  applications: 1000,
  rules: Number(values.rules),
}
const roundsCount = Number(values.rounds)
const seconds = Number(values.seconds)
const batch = 32
/** So many messages that differ are sent in turn. */
const messagesCount = 8
const warmUsers = Math.min(size.users, 20_000)
/** Long enough for the optimizing compiler to be done with the hot path. */
const warmSeconds = 3
const goals = { vsUnary: 10, vsNull: 0.5 }

const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
try {
  await measure()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function measure(): Promise<void> {
  const unary = chooseLoad(folder)
  const report = new Report(values.json)
  report.header('What does a decision cost in a batch on a stream?', loadText(unary.text))
  const config = await writeWorld(join(folder, 'world'), size)
  const questions = questionsOf(size, batch * messagesCount)
  const unaryBody = join(folder, 'unary')
  const streamBody = join(folder, 'stream')
  await writeFile(unaryBody, framed(encodedRequest(questions[0]!)))
  await writeFile(streamBody, encodedBatches(questions, batch))
  await using floor = await startVariant('null', ['bench/decide/null-server.ts'])
  await using ours = await startVariant('sallyport', [
    ...['src/main.ts', 'serve', '--config', config, '--json'],
  ])
  await warmPrincipals(ours, warmUsers)
  await expectAllowed(ours, questions)

  const rounds = { unary: [] as Round[], floor: [] as StreamRound[], ours: [] as StreamRound[] }
  const check = { server: ours, url: checkUrl(ours), body: unaryBody }
  await unary.run(check, warmSeconds)
  for (const server of [floor, ours]) await streamLoad(server, streamBody, batch, warmSeconds)
  for (let n = 0; n < roundsCount; n++) {
    rounds.unary.push(await unary.run(check, seconds))
    rounds.floor.push(await streamLoad(floor, streamBody, batch, seconds))
    rounds.ours.push(await streamLoad(ours, streamBody, batch, seconds))
  }
  await expectAllowed(ours, questions)

  const unaryRps = middleOf(rounds.unary, 'rps')
  const unaryCpuUs = middleOf(rounds.unary, 'cpuUs')
  report.figure('stream.unary', `${Math.round(unaryRps)} calls/s, ${unaryCpuUs.toFixed(1)} µs CPU`)
  tell(report, 'stream.null', rounds.floor)
  tell(report, 'stream.sallyport', rounds.ours)
  const vsUnaryByCpu = unaryCpuUs / middle(rounds.ours, 'cpuUs')
  const vsNullByCpu = middle(rounds.floor, 'cpuUs') / middle(rounds.ours, 'cpuUs')
  report.figure('stream.vs_unary by server CPU', vsUnaryByCpu.toFixed(2))
  report.figure('stream.vs_null by server CPU', vsNullByCpu.toFixed(3))
  const perSecond = middle(rounds.ours, 'decisionsPerSecond')
  if (unary.measures === 'cpu') report.ratio('stream.vs_unary', vsUnaryByCpu, goals.vsUnary, 'cpu')
  else report.ratio('stream.vs_unary', perSecond / unaryRps, goals.vsUnary)
  const floorPerSecond = middle(rounds.floor, 'decisionsPerSecond')
  report.ratio('stream.vs_null', perSecond / floorPerSecond, goals.vsNull)
}

function loadText(unary: string): string {
  const world = `${size.rules} rules, ${size.applications} applications, ${size.users} users, ${warmUsers} of them warm`
  const stream = `${connections} streams on connections of their own, ${inFlight} messages of ${batch} in flight on each`
  return `${stream}; unary: ${unary}; ${placement}; ${world}; ${roundsCount} alternating rounds of ${seconds} s, median`
}

function tell(report: Report, name: string, rounds: readonly StreamRound[]): void {
  const ms = (key: 'p50Ms' | 'p99Ms' | 'p999Ms') => middle(rounds, key).toFixed(2)
  const each = rounds.map((round) => Math.round(round.decisionsPerSecond)).join(' ')
  const perSecond = Math.round(middle(rounds, 'decisionsPerSecond'))
  report.figure(name, `${perSecond} decisions/s (${each})`)
  const latency = `p50 ${ms('p50Ms')} ms, p99 ${ms('p99Ms')} ms, p99.9 ${ms('p999Ms')} ms`
  report.figure(`${name} latency`, `${latency}, of a message`)
  report.figure(`${name} server CPU`, `${middle(rounds, 'cpuUs').toFixed(2)} µs a decision`)
  report.figure(`${name} answer`, `${middle(rounds, 'answerBytes').toFixed(0)} bytes a decision`)
  const busy = (middle(rounds, 'clientBusy') * 100).toFixed(0)
  report.figure(`${name} load client`, `busy for ${busy} % of the time`)
}

function middle(rounds: readonly StreamRound[], key: keyof StreamRound): number {
  return median(rounds.map((round) => round[key]))
}
