import { F, T } from '../directory/three-values.ts'
import type { ApplicationRules } from '../policy/application-rules.ts'
import type { Application, Facts, Obligation, Rule, RuleSet } from '../policy/policy.ts'
import type { SubjectRules } from '../policy/subject-rules.ts'

/** Which rule decides; `unknown`: what could not be known and shaped that. */
export type Verdict =
  | { readonly kind: 'rule'; readonly rule: Rule; readonly unknown: readonly string[] }
  | { readonly kind: 'none' }

/**
 * Walks the rules of an application that can match for the subject from the top; the first that
 * matches decides. A rule that is unknown does as its `onMissing` says: by default a block rule
 * matches, an allow rule does not. Pure, and on the usual way it makes nothing but the Verdict.
 * Whoever decides for a subject again and again hands in what was worked out for it.
 */
export function evaluate(
  rules: RuleSet,
  application: Application,
  action: string,
  facts: Facts,
  subject: SubjectRules = rules.subjectRules(facts),
): Verdict {
  return firstMatch(rules.rulesFor(application).enforced, action, facts, subject)
}

/** Which shadow rule would have decided, had it been enforced: the first that stands before. */
export function evaluateShadow(
  rules: RuleSet,
  application: Application,
  action: string,
  facts: Facts,
  verdict: Verdict,
  subject: SubjectRules = rules.subjectRules(facts),
): Rule | undefined {
  const shadows = rules.rulesFor(application).shadow
  if (shadows === undefined) return undefined
  const shadow = firstMatch(shadows, action, facts, subject)
  if (shadow.kind === 'none') return undefined
  const isBefore = verdict.kind === 'none' || shadow.rule.ordinal < verdict.rule.ordinal
  return isBefore ? shadow.rule : undefined
}

function firstMatch(
  rules: ApplicationRules,
  action: string,
  facts: Facts,
  subject: SubjectRules,
): Verdict {
  const walk = rules.walk(subject)
  let skipped: readonly string[] = nothing
  for (let step = walk.next(); step !== undefined; step = walk.next()) {
    if (!step.isThere(action, facts.nowMs)) continue
    const result = step.resultFor(facts, walk.subjectResult)
    if (result === F) continue
    const { rule } = step
    if (result === T) return { kind: 'rule', rule, unknown: skipped }
    if (rule.onMissing === 'match') {
      return { kind: 'rule', rule, unknown: joined(skipped, unknownsOf(rule, facts)) }
    }
    // A block rule told to let the unknown pass has shaped whatever is decided after it.
    if (rule.effect === 'block') skipped = joined(skipped, unknownsOf(rule, facts))
  }
  return none
}

/**
 * Until when the verdict is the same if nothing but the clock moves, in ms since the epoch: what
 * was asked on the way to it, the times of rules included.
 */
export function verdictUntilMs(
  rules: RuleSet,
  application: Application,
  action: string,
  facts: Facts,
  verdict: Verdict,
  subject: SubjectRules = rules.subjectRules(facts),
): number {
  const walk = rules.rulesFor(application).enforced.walk(subject)
  let untilMs = Number.POSITIVE_INFINITY
  for (let step = walk.next(); step !== undefined; step = walk.next()) {
    const { rule } = step
    if (rule.actions?.has(action) === false) continue
    untilMs = Math.min(untilMs, ruleUntilMs(rule, facts))
    if (verdict.kind === 'rule' && verdict.rule === rule) break
  }
  return untilMs
}

function ruleUntilMs(rule: Rule, facts: Facts): number {
  const { validFromMs, validUntilMs, attemptConditions, obligations } = rule
  if (facts.nowMs < validFromMs) return validFromMs
  if (facts.nowMs > validUntilMs) return Number.POSITIVE_INFINITY
  const due = obligations.map(({ condition }) => condition?.untilMs(facts) ?? Infinity)
  const held = attemptConditions.map((condition) => condition.untilMs(facts))
  return Math.min(validUntilMs + 1, ...held, ...due)
}

/** What the gateway has to do: of an obligation that depends on the unknown, it has to. */
export function obligationsOf({ obligations }: Rule, facts: Facts): readonly Obligation[] {
  if (obligations.length === 0) return noObligations
  return obligations.filter(
    ({ condition }) => condition === undefined || condition.test(facts) !== F,
  )
}
const noObligations: readonly Obligation[] = Object.freeze([])

function unknownsOf(rule: Rule, facts: Facts): readonly string[] {
  return rule.conditions.flatMap((condition) => condition.unknowns(facts))
}

function joined(before: readonly string[], found: readonly string[]): readonly string[] {
  return [...new Set([...before, ...found])]
}

const nothing: readonly string[] = Object.freeze([])
const none: Verdict = Object.freeze({ kind: 'none' })
