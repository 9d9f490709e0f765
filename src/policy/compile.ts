import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { F, T } from '../directory/three-values.ts'
import { ApplicationMatch } from './application-match.ts'
import { type CheckedRule, parsePolicyDocument } from './checked-policy.ts'
import { endpointsOf } from './endpoints.ts'
import type {
  Application,
  Condition,
  Effect,
  Rule,
  RuleObligation,
  RuleSet,
  Value,
} from './policy.ts'
import { RuleIndex } from './rule-index.ts'
import { RuleScope } from './rule-scope.ts'
import { validityOf } from './validity.ts'
import { ValueList } from './value-list.ts'

/**
 * The rules of a stored policy, ready to be walked. A rule's conditions are compiled when it is
 * first walked, so that a large policy does not hold up the thread which decides.
 *
 * Throws a PolicyDocumentError if the document is of a format that this process does not know.
 */
export function compilePolicy(document: string, registry: SchemaRegistry): RuleSet {
  const policy = parsePolicyDocument(document)
  const lists = new Map(policy.lists.map((list) => [list.name, new ValueList(list)]))
  const scope = new RuleScope(registry, lists)
  const enabled = policy.rules.filter((rule) => rule.enabled)
  const rules = Object.freeze(enabled.map((rule, at) => new CompiledRule(rule, at, scope)))
  const applications = new Map(
    policy.applications.map(({ name, labels = {}, actions }) => [
      name,
      Object.freeze<Application>({
        name,
        labels: new Map(Object.entries(labels)),
        actions: new Map(actions.map((action) => [action, new Map([['name', action]])])),
      }),
    ]),
  )
  const match = new ApplicationMatch(
    policy.applications.map((part) => [applications.get(part.name)!, endpointsOf(part, () => {})]),
  )
  const index = new RuleIndex(enabled, rules)
  return Object.freeze<RuleSet>({
    version: policy.version,
    applications,
    rules,
    attributesRead: new Set(policy.attributesRead),
    applicationAt: (destination) => match.at(destination),
    rulesFor: (application) => index.rulesFor(application),
  })
}

class CompiledRule implements Rule {
  readonly id: string
  readonly ordinal: number
  readonly effect: Effect
  readonly onMissing: 'match' | 'skip'
  readonly isStrict: boolean
  readonly message: string
  readonly reason: string
  readonly file: string
  readonly line: number
  readonly actions: ReadonlySet<string> | undefined
  readonly mode: 'enforce' | 'shadow'
  readonly validFromMs: number
  readonly validUntilMs: number
  readonly #scope: RuleScope
  #part: CheckedRule | undefined
  #conditions: readonly Condition[] | undefined
  #obligations: readonly RuleObligation[] | undefined

  constructor(part: CheckedRule, ordinal: number, scope: RuleScope) {
    this.id = part.id
    this.ordinal = ordinal
    this.effect = part.effect
    this.isStrict = part.stale === 'strict'
    this.onMissing = part.onMissing ?? (part.effect === 'block' ? 'match' : 'skip')
    this.message = part.message
    this.reason = part.reason
    this.file = part.file
    this.line = part.line
    this.actions = part.actions && new Set(part.actions)
    this.mode = part.mode
    const { fromMs, untilMs } = validityOf(part, () => {})
    this.validFromMs = fromMs
    this.validUntilMs = untilMs
    this.#scope = scope
    this.#part = part
  }

  get conditions(): readonly Condition[] {
    return this.#conditions ?? this.#compile()
  }

  get obligations(): readonly RuleObligation[] {
    if (this.#obligations === undefined) this.#compile()
    return this.#obligations!
  }

  #compile(): readonly Condition[] {
    const { conditions, faults } = this.#scope.checkedConditionsOf(this.#part!)
    // The policy was checked, but this process may know other schemas than the one which did.
    const all =
      faults.length === 0
        ? conditions.toSorted((a, b) => a.cost - b.cost)
        : [broken(this.effect, faults)]
    this.#conditions = Object.freeze(all)
    this.#obligations = Object.freeze(obligationsOf(this.#part!, this.#scope))
    this.#part = undefined
    return this.#conditions
  }
}

/** What cannot be compiled here is due. */
function obligationsOf({ obligations }: CheckedRule, scope: RuleScope): readonly RuleObligation[] {
  return (obligations ?? []).map(({ id, type, properties, if: when }) => ({
    id,
    type,
    properties: new Map<string, Value>(Object.entries(properties)),
    condition: when === undefined ? undefined : scope.checkedMapping(when),
  }))
}

/** Stands for conditions that cannot be asked: the rule blocks, or does not allow. */
function broken(effect: Effect, faults: readonly string[]): Condition {
  const note = faults.join('; ')
  return {
    path: 'rule',
    wanted: 'the schemas that the rule was written for',
    readsDirectory: false,
    readsSent: false,
    readsClock: false,
    untilMs: () => Number.POSITIVE_INFINITY,
    // Not unknown: an `onMissing` of its author's is not about this.
    test: () => (effect === 'block' ? T : F),
    unknowns: () => [],
    see: () => ({ value: '', note }),
  }
}
