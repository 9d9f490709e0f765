import { F, T, type Tri, U } from '../directory/three-values.ts'
import type { Condition, Facts, Rule } from './policy.ts'
import type { SubjectRules } from './subject-rules.ts'

/**
 * The rules of one application that are asked in one walk, in order: numbers alone, since thousands
 * of applications may share thousands of rules.
 */
export class ApplicationRules {
  readonly #steps: Steps
  /** Of each rule; of one without conditions on the subject its complement, which is negative. */
  readonly #ordinals: Int32Array
  /** Ordinals of the latter. */
  readonly #general: Int32Array
  /** One bit an ordinal; made for the first subject that reaches fewer rules than are here. */
  #specific: Uint32Array | undefined

  /** `rules` in order, all of `steps`. */
  constructor(rules: readonly Rule[], steps: Steps) {
    this.#steps = steps
    this.#ordinals = Int32Array.from(rules, ({ isGeneral, ordinal }) =>
      isGeneral ? ~ordinal : ordinal,
    )
    this.#general = this.#ordinals.filter((ordinal) => ordinal < 0).map((ordinal) => ~ordinal)
  }

  /** Those that can match for the subject, in order. */
  walk(subject: SubjectRules): RuleWalk {
    const ordinals = this.#ordinals
    if (subject.ordinals.length >= ordinals.length - this.#general.length) {
      return new WalkByRule(this.#steps, ordinals, subject)
    }
    this.#specific ??= bitsOf(ordinals)
    return new WalkBySubject(this.#steps, this.#general, this.#specific, subject)
  }
}

function bitsOf(ordinals: Int32Array): Uint32Array {
  const last = ordinals.at(-1) ?? 0
  const bits = new Uint32Array(((last < 0 ? ~last : last) >> 5) + 1)
  for (const ordinal of ordinals) if (ordinal >= 0) bits[ordinal >> 5]! |= 1 << (ordinal & 31)
  return bits
}

/** Every rule as it is asked, by its ordinal; made when it is first walked over. */
export class Steps {
  readonly #rules: readonly Rule[]
  readonly #made: (Step | undefined)[] = []

  constructor(rules: readonly Rule[]) {
    this.#rules = rules
  }

  at(ordinal: number): Step {
    let step = this.#made[ordinal]
    if (step === undefined) {
      step = new Step(this.#rules[ordinal]!)
      this.#made[ordinal] = step
    }
    return step
  }
}

/**
 * A rule as it is asked: nothing but what most attempts look at, side by side in memory. With
 * thousands of rules, waiting for memory is what an answer costs.
 */
export class Step {
  readonly rule: Rule
  /** Whether it is there for every action and at all times. */
  readonly #isAlways: boolean
  readonly #first: Condition | undefined
  readonly #others: readonly Condition[]

  constructor(rule: Rule) {
    const { actions, validFromMs, validUntilMs, attemptConditions } = rule
    this.rule = rule
    this.#isAlways =
      actions === undefined &&
      validFromMs === Number.NEGATIVE_INFINITY &&
      validUntilMs === Number.POSITIVE_INFINITY
    this.#first = attemptConditions[0]
    this.#others = attemptConditions.slice(1)
  }

  /** A rule for another action, or outside its time, is as if it were not in the file. */
  isThere(action: string, nowMs: number): boolean {
    return this.#isAlways || isThere(this.rule, action, nowMs)
  }

  /** Conditions are joined by AND: the least of them, so the first false one ends it. */
  resultFor(facts: Facts, ofSubject: Tri): Tri {
    if (this.#first === undefined) return ofSubject
    let result = ofSubject
    const first = this.#first.test(facts)
    if (first === F) return F
    if (first === U) result = U
    for (let at = 0; at < this.#others.length; at++) {
      const one = this.#others[at]!.test(facts)
      if (one === F) return F
      if (one === U) result = U
    }
    return result
  }
}

export function isThere(
  { actions, validFromMs, validUntilMs }: Rule,
  action: string,
  nowMs: number,
): boolean {
  if (actions !== undefined && !actions.has(action)) return false
  return nowMs >= validFromMs && nowMs <= validUntilMs
}

/** One way through the rules of an application, for one subject. */
export interface RuleWalk {
  /** Undefined: there are no more. */
  next(): Step | undefined
  /** What the subject alone comes to for the rule that `next` gave: true or unknown. */
  readonly subjectResult: Tri
}

class WalkByRule implements RuleWalk {
  subjectResult: Tri = T
  #at = 0
  #place = 0
  readonly #steps: Steps
  readonly #ordinals: Int32Array
  readonly #subject: SubjectRules

  constructor(steps: Steps, ordinals: Int32Array, subject: SubjectRules) {
    this.#steps = steps
    this.#ordinals = ordinals
    this.#subject = subject
  }

  /** Most rules are passed over, and of those nothing but the ordinal is looked at. */
  next(): Step | undefined {
    const subject = this.#subject
    while (this.#at < this.#ordinals.length) {
      const ordinal = this.#ordinals[this.#at++]!
      if (ordinal < 0) {
        this.subjectResult = T
        return this.#steps.at(~ordinal)
      }
      this.#place = subject.placeFrom(this.#place, ordinal)
      if (subject.ordinals[this.#place] !== ordinal) continue
      this.subjectResult = subject.resultAt(this.#place)
      return this.#steps.at(ordinal)
    }
    return undefined
  }
}

/** Where a subject reaches few of many rules: those, and the general ones, in order. */
class WalkBySubject implements RuleWalk {
  subjectResult: Tri = T
  #at = 0
  #generalAt = 0
  readonly #steps: Steps
  readonly #general: Int32Array
  readonly #specific: Uint32Array
  readonly #subject: SubjectRules

  constructor(steps: Steps, general: Int32Array, specific: Uint32Array, subject: SubjectRules) {
    this.#steps = steps
    this.#general = general
    this.#specific = specific
    this.#subject = subject
  }

  next(): Step | undefined {
    const { ordinals } = this.#subject
    const general = this.#general[this.#generalAt]
    for (; this.#at < ordinals.length; this.#at++) {
      const ordinal = ordinals[this.#at]!
      if (general !== undefined && general < ordinal) break
      if (((this.#specific[ordinal >> 5] ?? 0) & (1 << (ordinal & 31))) === 0) continue
      this.subjectResult = this.#subject.resultAt(this.#at++)
      return this.#steps.at(ordinal)
    }
    if (general === undefined) return undefined
    this.#generalAt++
    this.subjectResult = T
    return this.#steps.at(general)
  }
}
