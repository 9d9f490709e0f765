import { F, T } from '../directory/three-values.ts'
import type { CheckedRule } from './checked-policy.ts'
import type { Condition, Effect, Rule, RuleObligation, Value } from './policy.ts'
import type { RuleScope } from './rule-scope.ts'
import { hasSubject, subjectKey } from './subject-key.ts'
import { validityOf } from './validity.ts'

/** A rule whose conditions are compiled when they are first asked for. */
export class CompiledRule implements Rule {
  readonly id: string
  readonly ordinal: number
  readonly effect: Effect
  readonly mode: 'enforce' | 'shadow'
  readonly onMissing: 'match' | 'skip'
  readonly isStrict: boolean
  readonly message: string
  readonly reason: string
  readonly file: string
  readonly line: number
  readonly actions: ReadonlySet<string> | undefined
  readonly validFromMs: number
  readonly validUntilMs: number
  readonly isGeneral: boolean
  readonly #scope: RuleScope
  #part: CheckedRule | undefined
  #parts: CompiledParts | undefined

  constructor(part: CheckedRule, ordinal: number, scope: RuleScope) {
    const { fromMs, untilMs } = validityOf(part, () => {})
    this.id = part.id
    this.ordinal = ordinal
    this.effect = part.effect
    this.mode = part.mode
    this.onMissing = part.onMissing ?? (part.effect === 'block' ? 'match' : 'skip')
    this.isStrict = part.stale === 'strict'
    this.message = part.message
    this.reason = part.reason
    this.file = part.file
    this.line = part.line
    this.actions = part.actions && new Set(part.actions)
    this.validFromMs = fromMs
    this.validUntilMs = untilMs
    this.isGeneral = !hasSubject(part)
    this.#scope = scope
    this.#part = part
  }

  get conditions(): readonly Condition[] {
    return this.#compiled().conditions
  }

  get subjectConditions(): readonly Condition[] {
    return this.#compiled().ofSubject
  }

  get keyedConditions(): readonly Condition[] {
    return this.#compiled().keyed
  }

  get attemptConditions(): readonly Condition[] {
    return this.#compiled().ofAttempt
  }

  get obligations(): readonly RuleObligation[] {
    return this.#compiled().obligations
  }

  #compiled(): CompiledParts {
    if (this.#parts === undefined) {
      this.#parts = compiledParts(this.#part!, this.isGeneral, this.#scope)
      this.#part = undefined
    }
    return this.#parts
  }
}

interface CompiledParts {
  /** In the order of cost. */
  readonly conditions: readonly Condition[]
  readonly ofSubject: readonly Condition[]
  readonly keyed: readonly Condition[]
  readonly ofAttempt: readonly Condition[]
  readonly obligations: readonly RuleObligation[]
}

function compiledParts(part: CheckedRule, isGeneral: boolean, scope: RuleScope): CompiledParts {
  const { conditions: found, faults } = scope.checkedConditionsOf(part)
  // The policy was checked, but this process may know other schemas than the one which did.
  const all = faults.length === 0 ? found : [...found, broken(part.effect, faults)]
  const conditions = all.toSorted((a, b) => a.cost - b.cost)
  const isOfSubject = ({ readsSent, readsClock }: Condition) =>
    !isGeneral && !readsSent && !readsClock
  const ofSubject = conditions.filter(isOfSubject)
  const key = subjectKey(part).path
  return {
    conditions,
    ofSubject,
    keyed: key === undefined ? ofSubject : ofSubject.filter(({ path }) => path !== key),
    ofAttempt: conditions.filter((condition) => !isOfSubject(condition)),
    obligations: obligationsOf(part, scope),
  }
}

/** What cannot be compiled here is due. */
function obligationsOf(
  { obligations = [] }: CheckedRule,
  scope: RuleScope,
): readonly RuleObligation[] {
  return obligations.map(({ id, type, properties, if: when }) => ({
    id,
    type,
    properties: new Map<string, Value>(Object.entries(properties)),
    condition: when === undefined ? undefined : scope.checkedMapping(when),
  }))
}

/** Stands for conditions that cannot be asked: a block rule matches, an allow rule does not. */
function broken(effect: Effect, faults: readonly string[]): Condition & { readonly cost: number } {
  const note = faults.join('; ')
  return {
    path: 'rule',
    cost: 0,
    wanted: 'the schemas that the rule was written for',
    readsDirectory: false,
    readsSent: false,
    readsClock: false,
    // Not unknown: an `onMissing` of its author's is not about this.
    test: () => (effect === 'block' ? T : F),
    unknowns: () => [],
    untilMs: () => Number.POSITIVE_INFINITY,
    see: () => ({ value: '', note }),
  }
}
