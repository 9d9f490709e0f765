import type { Attribute } from '../attribute.ts'
import { attributeAt, type Vocabulary } from '../attribute-at.ts'
import type { CheckedPolicy, CheckedRule } from '../checked-policy.ts'
import type { Application } from '../policy.ts'
import { concerns } from '../rule-index.ts'
import { always, type Validity, validityOf } from '../validity.ts'
import { type Part, partsOf } from './rule-parts.ts'

/** A rule that can decide, taken apart. */
export interface LintedRule {
  readonly rule: CheckedRule
  /** Its place among those that can decide. */
  readonly at: number
  /** Joined by AND. */
  readonly parts: readonly Part[]
  readonly validity: Validity
  /** What an unknown result does. */
  readonly onMissing: 'match' | 'skip'
  /** Ordinals of its applications, ascending. */
  readonly applications: readonly number[]
}

/** The rules that can decide, each with its applications. */
export class LintedRules {
  readonly policy: CheckedPolicy
  readonly all: readonly LintedRule[]
  readonly vocabulary: Vocabulary
  /** By ordinal of application, in order. */
  readonly ofApplication: readonly (readonly LintedRule[])[]
  readonly #attributes = new Map<string, Attribute | undefined>()

  constructor(policy: CheckedPolicy, vocabulary: Vocabulary) {
    this.policy = policy
    this.vocabulary = vocabulary
    const scopes = new ApplicationScopes(policy)
    const ofApplication = policy.applications.map(() => [] as LintedRule[])
    const deciding = policy.rules.filter(({ enabled, mode }) => enabled && mode === 'enforce')
    this.all = deciding.map((rule, at) => {
      const onMissing = rule.onMissing ?? (rule.effect === 'block' ? 'match' : 'skip')
      const applications = scopes.of(rule.apps)
      const parts = partsOf(rule)
      const linted = {
        rule,
        at,
        parts,
        validity: validityOf(rule, () => {}),
        onMissing,
        applications,
      }
      for (const application of applications) ofApplication[application]!.push(linted)
      return linted
    })
    this.ofApplication = ofApplication
  }

  /** Undefined where there is none. */
  attributeAt(key: string): Attribute | undefined {
    if (!this.#attributes.has(key)) {
      const found = attributeAt(key, this.vocabulary)
      this.#attributes.set(key, 'fault' in found ? undefined : found)
    }
    return this.#attributes.get(key)
  }
}

export function isAlways({ fromMs, untilMs }: Validity): boolean {
  return fromMs === always.fromMs && untilMs === always.untilMs
}

/** Which applications rules mean, worked out once for equal `apps`. */
class ApplicationScopes {
  readonly #ordinals: ReadonlyMap<string, number>
  readonly #applications: readonly Application[]
  readonly #known = new Map<string, readonly number[]>()

  constructor({ applications }: CheckedPolicy) {
    this.#ordinals = new Map(applications.map(({ name }, at) => [name, at]))
    this.#applications = applications.map(({ name, labels = {} }) => ({
      name,
      labels: new Map(Object.entries(labels)),
      actions: new Map(),
    }))
  }

  of(apps: CheckedRule['apps']): readonly number[] {
    if (apps !== 'any' && apps.labels === undefined && apps.except === undefined) {
      const named = new Set((apps.names ?? []).flatMap((name) => this.#ordinals.get(name) ?? []))
      return [...named].sort((a, b) => a - b)
    }
    const key = JSON.stringify(apps)
    let found = this.#known.get(key)
    if (found === undefined) {
      found = this.#applications.flatMap((each, at) => (concerns(apps, each) ? at : []))
      this.#known.set(key, found)
    }
    return found
  }
}
