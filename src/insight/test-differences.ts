import { T, U } from '../directory/three-values.ts'
import type { Application, Condition, Facts, Rule, RuleSet } from '../policy/policy.ts'
import type { TestPart } from '../policy/test-schema.ts'
import type { TestAnswer } from './policy-tests.ts'

/** How an answer differs from what a test wants, and why, in words; empty: it does not. */
export function differences(
  wanted: TestPart['expect'],
  got: TestAnswer,
  rules: RuleSet,
  application: Application | undefined,
  facts: Facts | undefined,
): readonly string[] {
  const told: string[] = []
  const other =
    (wanted.effect !== undefined && wanted.effect !== got.effect) ||
    (wanted.rule !== undefined && wanted.rule !== got.rule) ||
    (wanted.reason !== undefined && wanted.reason !== got.reason)
  if (other) told.push(`want ${wantedText(wanted)}, got ${gotText(got, rules)}`)
  tellLists('unknown', wanted.unknown, got.unknown, told)
  tellLists('obligations', wanted.obligations, got.obligations, told)
  if (wanted.message !== undefined && wanted.message !== got.message) {
    told.push(`want message ${JSON.stringify(wanted.message)}, got ${JSON.stringify(got.message)}`)
  }
  if (other && facts !== undefined && application !== undefined) {
    told.push(...reasons(wanted, got, rules.rulesFor(application).all, facts))
  }
  return told
}

function wantedText({ effect, rule, reason }: TestPart['expect']): string {
  const by = rule === undefined ? '' : rule === '' ? 'by no rule' : `by ${rule}`
  return [effect, by, reason].filter((part) => part !== undefined && part !== '').join(' ')
}

function gotText({ effect, reason, rule }: TestAnswer, rules: RuleSet): string {
  if (rule === '') return `${effect}: ${reason}`
  const line = rules.rules.find(({ id }) => id === rule)?.line
  return `${effect} by ${rule} (line ${line})`
}

function tellLists(
  what: string,
  wanted: readonly string[] | undefined,
  got: readonly string[],
  told: string[],
): void {
  if (wanted === undefined) return
  const same = wanted.length === got.length && wanted.every((each) => got.includes(each))
  if (!same) told.push(`want ${what} [${wanted.join(', ')}], got [${got.join(', ')}]`)
}

/** What made the rule that decided match, and what kept the one that was wanted from it. */
function reasons(
  wanted: TestPart['expect'],
  got: TestAnswer,
  rules: readonly Rule[],
  facts: Facts,
): readonly string[] {
  const decided = rules.find(({ id }) => id === got.rule)
  const missed = rules.find(({ id }) => id === wanted.rule)
  return [
    ...(decided === undefined ? [] : unknownOf(decided, facts)),
    ...(missed === undefined || missed === decided ? [] : lackedBy(missed, facts)),
  ]
}

function unknownOf(rule: Rule, facts: Facts): readonly string[] {
  const those = rule.conditions.filter((condition) => condition.test(facts) === U)
  const does = rule.onMissing === 'match' ? 'matches' : 'is skipped'
  const effect = `an unknown ${rule.effect} rule ${does}`
  return those.map((condition) => {
    const names = condition.unknowns(facts).join(', ') || condition.path
    return `${names} is not known${noteOf(condition, facts)}, and ${effect}`
  })
}

function lackedBy(rule: Rule, facts: Facts): readonly string[] {
  const those = rule.conditions.filter((condition) => condition.test(facts) !== T)
  if (those.length === 0)
    return [`${rule.id} (line ${rule.line}) would have matched, but stands behind`]
  return those.map((condition) => {
    const { value } = condition.see(facts)
    const seen = value === '' ? '' : `, seen ${value}`
    const wanted = `${condition.path} wants ${condition.wanted}`
    return `${rule.id} (line ${rule.line}): ${wanted}${seen}${noteOf(condition, facts)}`
  })
}

function noteOf(condition: Condition, facts: Facts): string {
  const { note } = condition.see(facts)
  return note === '' ? '' : ` (${note})`
}
