import type { CheckedRule } from '../checked-policy.ts'
import { hasSubject, subjectKey } from '../subject-key.ts'
import { type Finding, ruleFinding } from './finding.ts'
import type { LintOptions } from './lint.ts'
import { isAlways, type LintedRule, type LintedRules } from './linted-rules.ts'
import type { Part } from './rule-parts.ts'
import { skippedHour } from './skipped-hour.ts'

/** What one rule alone tells. */
export function ruleFindings(rules: LintedRules, options: LintOptions): readonly Finding[] {
  const before = new Map(options.previous?.rules.map((rule) => [rule.id, rule]))
  return rules.all.flatMap((linted) => [
    ...allowsEverything(linted),
    ...optionalAttributes(linted),
    ...filterNe(linted.rule),
    ...wholeNetworks(linted, rules),
    ...skippedHours(linted.rule, options.nowMs),
    ...notIndexable(linted.rule, rules.all.length),
    ...movedId(linted.rule, before.get(linted.rule.id)),
  ])
}

function allowsEverything({ rule, parts, validity }: LintedRule): readonly Finding[] {
  if (rule.effect !== 'allow' || rule.apps !== 'any' || parts.length > 0) return []
  if (!isAlways(validity)) return []
  const message = [
    `\`${rule.id}\` allows any principal any application: name applications in`,
    `\`apps\`, or people in \`who\``,
  ].join(' ')
  return [ruleFinding('allows-everything', rule, message)]
}

/** An attribute that somebody may lack makes a block rule match them all. */
function optionalAttributes({ rule, parts }: LintedRule): readonly Finding[] {
  if (rule.effect !== 'block' || rule.onMissing !== undefined) return []
  const keys = parts.flatMap((part) => (part.kind === 'attribute' ? part.key : []))
  const optional = keys.find((key) => key.startsWith('user.') && !alwaysThere.has(key))
  if (optional === undefined) return []
  const message = [
    `\`${rule.id}\` blocks everybody without \`${optional}\` as well; say`,
    `\`onMissing: match\` if you mean it, or \`onMissing: skip\``,
  ].join(' ')
  return [ruleFinding('optional-attribute', rule, message)]
}
const alwaysThere = new Set(['user.userName', 'user.id', 'user.active'])

function filterNe(rule: CheckedRule): readonly Finding[] {
  if (!/\sne\s/i.test((rule.who?.filter ?? '').replace(/"(?:[^"\\]|\\.)*"/g, '""'))) return []
  const message = [
    `\`${rule.id}\`: \`ne\` in a filter holds where some value differs (RFC 7644`,
    `§3.4.2.2); write \`not (… eq …)\` where none may be equal`,
  ].join(' ')
  return [ruleFinding('filter-ne', rule, message)]
}

function wholeNetworks({ rule, parts }: LintedRule, { policy }: LintedRules): readonly Finding[] {
  const open = networksOf(parts, policy.lists).find((network) => network.endsWith('/0'))
  if (open === undefined) return []
  const message = `\`${rule.id}\`: \`${open}\` is every address, so the condition asks nothing`
  return [ruleFinding('whole-network', rule, message)]
}

function networksOf(
  parts: readonly Part[],
  lists: LintedRules['policy']['lists'],
): readonly string[] {
  return parts.flatMap((part) => {
    if (part.kind === 'not') return networksOf(part.parts, lists)
    if (part.kind !== 'attribute') return []
    const { inCidr = [], notInCidr = [], inList, notInList } = part.operators
    const named = lists.find(({ name, type }) => {
      return type === 'cidr' && (name === inList || name === notInList)
    })
    return [inCidr, notInCidr, (named?.values ?? []).map(String)].flat()
  })
}

function skippedHours(rule: CheckedRule, nowMs: number): readonly Finding[] {
  const skipped = skippedHour(rule, nowMs)
  if (skipped === undefined) return []
  const message = [
    `\`${rule.id}\`: on ${skipped.day} the clocks of \`${skipped.zone}\` skip`,
    `${skipped.time}, so the window starts or ends when they have`,
  ].join(' ')
  return [ruleFinding('skipped-hour', rule, message)]
}

/** Of a few hundred rules nobody feels it. */
function notIndexable(rule: CheckedRule, count: number): readonly Finding[] {
  if (!hasSubject(rule) || subjectKey(rule).kind !== 'none') return []
  const message = [
    `\`${rule.id}\` is asked once for every principal: no group, user, directory or`,
    'value leads to it',
  ].join(' ')
  const severity = count >= manyRules ? 'warn' : 'info'
  return [ruleFinding('not-indexable', rule, message, { severity })]
}
const manyRules = 200

function movedId(rule: CheckedRule, before: CheckedRule | undefined): readonly Finding[] {
  if (before === undefined || before.effect === rule.effect) return []
  const message = [
    `\`${rule.id}\` was a rule to ${before.effect}, and is one to ${rule.effect}: a`,
    'new rule needs a new id, since metrics and history go by it',
  ].join(' ')
  return [ruleFinding('id-moved', rule, message)]
}
