import { F, T, type Tri, U } from '../directory/three-values.ts'
import type { FoundAttribute } from './attribute.ts'
import type { Condition, Facts, Rule, SubjectFacts } from './policy.ts'
import type { RulePart } from './schema.ts'
import { SubjectIndex } from './subject-index.ts'
import { keyOf, SubjectRules } from './subject-rules.ts'

/** Works out for a subject which rules can match for it, whatever is sent with the attempt. */
export class SubjectJudge {
  readonly #rules: Rule[] = []
  readonly #index: SubjectIndex
  /** Equal ones are one object: most users are like thousands of others. */
  readonly #known = new Map<string, SubjectRules>()

  constructor(attributeAt: (text: string) => FoundAttribute) {
    this.#index = new SubjectIndex(attributeAt)
  }

  add(rule: Rule, part: RulePart): void {
    this.#rules[rule.ordinal] = rule
    this.#index.add(part, rule.ordinal)
  }

  judge(subject: SubjectFacts): SubjectRules {
    const holds: number[] = []
    const mightHold: number[] = []
    const asked = new Asked(subject)
    const { certain, possible } = this.#index.reached(subject)
    const isCertain = possible.length === 0 ? undefined : new Set(certain)
    const all = Uint16Array.from(isCertain === undefined ? certain : [...certain, ...possible])
    let before = -1
    for (const ordinal of all.sort()) {
      if (ordinal === before) continue
      before = ordinal
      const rule = this.#rules[ordinal]!
      const isKeyed = isCertain === undefined || isCertain.has(ordinal)
      const result = asked.least(isKeyed ? rule.keyedConditions : rule.subjectConditions)
      if (result === T) holds.push(ordinal)
      else if (result === U && countsUnknown(rule)) mightHold.push(ordinal)
    }
    const key = keyOf(holds, mightHold)
    let known = this.#known.get(key)
    if (known === undefined) {
      known = new SubjectRules(holds, mightHold)
      if (this.#known.size >= knownMax) this.#known.clear()
      this.#known.set(known.key, known)
    }
    return known
  }
}

/** Those that nobody uses any more are among them; all are worked out anew when they are needed. */
const knownMax = 100_000

/** Conditions about one subject: each is asked once, however many rules share it. */
class Asked {
  readonly #facts: Facts
  readonly #results = new Map<Condition, Tri>()

  constructor(subject: SubjectFacts) {
    // Conditions on the subject read nothing else.
    this.#facts = subject as Facts
  }

  least(conditions: readonly Condition[]): Tri {
    let result: Tri = T
    for (let at = 0; at < conditions.length; at++) {
      const one = this.#resultOf(conditions[at]!)
      if (one === F) return F
      if (one === U) result = U
    }
    return result
  }

  #resultOf(condition: Condition): Tri {
    let result = this.#results.get(condition)
    if (result === undefined) {
      result = condition.test(this.#facts)
      this.#results.set(condition, result)
    }
    return result
  }
}

/** An unknown allow rule goes on and leaves no trace, so it is as good as false. */
function countsUnknown({ effect, onMissing }: Rule): boolean {
  return effect === 'block' || onMissing === 'match'
}
