import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fillStore, type Person } from './directory.ts'

/**
 * The directory and rules that the question is asked about: every application has the same number
 * of rules, spread over the file, and the last of them lets the caller in, so all before it are
 * evaluated in vain.
 */
export interface WorldSize {
  readonly users: number
  readonly groups: number
  /** How many each user is in; 5 unless told. */
  readonly groupsPerUser?: number
  readonly applications: number
  readonly rules: number
}
export interface Question {
  readonly user: string
  readonly host: string
  readonly rule: string
}

/** Writes `sallyport.yaml`, its rule file and its store, and returns the path of the first. */
export async function writeWorld(folder: string, size: WorldSize): Promise<string> {
  await mkdir(folder, { recursive: true })
  const database = join(folder, 'sallyport.db')
  const config = {
    store: `sqlite:${database}`,
    listen: {
      scim: { address: '127.0.0.1:0' },
      grpc: { address: '127.0.0.1:0' },
      authzen: { address: '127.0.0.1:0' },
      admin: { address: '127.0.0.1:0' },
    },
    tenants: {
      acme: {
        policy: 'policy.json',
        directories: { entra: { domains: ['acme.example'], default: true } },
      },
    },
    logLevel: 'error',
  }
  const file = join(folder, 'sallyport.yaml')
  await writeFile(file, JSON.stringify(config))
  await writeFile(join(folder, 'policy.json'), JSON.stringify(policyOf(size)))
  await fillStore(database, peopleOf(size), [...Array(size.groups).keys()].map(groupName))
  return file
}

/** One user per question who is let in by the last rule of an application and by none before. */
export function questionsOf(size: WorldSize, count: number): readonly Question[] {
  const questions: Question[] = []
  const step = Math.max(1, Math.floor(size.users / count))
  for (let user = 0; user < size.users && questions.length < count; user++) {
    if (user < questions.length * step) continue
    const mine = new Set(groupsOfUser(size, user))
    for (let application = user % size.applications; ; application++) {
      if (application >= size.applications) break
      const asked = rulesOfApplication(size, application).map((rule) => groupOfRule(size, rule))
      const last = asked.pop()!
      if (!mine.has(last) || asked.some((group) => mine.has(group))) continue
      const rule = rulesOfApplication(size, application).at(-1)!
      questions.push({ user: userName(user), host: hostOf(application), rule: ruleId(rule) })
      break
    }
  }
  return questions
}

export const userName = (user: number) => `user${pad(user, 6)}@acme.example`
export const hostOf = (application: number) => `${applicationName(application)}.acme.example`
const applicationName = (application: number) => `app-${pad(application, 4)}`
const groupName = (group: number) => `Group ${pad(group, 4)}`
const ruleId = (rule: number) => `rule-${pad(rule, 5)}`
const pad = (value: number, width: number) => String(value).padStart(width, '0')

/** Spread by multiplication with a prime, so that neighbours share little. */
function groupsOfUser({ groups, groupsPerUser = 5 }: WorldSize, user: number): readonly number[] {
  return [...Array(groupsPerUser).keys()].map((n) => (user * 7919 + n * 104_729) % groups)
}
function groupOfRule({ groups, applications }: WorldSize, rule: number): number {
  return (rule * 31 + Math.floor(rule / applications) * 37) % groups
}
function rulesOfApplication({ rules, applications }: WorldSize, application: number): number[] {
  const count = Math.floor(rules / applications)
  return [...Array(count).keys()].map((n) => n * applications + application)
}

/** What is in the files, for those who are asked beside us. */
export function worldOf(size: WorldSize) {
  const groupsOf = (user: string) =>
    [...new Set(groupsOfUser(size, userNumber(user)))].map(groupName)
  return { rules: rulesOf(size), groupsOf }
}
const userNumber = (name: string) => Number(/\d+/.exec(name)?.[0])

function policyOf(size: WorldSize): object {
  const applications: Record<string, object> = {}
  for (let n = 0; n < size.applications; n++) {
    applications[applicationName(n)] = { hosts: [hostOf(n)], ports: [443], protocols: ['tcp'] }
  }
  return { version: 1, applications, rules: rulesOf(size) }
}

function rulesOf(size: WorldSize) {
  const rules = [...Array(size.rules).keys()].map((rule) => ({
    id: ruleId(rule),
    effect: rule % 4 === 1 ? 'block' : 'allow',
    apps: { names: [applicationName(rule % size.applications)] },
    who: { groups: { any: [groupName(groupOfRule(size, rule))] } },
    when: { 'context.country': { in: ['DE', 'FR', 'NL'] } },
  }))
  for (let application = 0; application < size.applications; application++) {
    const last = rulesOfApplication(size, application).at(-1)
    const rule = last === undefined ? undefined : rules[last]
    if (rule !== undefined) rule.effect = 'allow'
  }
  return rules
}

function* peopleOf(size: WorldSize): Iterable<Person> {
  for (let user = 0; user < size.users; user++) {
    yield { id: userId(user), userName: userName(user), groups: groupsOfUser(size, user) }
  }
}

export function userId(user: number): string {
  return uuid(`user ${user}`)
}

/** The same in every run, in the form of a random UUID (RFC 9562 §5.4). */
function uuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ]
  return [...parts, hex.slice(20, 32)].join('-')
}
