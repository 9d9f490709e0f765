import { describe, expect, test } from 'vitest'
import { evaluate, evaluateShadow, obligationsOf } from '../../src/decision/evaluate.ts'
import { F, T, type Tri, U } from '../../src/directory/three-values.ts'
import type { Rule } from '../../src/policy/policy.ts'
import { compiled, factsOf, type Given } from '../support/policies.ts'

/** A rule whose conditions come to these results: what is unknown was not sent. */
function rule(id: string, effect: 'allow' | 'block', ...results: readonly Tri[]): RuleText {
  const when = results.map((result, at) => {
    const sent = { [T]: 'claims.sent', [F]: 'claims.unsaid', [U]: `claims.${id}-${at}` }[result]
    return { [sent]: { eq: true } }
  })
  return { id, effect, apps: 'any', ...(when.length > 0 && { when: { all: when } }) }
}
type RuleText = Readonly<Record<string, unknown>>

const sent: Given = { claims: { sent: true, unsaid: false }, now: '2026-05-04T10:00:00Z' }

function verdictOf(rules: readonly RuleText[]) {
  const set = compiled(JSON.stringify({ version: 1, applications: { app }, rules }))
  const application = set.applications.get('app')!
  const facts = factsOf(sent)
  const verdict = evaluate(set, application, 'connect', facts)
  const shadow = evaluateShadow(set, application, 'connect', facts, verdict)
  return { verdict, shadow: shadow?.id ?? '', facts }
}
const app = { actions: ['connect', 'read'] }

function decide(...rules: readonly RuleText[]) {
  const { verdict } = verdictOf(rules)
  return verdict.kind === 'none' ? 'none' : { rule: verdict.rule.id, unknown: verdict.unknown }
}

describe('a rule with one condition', () => {
  test.each([
    ['allow', T, { rule: 'a', unknown: [] }],
    ['allow', U, 'none'],
    ['allow', F, 'none'],
    ['block', T, { rule: 'a', unknown: [] }],
    ['block', U, { rule: 'a', unknown: ['claims.a-0'] }],
    ['block', F, 'none'],
  ] as const)('that is to %s, its condition being %i, decides so', (effect, result, wanted) => {
    expect(decide(rule('a', effect, result))).toEqual(wanted)
  })
})

test('the first rule that matches decides', () => {
  expect(decide(rule('a', 'allow', F), rule('b', 'block', T), rule('c', 'allow', T))).toEqual({
    rule: 'b',
    unknown: [],
  })
})

test('no rule is no match', () => {
  expect(decide()).toBe('none')
})

test('a rule without conditions matches', () => {
  expect(decide(rule('a', 'allow'))).toEqual({ rule: 'a', unknown: [] })
})

test('one false condition outweighs the unknown ones, wherever it stands', () => {
  expect(decide(rule('a', 'block', U, F, T), rule('b', 'block', F, U))).toBe('none')
})

test('an unknown block rule tells each condition that was unknown, and no other', () => {
  expect(decide(rule('a', 'block', T, U, U))).toEqual({
    rule: 'a',
    unknown: ['claims.a-1', 'claims.a-2'],
  })
})

test('an unknown block rule that is told to skip shows in the answer of a later rule', () => {
  const skipping = { ...rule('a', 'block', U), onMissing: 'skip' }

  expect(decide(skipping, rule('b', 'allow', T))).toEqual({ rule: 'b', unknown: ['claims.a-0'] })
})

test('an unknown allow rule that is told to match says what it did not know', () => {
  const matching = { ...rule('a', 'allow', T, U), onMissing: 'match' }

  expect(decide(matching)).toEqual({ rule: 'a', unknown: ['claims.a-1'] })
})

test('a rule on other actions is passed over, even if it blocks', () => {
  const reading = { ...rule('a', 'block', T), actions: ['read'] }

  expect(decide(reading, rule('b', 'allow', T))).toEqual({ rule: 'b', unknown: [] })
})

describe('a rule outside its time is as if it were not there:', () => {
  test.each([
    [{ validFrom: '2026-05-05' }, false],
    [{ validFrom: '2026-05-04' }, true],
    [{ validUntil: '2026-05-04' }, true],
    [{ validUntil: '2026-05-03' }, false],
    [{ validFrom: '2026-05-04T10:00:00Z' }, true],
    [{ validFrom: '2026-05-04T10:00:01Z' }, false],
    [{ validUntil: '2026-05-04T12:00:00+02:00' }, true],
    [{ validUntil: '2026-05-04T11:59:59+02:00' }, false],
  ])('%o at 10:00 UTC on 2026-05-04: %s', (times, isThere) => {
    expect(decide({ ...rule('a', 'block', T), ...times })).toEqual(
      isThere ? { rule: 'a', unknown: [] } : 'none',
    )
  })
})

describe('a shadow rule', () => {
  const shadow = (id: string, result: Tri): RuleText => {
    return { ...rule(id, 'block', result), mode: 'shadow' }
  }

  test('never decides, and is told where it would have', () => {
    const { verdict, shadow: told } = verdictOf([shadow('s', T), rule('a', 'allow', T)])

    expect([(verdict as { rule?: Rule }).rule?.id, told]).toEqual(['a', 's'])
  })

  test('that stands behind the rule that decides would have decided nothing', () => {
    expect(verdictOf([rule('a', 'allow', T), shadow('s', T)]).shadow).toBe('')
  })

  test('that does not match is not told', () => {
    expect(verdictOf([shadow('s', F), rule('a', 'allow', T)]).shadow).toBe('')
  })

  test('leaves nothing in what was unknown', () => {
    const skipping = { ...shadow('s', U), onMissing: 'skip' }

    expect(decide(skipping, rule('a', 'allow', T))).toEqual({ rule: 'a', unknown: [] })
  })
})

test('an obligation is due unless its condition is known to be false', () => {
  const of = (id: string, condition?: object) => ({
    ...{ id, type: 'step-up', properties: { acr_value: 'loa:2' } },
    ...(condition && { if: condition }),
  })
  const obligations = [
    of('always'),
    of('true', { 'claims.sent': { eq: true } }),
    of('false', { 'claims.unsaid': { eq: true } }),
    of('unknown', { 'claims.missing': { eq: true } }),
  ]
  const { verdict, facts } = verdictOf([{ ...rule('a', 'allow', T), obligations }])

  const due = verdict.kind === 'none' ? [] : obligationsOf(verdict.rule, facts)

  expect(due.map(({ id }) => id)).toEqual(['always', 'true', 'unknown'])
  expect(due[0]!.properties.get('acr_value')).toBe('loa:2')
})
