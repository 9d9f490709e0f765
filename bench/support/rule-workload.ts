import type { DirectoryId } from '../../src/directory/directory.ts'
import { fold } from '../../src/directory/identity.ts'
import { F, T, type Tri } from '../../src/directory/three-values.ts'
import type { Facts, Value } from '../../src/policy/policy.ts'

/** As it stands in a rule file. */
interface WorkloadRule {
  readonly id: string
  readonly effect: 'allow' | 'block'
  readonly apps: { readonly names: readonly string[] }
  readonly who?: { readonly groups: { readonly any: readonly string[] } }
  readonly when?: Readonly<Record<string, Operators>>
  readonly unless?: Readonly<Record<string, Operators>>
}
export type Operators = Readonly<Record<string, unknown>>

export interface Workload {
  readonly file: {
    readonly version: 1
    readonly applications: Readonly<Record<string, object>>
    readonly rules: readonly WorkloadRule[]
  }
  readonly applications: readonly string[]
}

/** An application has ten rules: a block by posture, and nine that allow a group or two. */
const rulesPerApplication = 10
const groupNames = Array.from({ length: 500 }, (_, at) => `Group ${at}`)

/**
 * Rules as a company has them, of the same shape at any size: only the number of applications
 * grows. Some rules have a condition on the user or the surroundings beside their groups.
 */
export function workload(size: number, random: () => number): Workload {
  const applications = Array.from({ length: size / rulesPerApplication }, (_, at) => `app-${at}`)
  const rules = Array.from({ length: size }, (_, at): WorkloadRule => {
    const apps = { names: [applications[Math.floor(at / rulesPerApplication)]!] }
    const id = `rule-${at}`
    if (at % rulesPerApplication === 0) {
      const unless = { 'context.posture.disk-encrypted': { eq: true } }
      return { id, effect: 'block', apps, unless }
    }
    const who = { groups: { any: [pick(groupNames, random), pick(groupNames, random)] } }
    const when = pick(conditions, random)
    return { id, effect: 'allow', apps, who, ...(when && { when }) }
  })
  const declared = Object.fromEntries(applications.map((name) => [name, {}]))
  return { file: { version: 1, applications: declared, rules }, applications }
}

function pick<Value>(from: readonly Value[], random: () => number): Value {
  return from[Math.floor(random() * from.length)]!
}

const conditions: readonly WorkloadRule['when'][] = [
  undefined,
  { 'user.enterprise.department': { in: ['Finance', 'Sales'] } },
  { 'context.country': { in: ['DE', 'AT', 'CH'] } },
  { 'context.risk': { lt: 'high' }, 'user.userType': { eq: 'Employee' } },
]

/** One random attempt at the application of a rule: people in twenty groups, mostly healthy devices. */
export function attemptOf(rules: readonly WorkloadRule[], random: () => number) {
  const rule = pick(rules, random)
  const held = new Set(Array.from({ length: 20 }, () => fold(pick(groupNames, random))))
  // Most people ask for what somebody gave them access to.
  if (random() < 0.7) for (const name of rule.who?.groups.any ?? []) held.add(fold(name))
  const membership = (name: string): Tri => (held.has(name) ? T : F)
  const context = new Map<string, Value>([['country', pick(['DE', 'FR', 'CH'], random)]])
  if (random() < 0.95) context.set('posture.disk-encrypted', random() < 0.95)
  if (random() < 0.8) context.set('risk', pick(['low', 'medium', 'high'], random))
  const user = Object.assign(Object.create(null), {
    id: 'u',
    userName: 'ann@acme.example',
    userType: pick(['Employee', 'Contractor'], random),
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': Object.assign(
      Object.create(null),
      { department: pick(['Finance', 'Sales', 'Legal'], random) },
    ),
  })
  const facts: Facts = {
    directory: 'entra' as DirectoryId,
    user,
    groups: {
      hasName: membership,
      hasId: () => F,
      held: { names: [...held], doubtfulNames: [], ids: [] },
    },
    claims: new Map(),
    context,
    action: new Map(),
    resource: new Map(),
    nowMs: 0,
    ageMs: 0,
  }
  return { application: rule.apps.names[0]!, facts }
}

/** The same numbers in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
