import { F, T, type Tri, U } from '../directory/three-values.ts'
import type { Condition, Facts, Rule } from './policy.ts'
import type { SubjectRules } from './subject-rules.ts'

/** The rules of one application that are asked in one walk, in order. */
export class ApplicationRules {
  readonly #rules: readonly Rule[]
  readonly #specificCount: number
  #steps: readonly Step[] | undefined
  /** Of each step; −1: it has no conditions on the subject. */
  #ordinals: Int32Array | undefined
  /** By ordinal; made for the first subject that reaches fewer rules than there are here. */
  #byOrdinal: ReadonlyMap<number, Step> | undefined
  #general: readonly Step[] | undefined

  constructor(rules: readonly Rule[]) {
    this.#rules = rules
    this.#specificCount = rules.filter(({ isGeneral }) => !isGeneral).length
  }

  /** Those that can match for the subject, in order. */
  walk(subject: SubjectRules): RuleWalk {
    this.#steps ??= this.#rules.map((rule) => new Step(rule))
    if (subject.ordinals.length < this.#specificCount) {
      this.#byOrdinal ??= new Map(this.#specific().map((step) => [step.rule.ordinal, step]))
      this.#general ??= this.#steps.filter(({ rule }) => rule.isGeneral)
      return new WalkBySubject(this.#general, this.#byOrdinal, subject)
    }
    this.#ordinals ??= Int32Array.from(this.#rules, (rule) => (rule.isGeneral ? -1 : rule.ordinal))
    return new WalkByRule(this.#steps, this.#ordinals, subject)
  }

  #specific(): readonly Step[] {
    return this.#steps!.filter(({ rule }) => !rule.isGeneral)
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
  readonly #steps: readonly Step[]
  readonly #ordinals: Int32Array
  readonly #subject: SubjectRules

  constructor(steps: readonly Step[], ordinals: Int32Array, subject: SubjectRules) {
    this.#steps = steps
    this.#ordinals = ordinals
    this.#subject = subject
  }

  /** Most rules are passed over, and of those nothing but the ordinal is looked at. */
  next(): Step | undefined {
    const subject = this.#subject
    while (this.#at < this.#steps.length) {
      const at = this.#at++
      const ordinal = this.#ordinals[at]!
      if (ordinal < 0) {
        this.subjectResult = T
        return this.#steps[at]
      }
      this.#place = subject.placeFrom(this.#place, ordinal)
      if (subject.ordinals[this.#place] !== ordinal) continue
      this.subjectResult = subject.resultAt(this.#place)
      return this.#steps[at]
    }
    return undefined
  }
}

/** Where a subject reaches few of many rules: those, and the general ones, in order. */
class WalkBySubject implements RuleWalk {
  subjectResult: Tri = T
  #at = 0
  #generalAt = 0
  readonly #general: readonly Step[]
  readonly #specific: ReadonlyMap<number, Step>
  readonly #subject: SubjectRules

  constructor(
    general: readonly Step[],
    specific: ReadonlyMap<number, Step>,
    subject: SubjectRules,
  ) {
    this.#general = general
    this.#specific = specific
    this.#subject = subject
  }

  next(): Step | undefined {
    const { ordinals } = this.#subject
    const general = this.#general[this.#generalAt]
    for (; this.#at < ordinals.length; this.#at++) {
      const ordinal = ordinals[this.#at]!
      if (general !== undefined && general.rule.ordinal < ordinal) break
      const step = this.#specific.get(ordinal)
      if (step === undefined) continue
      this.subjectResult = this.#subject.resultAt(this.#at++)
      return step
    }
    if (general === undefined) return undefined
    this.#generalAt++
    this.subjectResult = T
    return general
  }
}
