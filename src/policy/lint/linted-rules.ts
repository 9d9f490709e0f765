import type { Attribute } from '../attribute.ts'
import { attributeAt, type Vocabulary } from '../attribute-at.ts'
import type { CheckedPolicy, CheckedRule } from '../checked-policy.ts'
import type { Application } from '../policy.ts'
import { concerns } from '../rule-index.ts'
import { always, type Validity, validityOf } from '../validity.ts'
import { type Part, partsOf } from './rule-parts.ts'

/** Applications that rules mean; equal ones are one object, since thousands of rules share them. */
export interface Scope {
  /** Ordinals. */
  readonly applications: ReadonlySet<number>
  /** Those that can decide about all of these, in order. */
  readonly rules: LintedRule[]
}

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
  readonly scope: Scope
}

/** The rules that can decide, and the applications that each can decide about. */
export class LintedRules {
  readonly policy: CheckedPolicy
  readonly all: readonly LintedRule[]
  readonly vocabulary: Vocabulary
  readonly #scopesOf: readonly (readonly Scope[])[]
  readonly #attributes = new Map<string, Attribute | undefined>()

  constructor(policy: CheckedPolicy, vocabulary: Vocabulary) {
    this.policy = policy
    this.vocabulary = vocabulary
    const scopes = new ApplicationScopes(policy)
    const deciding = policy.rules.filter(({ enabled, mode }) => enabled && mode === 'enforce')
    this.all = deciding.map((rule, at) => {
      const scope = scopes.of(rule.apps)
      const linted = {
        ...{ rule, at, scope, parts: partsOf(rule), validity: validityOf(rule, () => {}) },
        onMissing: rule.onMissing ?? (rule.effect === 'block' ? 'match' : 'skip'),
      } as const
      scope.rules.push(linted)
      return linted
    })
    this.#scopesOf = scopes.byApplication()
  }

  /** All scopes that an application is in, by its ordinal. */
  scopesOf(application: number): readonly Scope[] {
    return this.#scopesOf[application] ?? []
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
  readonly #known = new Map<string, Scope>()

  constructor({ applications }: CheckedPolicy) {
    this.#ordinals = new Map(applications.map(({ name }, at) => [name, at]))
    this.#applications = applications.map(({ name, type, labels = {} }) => ({
      name,
      type,
      labels: new Map(Object.entries(labels)),
      actions: new Map(),
    }))
  }

  of(apps: CheckedRule['apps']): Scope {
    const key = JSON.stringify(apps)
    let scope = this.#known.get(key)
    if (scope === undefined) {
      scope = { applications: new Set(this.#meant(apps)), rules: [] }
      this.#known.set(key, scope)
    }
    return scope
  }

  byApplication(): readonly (readonly Scope[])[] {
    const found = this.#applications.map(() => [] as Scope[])
    for (const scope of this.#known.values()) {
      for (const application of scope.applications) found[application]!.push(scope)
    }
    return found
  }

  #meant(apps: CheckedRule['apps']): readonly number[] {
    if (apps !== 'any' && apps.labels === undefined && apps.except === undefined) {
      return (apps.names ?? []).flatMap((name) => this.#ordinals.get(name) ?? [])
    }
    return this.#applications.flatMap((each, at) => (concerns(apps, each) ? at : []))
  }
}
