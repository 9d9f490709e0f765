import { F, T, U } from '../directory/three-values.ts'
import type { Application, Facts, RuleSet } from '../policy/policy.ts'

/** What tests have seen of a rule. */
export interface RuleCoverage {
  readonly rule: string
  readonly mode: 'enforce' | 'shadow'
  readonly file: string
  readonly line: number
  /** Tests that it decided. */
  readonly decided: number
  readonly conditions: readonly ConditionCoverage[]
}
/** How often a condition came to each, in attempts at an application of its rule. */
export interface ConditionCoverage {
  readonly path: string
  readonly true: number
  readonly false: number
  readonly unknown: number
}

/** Counts, over tests, which rules decided and what each condition came to. */
export class Coverage {
  readonly #rules: RuleSet
  readonly #decided = new Map<string, number>()
  readonly #seen = new Map<string, [f: number, u: number, t: number]>()

  constructor(rules: RuleSet) {
    this.#rules = rules
  }

  note(application: Application, facts: Facts, decided: string): void {
    if (decided !== '') this.#decided.set(decided, (this.#decided.get(decided) ?? 0) + 1)
    for (const { id, conditions } of this.#rules.rulesFor(application).all) {
      for (const [at, condition] of conditions.entries()) {
        const key = `${id} ${at}`
        const counts = this.#seen.get(key) ?? [0, 0, 0]
        counts[condition.test(facts)]++
        this.#seen.set(key, counts)
      }
    }
  }

  get rules(): readonly RuleCoverage[] {
    return this.#rules.rules.map(({ id, mode, file, line, conditions }) => ({
      rule: id,
      mode,
      file,
      line,
      decided: this.#decided.get(id) ?? 0,
      conditions: conditions.map(({ path }, at) => {
        const counts = this.#seen.get(`${id} ${at}`) ?? [0, 0, 0]
        return { path, true: counts[T], false: counts[F], unknown: counts[U] }
      }),
    }))
  }
}
