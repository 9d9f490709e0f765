import { F, T, type Tri, U } from '../directory/three-values.ts'
import type { ConditionTrace, Explanation, RuleTrace } from './decision.ts'
import { administratorMessage } from './messages.ts'

/** An explanation in sentences, for a person. */
export function explanationText(
  { answer, rules, omitted }: Pick<Explanation, 'answer' | 'rules' | 'omitted'>,
  nearest: RuleTrace | undefined,
): string {
  const application = answer.application === '' ? '' : ` ${answer.application}`
  const lines = [`${answer.effect}${application}: ${answer.reason}`]
  if (answer.reason !== 'RULE') lines.push(`  ${administratorMessage[answer.reason]}`)
  for (const rule of rules) {
    lines.push(`  ${verdict(rule)}  ${rule.effect} \`${rule.rule}\` (${rule.file}:${rule.line})`)
    if (rule.note !== '') lines.push(`        ${rule.note}`)
    for (const condition of rule.conditions) lines.push(`        ${sentence(condition)}`)
    if (rule.decided) break
  }
  if (omitted > 0) lines.push(`  ${omitted} further rules of the application are left out`)
  for (const { id, type } of answer.obligations) lines.push(`  obligation due: ${id} (${type})`)
  if (answer.unknown.length > 0) lines.push(`  unknown: ${answer.unknown.join(', ')}`)
  if (nearest !== undefined) {
    lines.push(`  nearest rule that would have allowed: \`${nearest.rule}\``)
    const lacking = nearest.conditions.filter(({ result }) => result !== T)
    for (const condition of lacking) lines.push(`        lacked: ${sentence(condition)}`)
  }
  return lines.join('\n')
}

/** One condition: what it came to, what it wanted and what it saw. */
export function sentence({ path, result, seen, wanted, note }: ConditionTrace): string {
  const value = seen === '' ? '' : `, seen ${seen}`
  const why = note === '' ? '' : ` (${note})`
  return `${truth(result).padEnd(7)} ${path}: wanted ${wanted}${value}${why}`
}

function verdict({ decided, result }: RuleTrace): string {
  return decided ? 'decided' : `${truth(result)}  `.slice(0, 7)
}

function truth(value: Tri): 'false' | 'unknown' | 'true' {
  return value === F ? 'false' : value === U ? 'unknown' : 'true'
}
