import type { GroupGraph } from '../cache/group-graph.ts'
import { decideByRules } from '../decision/by-rules.ts'
import type { Attempt } from '../decision/decision.ts'
import type { DirectoryId, TenantId } from '../directory/directory.ts'
import type { Condition, Facts, RuleSet, SubjectFacts, Values } from '../policy/policy.ts'
import type { LiveSubject } from './live-subjects.ts'

/** From where everybody asks: what gateways send is not in the directory. */
export interface Surroundings {
  readonly name: string
  readonly context: Values
  readonly claims: Values
  readonly nowMs: number
}

/** An answer that another version changes. */
export interface Flip {
  readonly application: string
  readonly surroundings: string
  readonly to: 'allow' | 'block'
  /** Rules that decide, or the reason where none does. */
  readonly before: string
  readonly after: string
}

export interface ImpactParts {
  readonly tenant: TenantId
  readonly before: RuleSet
  readonly after: RuleSet
  readonly surroundings: readonly Surroundings[]
}

/**
 * Which answers change for whom between two versions. Users for whom all rules come to the same are
 * one class and are decided once: so a million users take little longer than their classes do.
 */
export class Impact {
  readonly #parts: ImpactParts
  /** Applications of either version whose rules may answer otherwise. */
  readonly #applications: readonly string[]
  readonly #mixed: readonly Condition[]
  /** Whether such a condition depends on the application too: then nobody is like another. */
  readonly #isPersonal: boolean
  readonly #classes = new Map<string, readonly Flip[]>()

  /** `applications`: those that need not be looked at are left out. */
  constructor(parts: ImpactParts, applications: readonly string[]) {
    this.#parts = parts
    this.#applications = applications
    this.#mixed = [...mixedConditions(parts.before), ...mixedConditions(parts.after)]
    this.#isPersonal = this.#mixed.some(({ path, wanted }) => ofResource.test(`${path} ${wanted}`))
  }

  get classes(): number {
    return this.#classes.size
  }

  /** All that changes for a user; whoever is not active is blocked by both. */
  flipsOf({ facts, active, row }: LiveSubject): readonly Flip[] {
    if (!active) return noFlips
    const key = this.#isPersonal ? `${row.directory} ${row.ordinal}` : this.#classOf(facts)
    let flips = this.#classes.get(key)
    if (flips === undefined) {
      flips = this.#decide(facts)
      this.#classes.set(key, flips)
    }
    return flips
  }

  #classOf(subject: SubjectFacts): string {
    const { before, after, surroundings } = this.#parts
    const both = `${before.subjectRules(subject).key}\n${after.subjectRules(subject).key}`
    if (this.#mixed.length === 0) return both
    const results = surroundings.map((each) => {
      const facts = factsIn(subject, each)
      return this.#mixed.map((condition) => condition.test(facts)).join('')
    })
    return `${both}\n${results.join(' ')}`
  }

  #decide(subject: SubjectFacts): readonly Flip[] {
    const { before, after, surroundings } = this.#parts
    const [ofBefore, ofAfter] = [before.subjectRules(subject), after.subjectRules(subject)]
    const flips: Flip[] = []
    for (const application of this.#applications) {
      for (const each of surroundings) {
        const attempt = this.#attempt(application, each)
        const times = { nowMs: each.nowMs, ageMs: 0 }
        const old = answer(decideByRules(before, attempt, subject, times, ofBefore))
        const now = answer(decideByRules(after, attempt, subject, times, ofAfter))
        if (old.effect === now.effect) continue
        const { name } = each
        const to = now.effect
        flips.push({ application, surroundings: name, to, before: old.by, after: now.by })
      }
    }
    return flips.length === 0 ? noFlips : flips
  }

  #attempt(application: string, { context, claims }: Surroundings): Attempt {
    return {
      tenant: this.#parts.tenant,
      subject: { kind: 'userName', name: '', directory: undefined },
      application,
      destination: undefined,
      action: 'connect',
      claims,
      context,
      minRevision: undefined,
    }
  }
}

const noFlips: readonly Flip[] = Object.freeze([])

/** What the rules answer, and by what. */
export function answer(found: ReturnType<typeof decideByRules>): {
  readonly effect: 'allow' | 'block'
  readonly by: string
} {
  if (found.kind === 'applicationUnknown') return { effect: 'block', by: 'APPLICATION_UNKNOWN' }
  const { verdict } = found
  if (verdict?.kind !== 'rule') return { effect: 'block', by: 'NO_RULE' }
  return { effect: verdict.rule.effect, by: verdict.rule.id }
}

/** Conditions that read the user and something else: the class of a user does not tell of them. */
function mixedConditions(rules: RuleSet): readonly Condition[] {
  const mixed = new Set<Condition>()
  for (const { attemptConditions } of rules.rules) {
    for (const condition of attemptConditions) if (condition.readsDirectory) mixed.add(condition)
  }
  return [...mixed]
}
const ofResource = /\b(resource|action)\./

function factsIn({ directory, user, groups }: SubjectFacts, each: Surroundings): Facts {
  const { context, claims, nowMs } = each
  return { directory, user, groups, context, claims, action: none, resource: none, nowMs, ageMs: 0 }
}
const none: Values = new Map()

/** Counts of users whose answers change, by application and rules, by group and by department. */
export class ImpactCounts {
  users = 0
  changed = 0
  readonly flips = new Map<string, FlipCount>()
  readonly byGroup = new Map<string, GainsAndLosses>()
  readonly byDepartment = new Map<string, GainsAndLosses>()

  note(subject: LiveSubject, flips: readonly Flip[], graph: GroupGraph): void {
    this.users++
    if (flips.length === 0) return
    this.changed++
    for (const flip of flips) {
      const key = Object.values(flip).join('\n')
      const count = this.flips.get(key) ?? { flip, users: 0, examples: [] }
      this.flips.set(key, count)
      count.users++
      if (count.examples.length < examplesMax) count.examples.push(subject.userName)
    }
    const gains = flips.filter(({ to }) => to === 'allow').length
    const change = { gains, losses: flips.length - gains }
    const { directory } = subject.facts
    for (const ordinal of graph.effective(subject.row.groups).ordinals) {
      add(this.byGroup, nameIn(directory, graph.nameOf(ordinal) ?? ''), change)
    }
    add(this.byDepartment, departmentOf(subject), change)
  }
}

export interface FlipCount {
  readonly flip: Flip
  users: number
  readonly examples: string[]
}
/** Answers that become allow, and answers that become block. */
export interface GainsAndLosses {
  gains: number
  losses: number
}

const examplesMax = 5

function nameIn(directory: DirectoryId, name: string): string {
  return `${name} (${directory})`
}

function departmentOf({ facts }: LiveSubject): string {
  const extension = facts.user?.['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User']
  const department = (extension as { readonly department?: unknown } | undefined)?.department
  return typeof department === 'string' ? department : 'no department'
}

function add(counts: Map<string, GainsAndLosses>, name: string, change: GainsAndLosses): void {
  const count = counts.get(name) ?? { gains: 0, losses: 0 }
  counts.set(name, count)
  count.gains += change.gains
  count.losses += change.losses
}
