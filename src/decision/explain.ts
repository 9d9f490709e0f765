import { and, F, T, type Tri, U } from '../directory/three-values.ts'

import type { Answer, ConditionTrace, Explanation, RuleTrace } from './decision.ts'
import type { Basis } from './looked.ts'
import { administratorMessage } from './messages.ts'

/** The answer with every rule that could concern it, and why each did or did not match. */
export function explain(answer: Answer, basis: Basis | undefined): Explanation {
  const rules = basis === undefined ? [] : traceRules(answer, basis)
  const nearestAllow = answer.effect === 'block' ? nearest(rules) : ''
  return {
    kind: 'explanation',
    answer,
    rules,
    nearestAllow,
    text: text(answer, rules, nearestAllow),
  }
}

function traceRules(answer: Answer, basis: Basis): readonly RuleTrace[] {
  const { rules, application, facts } = basis
  return rules.rulesFor(application).all.map((rule) => {
    const conditions = rule.conditions.map((condition): ConditionTrace => {
      const { value, note } = condition.see(facts)
      return {
        path: condition.path,
        result: condition.test(facts),
        seen: value,
        wanted: condition.wanted,
        note,
        ageMs: condition.readsDirectory ? answer.world.ageMs : 0,
      }
    })
    const result = conditions.reduce<Tri>((all, { result }) => and(all, result), T)
    const { id, effect, file, line, reason } = rule
    return { rule: id, effect, result, decided: id === answer.rule, conditions, file, line, reason }
  })
}

/** The allow rule that lacked the fewest conditions; of equals, the first. */
function nearest(rules: readonly RuleTrace[]): string {
  let best: RuleTrace | undefined
  for (const rule of rules) {
    if (rule.effect === 'allow' && (best === undefined || lacking(rule) < lacking(best)))
      best = rule
  }
  return best?.rule ?? ''
}

function lacking(rule: RuleTrace): number {
  return rule.conditions.filter(({ result }) => result !== T).length
}

function text(answer: Answer, rules: readonly RuleTrace[], nearestAllow: string): string {
  const application = answer.application === '' ? '' : ` ${answer.application}`
  const lines = [`${answer.effect}${application}: ${answer.reason}`]
  if (answer.reason !== 'RULE') lines.push(`  ${administratorMessage[answer.reason]}`)
  for (const rule of rules) {
    lines.push(`  ${verdict(rule)}  ${rule.effect} \`${rule.rule}\` (${rule.file}:${rule.line})`)
    for (const condition of rule.conditions) lines.push(`        ${sentence(condition)}`)
    if (rule.decided) break
  }
  if (nearestAllow !== '') lines.push(`  nearest rule that would have allowed: \`${nearestAllow}\``)
  return lines.join('\n')
}

function verdict({ decided, result }: RuleTrace): string {
  return decided ? 'decided' : `${truth(result)}  `.slice(0, 7)
}

function sentence({ path, result, seen, wanted, note }: ConditionTrace): string {
  const value = seen === '' ? '' : `, seen ${seen}`
  const why = note === '' ? '' : ` (${note})`
  return `${truth(result).padEnd(7)} ${path}: wanted ${wanted}${value}${why}`
}

function truth(value: Tri): 'false' | 'unknown' | 'true' {
  return value === F ? 'false' : value === U ? 'unknown' : 'true'
}
