import { describe, expect, test } from 'vitest'
import { evaluate } from '../../src/decision/evaluate.ts'
import { F, T, type Tri, U } from '../../src/directory/three-values.ts'
import type { Condition, Rule } from '../../src/policy/policy.ts'
import { factsOf } from '../support/policies.ts'

const facts = factsOf({})

function condition(result: Tri, path = 'when.x'): Condition {
  return {
    path,
    wanted: '',
    readsDirectory: false,
    test: () => result,
    unknowns: () => (result === U ? [path] : []),
    see: () => ({ value: '', note: '' }),
  }
}

function rule(id: string, effect: 'allow' | 'block', ...results: readonly Tri[]): Rule {
  return {
    id,
    effect,
    onMissing: effect === 'block' ? 'match' : 'skip',
    isStrict: false,
    message: '',
    reason: '',
    file: 'p.yaml',
    line: 1,
    actions: undefined,
    conditions: results.map((result, at) => condition(result, `${id}.${at}`)),
  }
}

function decide(...rules: readonly Rule[]) {
  const verdict = evaluate(rules, 'connect', facts)
  return verdict.kind === 'none' ? 'none' : { rule: verdict.rule.id, unknown: verdict.unknown }
}

describe('a rule with one condition', () => {
  test.each([
    ['allow', T, { rule: 'a', unknown: [] }],
    ['allow', U, 'none'],
    ['allow', F, 'none'],
    ['block', T, { rule: 'a', unknown: [] }],
    ['block', U, { rule: 'a', unknown: ['a.0'] }],
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
  expect(decide(rule('a', 'block', T, U, U))).toEqual({ rule: 'a', unknown: ['a.1', 'a.2'] })
})

test('an unknown block rule that is told to skip shows in the answer of a later rule', () => {
  const skipping: Rule = { ...rule('a', 'block', U), onMissing: 'skip' }

  expect(decide(skipping, rule('b', 'allow', T))).toEqual({ rule: 'b', unknown: ['a.0'] })
})

test('an unknown allow rule that is told to match says what it did not know', () => {
  const matching: Rule = { ...rule('a', 'allow', T, U), onMissing: 'match' }

  expect(decide(matching)).toEqual({ rule: 'a', unknown: ['a.1'] })
})

test('a rule on other actions is passed over, even if it blocks', () => {
  const reading: Rule = { ...rule('a', 'block', T), actions: new Set(['read']) }

  expect(decide(reading, rule('b', 'allow', T))).toEqual({ rule: 'b', unknown: [] })
})
