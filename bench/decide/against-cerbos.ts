import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SallyportClient } from '../../src/client/client.ts'
import { type Load, middle, type Round, type Target, tellRounds } from '../support/load.ts'
import { missingPeers } from '../support/peers.ts'
import type { Report } from '../support/report.ts'
import { seeded } from '../support/rule-workload.ts'
import { type ServedVariant, startVariant } from '../support/servers.ts'
import { checkUrl, encodedRequest, expectAllowed, framed, warmPrincipals } from './asking.ts'
import { type Cerbos, cerbosRequest, missingCerbos, startCerbos } from './cerbos.ts'
import { hostOf, questionsOf, userName, type WorldSize, worldOf, writeWorld } from './world.ts'

const sizes = [
  { name: 'decide.vs_cerbos_100', rules: 100, goal: 3 },
  { name: 'decide.vs_cerbos_1k', rules: 1_000, goal: 10 },
  { name: 'decide.vs_cerbos_10k', rules: 10_000, goal: 100 },
] as const
/** As in the other questions. */
const rulesPerApplication = 10
const users = 20_000
/** As in the memory and evaluate benches: what large companies have. */
const groupsPerUser = 20
const sampleSize = 500

export interface CerbosQuestion {
  readonly report: Report
  readonly load: Load
  readonly folder: string
  readonly seconds: number
  readonly rounds: number
  readonly warmSeconds: number
}

/** Unary `Check` beside Cerbos with the same rules, load client and core, at three sizes. */
export async function againstCerbos(question: CerbosQuestion): Promise<void> {
  const missing = missingPeers() ?? missingCerbos()
  for (const { name, rules, goal } of sizes) {
    if (missing !== undefined) {
      question.report.skipped(name, missing)
      continue
    }
    const applications = rules / rulesPerApplication
    await compared(name, goal, { users, groups: 500, groupsPerUser, applications, rules }, question)
  }
}

async function compared(name: string, goal: number, size: WorldSize, given: CerbosQuestion) {
  const { report, load, seconds, rounds, warmSeconds } = given
  const folder = join(given.folder, name)
  const config = await writeWorld(folder, size)
  await using ours = await startVariant('sallyport', [
    ...['src/main.ts', 'serve', '--config', config, '--json'],
  ])
  await using cerbos = await startCerbos(join(folder, 'cerbos'), size)
  await warmPrincipals(ours, users)
  const questions = questionsOf(size, rounds)
  await expectAllowed(ours, questions)
  report.figure(`${name} answers`, await agreement(ours, cerbos, size))

  const told = { ours: [] as Round[], cerbos: [] as Round[] }
  for (const [n, question] of questions.entries()) {
    const request = cerbosRequest(size, { ...question, country: 'DE' })
    if (!(await cerbos.isAllowed(request))) throw new Error(`cerbos blocks ${question.user}`)
    const body = async (whose: string, message: Buffer) => {
      const file = join(folder, `${whose}-${n}`)
      await writeFile(file, framed(message))
      return file
    }
    const mine = await body('ours', encodedRequest(question))
    const targets: Record<keyof typeof told, Target> = {
      ours: { server: ours, url: checkUrl(ours), body: mine },
      cerbos: { server: cerbos, url: cerbos.url, body: await body('cerbos', request) },
    }
    if (n === 0) for (const each of Object.values(targets)) await load.run(each, warmSeconds)
    told.ours.push(await load.run(targets.ours, seconds))
    told.cerbos.push(await load.run(targets.cerbos, seconds))
  }
  tellRounds(report, `${name} cerbos`, told.cerbos)
  tellRounds(report, `${name} sallyport`, told.ours)
  const byCpu = middle(told.cerbos, 'cpuUs') / middle(told.ours, 'cpuUs')
  if (load.measures === 'cpu') report.ratio(name, byCpu, goal, 'cpu')
  else report.ratio(name, middle(told.ours, 'rps') / middle(told.cerbos, 'rps'), goal)
}

/** Asks both the same at random. They may differ only where the order of rules decides. */
async function agreement(ours: ServedVariant, cerbos: Cerbos, size: WorldSize): Promise<string> {
  using client = SallyportClient.connect(ours.ready.grpc!)
  const random = seeded(1)
  const below = (count: number) => Math.floor(random() * count)
  const effects = effectsIn(size)
  let [allowed, ordered] = [0, 0]
  for (let n = 0; n < sampleSize; n++) {
    const [user, host] = [userName(below(users)), hostOf(below(size.applications))]
    const country = random() < 0.8 ? 'DE' : 'US'
    const asked = { user, host, port: 443, protocol: 'tcp', timeoutMs: 5_000 } as const
    const answer = await client.check({ ...asked, context: { country } })
    if (answer.wire !== undefined) throw new Error(`no answer: ${answer.wire.detail}`)
    if (answer.allowed) allowed++
    if ((await cerbos.isAllowed(cerbosRequest(size, { user, host, country }))) === answer.allowed) {
      continue
    }
    if (effects(user, host).size < 2) throw new Error(`${user} at ${host}: answers differ`)
    ordered++
  }
  const all = `${sampleSize - ordered} of ${sampleSize} the same, ${allowed} of them allowed`
  return `${all}; ${ordered} differ since in Cerbos a deny wins wherever it stands`
}

/** The effects of all rules that are about somebody's groups at a host. */
function effectsIn(size: WorldSize): (user: string, host: string) => ReadonlySet<string> {
  const { rules, groupsOf } = worldOf(size)
  return (user, host) => {
    const mine = new Set(groupsOf(user))
    const [application = ''] = host.split('.', 1)
    const matching = rules.filter(
      ({ apps, who }) =>
        apps.names.includes(application) && who.groups.any.some((group) => mine.has(group)),
    )
    return new Set(matching.map(({ effect }) => effect))
  }
}
