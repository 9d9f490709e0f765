import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { againstCerbos } from './decide/against-cerbos.ts'
import {
  checkUrl,
  encodedRequest,
  expectAllowed,
  framed,
  warmedUp,
  warmPrincipals,
} from './decide/asking.ts'
import { tellGrowth } from './decide/growth.ts'
import { tellLatencies } from './decide/steady.ts'
import { type Question, questionsOf, type WorldSize, writeWorld } from './decide/world.ts'
import { chooseLoad, type Load, middle, type Round, tellRounds } from './support/load.ts'
import { Report } from './support/report.ts'
import { placement, type ServedVariant, startVariant } from './support/servers.ts'

/**
 * What does deciding cost on top of answering at all? Check against 10,000 rules, beside an empty
 * handler with the same messages behind the same front, one server at a time on one core. Then how
 * long answers take below capacity; Cerbos with the same rules; and, with `--growth`, what the cost
 * of a decision grows with. `--parts` names those wanted: null, latency, cerbos, growth.
 */
const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '100000' },
    rules: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    parts: { type: 'string', default: 'null,latency,cerbos' },
    growth: { type: 'boolean', default: false },
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
const parts = new Set(values.parts.split(','))
if (values.growth) parts.add('growth')
const warmUsers = Math.min(size.users, 20_000)
/** Long enough for the optimizing compiler to be done with the hot path. */
const warmSeconds = 3
const goal = 0.85

const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
try {
  await measure()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function measure(): Promise<void> {
  const load = chooseLoad(folder)
  const report = new Report(values.json)
  report.header('What does deciding cost on top of answering at all?', loadText(load))
  if (parts.has('null') || parts.has('latency')) await againstNull(report, load)
  if (parts.has('cerbos')) {
    await againstCerbos({ report, load, folder, seconds, rounds: roundsCount, warmSeconds })
  }
  if (parts.has('growth')) await tellGrowth({ report, folder, seconds, size, warmSeconds })
}

async function againstNull(report: Report, load: Load): Promise<void> {
  const config = await writeWorld(join(folder, 'world'), size)
  const questions = questionsOf(size, roundsCount)
  await using floor = await startVariant('null', ['bench/decide/null-server.ts'])
  await using ours = await startVariant('sallyport', [
    ...['src/main.ts', 'serve', '--config', config, '--json'],
  ])
  await warmPrincipals(ours, warmUsers)
  await warmedUp(ours)
  await expectAllowed(ours, questions)

  const floorRounds: Round[] = []
  const ourRounds: Round[] = []
  const bodies = await Promise.all(questions.map((question, n) => writeBody(question, n)))
  const target = (server: ServedVariant, body: string) => ({ server, url: checkUrl(server), body })
  for (const server of [floor, ours]) await load.run(target(server, bodies[0]!), warmSeconds)
  for (const body of bodies) {
    floorRounds.push(await load.run(target(floor, body), seconds))
    ourRounds.push(await load.run(target(ours, body), seconds))
  }
  await expectAllowed(ours, questions)
  if (parts.has('latency')) {
    const measured = target(ours, bodies[0]!)
    await tellLatencies(report, 'decide.latency', measured, middle(ourRounds, 'rps'), seconds)
  }
  if (!parts.has('null')) return

  tellRounds(report, 'decide.null', floorRounds)
  tellRounds(report, 'decide.sallyport', ourRounds)
  const byCpu = middle(floorRounds, 'cpuUs') / middle(ourRounds, 'cpuUs')
  const byRps = middle(ourRounds, 'rps') / middle(floorRounds, 'rps')
  report.figure('decide.vs_null by server CPU', byCpu.toFixed(3))
  if (load.measures === 'cpu') report.ratio('decide.vs_null', byCpu, goal, 'cpu')
  else report.ratio('decide.vs_null', byRps, goal)
}

function loadText(load: Load): string {
  const world = `${size.rules} rules, ${size.applications} applications, ${size.users} users, all in memory`
  return `${load.text}; ${placement}; ${world}; ${roundsCount} alternating rounds, median`
}

/** One request as a load client sends it. */
async function writeBody(question: Question, n: number): Promise<string> {
  const file = join(folder, `body-${n}`)
  await writeFile(file, framed(encodedRequest(question)))
  return file
}
