import { and, F, T, type Tri, U } from '../directory/three-values.ts'
import { isThere } from '../policy/application-rules.ts'
import type { Facts, Rule } from '../policy/policy.ts'
import type { Answer, ConditionTrace, Explanation, RuleTrace } from './decision.ts'
import { explanationText } from './explanation-text.ts'
import type { Basis } from './looked.ts'

/** The answer with every rule that could concern it, and why each did or did not match. */
export function explain(answer: Answer, basis: Basis | undefined): Explanation {
  const all = basis === undefined ? [] : judgeRules(basis)
  const nearest = answer.effect === 'block' ? nearestAllow(all) : undefined
  const chosen = most(all, answer, nearest)
  const rules = chosen.map((judged) => traceOf(judged, answer, basis!))
  const omitted = all.length - rules.length
  const nearestTrace = nearest === undefined ? undefined : rules[chosen.indexOf(nearest)]
  const text = explanationText({ answer, rules, omitted }, nearestTrace)
  const nearestRule = nearest?.rule.id ?? ''
  return { kind: 'explanation', answer, rules, omitted, nearestAllow: nearestRule, text }
}

/** What a rule came to, before anybody looks at the values. */
interface Judged {
  readonly rule: Rule
  /** Of each of its conditions. */
  readonly results: readonly Tri[]
  readonly result: Tri
  /** Whether it can decide: not in the shadow, valid now, for this action. */
  readonly asks: boolean
}

function judgeRules({ rules, application, facts, action }: Basis): readonly Judged[] {
  return rules.rulesFor(application).all.map((rule) => {
    const results = rule.conditions.map((condition) => condition.test(facts))
    const asks = rule.mode === 'enforce' && isThere(rule, action, facts.nowMs)
    return { rule, results, result: results.reduce<Tri>(and, T), asks }
  })
}

function traceOf(
  { rule, results, result }: Judged,
  answer: Answer,
  { facts, action }: Basis,
): RuleTrace {
  const conditions = rule.conditions.map((condition, at): ConditionTrace => {
    const { value, note } = condition.see(facts)
    const { path, wanted, readsDirectory } = condition
    const ageMs = readsDirectory ? answer.world.ageMs : 0
    return { path, result: results[at]!, seen: value, wanted, note, ageMs }
  })
  const { id, effect, file, line, reason } = rule
  const decided = id === answer.rule
  const note = noteOn(rule, action, facts)
  return { rule: id, effect, result, decided, conditions, file, line, reason, note }
}

/** What about the rule itself made it count, or not. */
function noteOn(rule: Rule, action: string, { nowMs }: Facts): string {
  const usual = rule.effect === 'block' ? 'match' : 'skip'
  const notes: string[] = []
  if (rule.mode === 'shadow') notes.push('in the shadow, so it never decides')
  if (rule.actions?.has(action) === false) notes.push(`only for ${[...rule.actions].join(', ')}`)
  if (nowMs < rule.validFromMs) notes.push('not valid yet')
  if (nowMs > rule.validUntilMs) notes.push('no longer valid')
  if (rule.onMissing !== usual) notes.push(`onMissing: ${rule.onMissing}`)
  return notes.join('; ')
}

/** The allow rule that lacked the fewest conditions; of equals, the first. */
function nearestAllow(all: readonly Judged[]): Judged | undefined {
  let best: Judged | undefined
  for (const judged of all) {
    if (judged.rule.effect !== 'allow' || !judged.asks) continue
    if (best === undefined || lacking(judged) < lacking(best)) best = judged
  }
  return best
}

function lacking({ results }: Judged): number {
  return results.filter((result) => result !== T).length
}

/** All of them, or those that matter most, in order: a message holds so many. */
function most(
  all: readonly Judged[],
  answer: Answer,
  nearest: Judged | undefined,
): readonly Judged[] {
  if (all.length <= rulesMax) return all
  const chosen = new Set(
    all.filter((judged) => judged.rule.id === answer.rule || judged === nearest),
  )
  for (const wanted of [T, U, F]) {
    for (const judged of all) {
      if (chosen.size < rulesMax && judged.result === wanted) chosen.add(judged)
    }
  }
  return all.filter((judged) => chosen.has(judged))
}

/** Of an explanation: with some conditions each they stay well below 512 KiB. */
const rulesMax = 200
