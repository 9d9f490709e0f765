import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { evaluationOf, warmPrincipals } from './decide/asking.ts'
import { type Question, questionsOf, type WorldSize, writeWorld } from './decide/world.ts'
import { chooseLoad, middle, type Round, tellRounds } from './support/load.ts'
import { Report } from './support/report.ts'
import { placement, type ServedVariant, startVariant } from './support/servers.ts'

/**
 * What does a decision over HTTP cost on top of answering at all? AuthZEN's Access Evaluation
 * against 10,000 rules, beside an empty Fastify handler with the same body and answer.
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
const warmUsers = Math.min(size.users, 20_000)
const warmSeconds = 3
const goal = 0.7
const path = '/access/v1/evaluation'

const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
try {
  await measure()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function measure(): Promise<void> {
  const load = chooseLoad(folder, 'json')
  const report = new Report(values.json)
  const world = `${size.rules} rules, ${size.applications} applications, ${size.users} users, ${warmUsers} of them warm`
  const rounds = `${roundsCount} alternating rounds of ${seconds} s, median`
  const loadText = `${load.text}; ${placement}; ${world}; ${rounds}`
  report.header('What does a decision over HTTP cost on top of answering at all?', loadText)
  const config = await writeWorld(join(folder, 'world'), size)
  await using ours = await startVariant('sallyport', [
    ...['src/main.ts', 'serve', '--config', config, '--json'],
  ])
  if (ours.ready.authzen === undefined) {
    report.skipped('authzen.vs_null', 'no authzen listener')
    return
  }
  await using floor = await startVariant('null', ['bench/authzen/null-server.ts'])
  await warmPrincipals(ours, warmUsers)
  const questions = questionsOf(size, roundsCount)
  for (const question of questions) await expectAllowed(ours, question)

  const [floorRounds, ourRounds]: [Round[], Round[]] = [[], []]
  for (const [n, question] of questions.entries()) {
    const body = join(folder, `body-${n}`)
    await writeFile(body, JSON.stringify(evaluationOf(question)))
    const target = (server: ServedVariant) => ({ server, url: server.ready.authzen + path, body })
    if (n === 0) for (const server of [floor, ours]) await load.run(target(server), warmSeconds)
    floorRounds.push(await load.run(target(floor), seconds))
    ourRounds.push(await load.run(target(ours), seconds))
  }
  for (const question of questions) await expectAllowed(ours, question)

  tellRounds(report, 'authzen.null', floorRounds)
  tellRounds(report, 'authzen.sallyport', ourRounds)
  const byCpu = middle(floorRounds, 'cpuUs') / middle(ourRounds, 'cpuUs')
  const byRps = middle(ourRounds, 'rps') / middle(floorRounds, 'rps')
  report.figure('authzen.vs_null by server CPU', byCpu.toFixed(3))
  if (load.measures === 'cpu') report.ratio('authzen.vs_null', byCpu, goal, 'cpu')
  else report.ratio('authzen.vs_null', byRps, goal)
}

/** That the answers measured are the right ones. */
async function expectAllowed(server: ServedVariant, question: Question): Promise<void> {
  const response = await fetch(server.ready.authzen + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(evaluationOf(question)),
  })
  const text = await response.text()
  const { decision, context } = JSON.parse(text) as { decision?: boolean; context?: Said }
  if (decision === true && context?.rule === question.rule) return
  throw new Error(`expected allow by ${question.rule}, got ${response.status} ${text}`)
}
interface Said {
  readonly rule?: string
}
