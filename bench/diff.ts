import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readHouseConfig } from '../src/app/house-config.ts'
import { comparePolicies } from '../src/app/policy-impact.ts'
import { systemClock } from '../src/std/clock.ts'
import { openSqliteStore } from '../src/store/sqlite-store/sqlite-store.ts'
import { populate } from './support/population.ts'
import { Report } from './support/report.ts'
import { seeded } from './support/rule-workload.ts'

/** Whose answers change between two versions: how long does it take to know, for everybody? */
const users = Number(process.argv.find((each) => /^\d+$/.test(each)) ?? 100_000)
const applications = 100
const rulesOfEach = 10
/** Of the second version, rules that name other groups. */
const changedShare = 0.1
/** What the goal says, for as many users as were asked for. */
const goalSeconds = (120 * users) / 1_000_000

/** Rules on the groups of the population; each application has a rule that differs. */
function policyText(isChanged: boolean): string {
  const random = seeded(7)
  const names = Array.from({ length: applications }, (_, at) => `app-${at}`)
  const group = () => `Group ${1 + Math.floor(random() * 1_000)}`
  const rules = names.flatMap((name, at) =>
    Array.from({ length: rulesOfEach }, (_, rule) => {
      const groups = [group(), group()]
      const [other, share] = [group(), random()]
      const any = isChanged && share < changedShare ? [other] : groups
      const effect = rule === 0 ? 'block' : 'allow'
      const apps = { names: [name] }
      return { id: `rule-${at}-${rule}`, effect, apps, who: { groups: { any } } }
    }),
  )
  const declared = Object.fromEntries(names.map((name) => [name, {}]))
  return JSON.stringify({ version: 1, applications: declared, rules })
}

const report = new Report()
report.header(
  'whose answers change between two versions, over every user and application?',
  `${users} users in 20 groups each, ${applications} applications of ${rulesOfEach} rules, ${changedShare * 100} % of the rules changed`,
)
const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
try {
  const [file, before, after] = ['sallyport.yaml', 'before.json', 'after.json'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  const store = join(folder, 'a.db')
  const directories = { entra: { domains: ['acme.example'], default: true } }
  writeFileSync(
    file,
    JSON.stringify({ store: `sqlite:${store}`, tenants: { acme: { directories } } }),
  )
  writeFileSync(before, policyText(false))
  writeFileSync(after, policyText(true))
  {
    await using filled = await openSqliteStore(store, systemClock)
    await populate(filled, users)
  }
  const comparison = { config: readHouseConfig(file), tenant: 'acme', before, after }
  const surroundings = { name: '', context: new Map(), claims: new Map(), nowMs: 0 }
  const started = performance.now()
  const found = await comparePolicies(comparison, [surroundings], () => undefined)
  const seconds = (performance.now() - started) / 1_000
  const { counts, classes, applications: changed } = found
  const flips = [...counts.flips.values()].reduce((sum, each) => sum + each.users, 0)
  report.figure('diff.seconds', `${seconds.toFixed(1)} s for ${counts.users} users`)
  report.figure('diff.found', `${flips} answers of ${changed} applications, ${classes} classes`)
  report.ratio('diff.time', goalSeconds / seconds, 1, 'of two minutes for a million users')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
