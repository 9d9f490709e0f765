import { F, T, type Tri, U } from '../directory/three-values.ts'
import type { Application, Facts, Obligation, Rule, RuleSet } from '../policy/policy.ts'

/** Which rule decides; `unknown`: what could not be known and shaped that. */
export type Verdict =
  | { readonly kind: 'rule'; readonly rule: Rule; readonly unknown: readonly string[] }
  | { readonly kind: 'none' }

/**
 * Walks the rules of an application from the top; the first that matches decides. A rule that is
 * unknown does as its `onMissing` says: by default a block rule matches, an allow rule does not.
 * Pure, and on the usual way it makes nothing but the Verdict.
 */
export function evaluate(
  rules: RuleSet,
  application: Application,
  action: string,
  facts: Facts,
): Verdict {
  return walk(rules.rulesFor(application), 'enforce', action, facts)
}

/** Which shadow rule would have decided, had it been enforced: the first that stands before. */
export function evaluateShadow(
  rules: RuleSet,
  application: Application,
  action: string,
  facts: Facts,
  verdict: Verdict,
): Rule | undefined {
  const shadow = walk(rules.rulesFor(application), 'shadow', action, facts)
  if (shadow.kind === 'none') return undefined
  const isBefore = verdict.kind === 'none' || shadow.rule.ordinal < verdict.rule.ordinal
  return isBefore ? shadow.rule : undefined
}

function walk(rules: readonly Rule[], mode: Rule['mode'], action: string, facts: Facts): Verdict {
  let skipped: readonly string[] = nothing
  for (let at = 0; at < rules.length; at++) {
    const rule = rules[at]!
    if (rule.mode !== mode || !isThere(rule, action, facts)) continue
    const result = resultOf(rule, facts)
    if (result === F) continue
    if (result === T) return { kind: 'rule', rule, unknown: skipped }
    if (rule.onMissing === 'match') {
      return { kind: 'rule', rule, unknown: joined(skipped, unknownsOf(rule, facts)) }
    }
    // A block rule told to let the unknown pass has shaped whatever is decided after it.
    if (rule.effect === 'block') skipped = joined(skipped, unknownsOf(rule, facts))
  }
  return none
}

/** A rule for another action, or outside its time, is as if it were not in the file. */
export function isThere(rule: Rule, action: string, { nowMs }: Facts): boolean {
  if (rule.actions !== undefined && !rule.actions.has(action)) return false
  return nowMs >= rule.validFromMs && nowMs <= rule.validUntilMs
}

/** What the gateway has to do: of an obligation that depends on the unknown, it has to. */
export function obligationsOf({ obligations }: Rule, facts: Facts): readonly Obligation[] {
  if (obligations.length === 0) return noObligations
  return obligations.filter(
    ({ condition }) => condition === undefined || condition.test(facts) !== F,
  )
}
const noObligations: readonly Obligation[] = Object.freeze([])

/** Conditions are joined by AND: the least of them, so the first false one ends it. */
function resultOf(rule: Rule, facts: Facts): Tri {
  const { conditions } = rule
  let result: Tri = T
  for (let at = 0; at < conditions.length; at++) {
    const one = conditions[at]!.test(facts)
    if (one === F) return F
    if (one === U) result = U
  }
  return result
}

function unknownsOf(rule: Rule, facts: Facts): readonly string[] {
  return rule.conditions.flatMap((condition) => condition.unknowns(facts))
}

function joined(before: readonly string[], found: readonly string[]): readonly string[] {
  return [...new Set([...before, ...found])]
}

const nothing: readonly string[] = Object.freeze([])
const none: Verdict = Object.freeze({ kind: 'none' })
