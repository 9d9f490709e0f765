import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evaluate } from '../../../src/decision/evaluate.ts'
import { F } from '../../../src/directory/three-values.ts'
import { lintPolicy } from '../../../src/policy/lint/lint.ts'
import { LintedRules } from '../../../src/policy/lint/linted-rules.ts'
import { covers } from '../../../src/policy/lint/shadowing.ts'
import { compiled, factsOf, type Given, read, vocabulary } from '../../support/policies.ts'
import {
  anyAttempt,
  anyPolicy,
  anyRule,
  policyOf,
  type RandomAttempt,
} from '../../support/random-policies.ts'

function givenOf({ user, groups, action: _action, ...attempt }: RandomAttempt): Given {
  return { ...attempt, user: user === undefined ? null : { ...user, groups } }
}

test('a rule that is called shadowed, a duplicate or impossible decides no attempt', () => {
  const silent = ['shadowed-rule', 'duplicate-rule', 'never-matches']
  let told = 0
  fc.assert(
    fc.property(anyPolicy, fc.array(anyAttempt, { minLength: 24 }), (policy, attempts) => {
      const text = JSON.stringify({ version: 1, ...policy })
      const found = read(text)
      if (found.kind === 'faults') throw new Error('faults')
      const findings = lintPolicy(found.policy, { vocabulary, nowMs: 0 })
      const idle = new Set(
        findings
          .filter(({ check, severity }) => silent.includes(check) && severity !== 'info')
          .filter(({ message }) => !message.includes('only where something is unknown'))
          .map(({ rule }) => rule),
      )
      told += idle.size
      const set = compiled(text)
      for (const attempt of attempts) {
        const application = set.applications.get(attempt.application)!
        const verdict = evaluate(set, application, attempt.action, factsOf(givenOf(attempt)))
        if (verdict.kind === 'rule') expect(idle.has(verdict.rule.id)).toBe(false)
      }
    }),
    { numRuns: 250 },
  )
  expect(told).toBeGreaterThan(5)
})

test('a rule that covers another matches wherever that one does', () => {
  let told = 0
  const two = fc.tuple(anyRule, anyRule, fc.boolean()).map(([a, b, isNarrowed]) => {
    // Of two random rules hardly one covers the other: so one is often the other with more.
    return policyOf(isNarrowed ? [a, { ...b, ...a, when: { ...b.when, ...a.when } }] : [a, b])
  })
  fc.assert(
    fc.property(two, fc.array(anyAttempt, { minLength: 24 }), (policy, attempts) => {
      const text = JSON.stringify({ version: 1, ...policy })
      const found = read(text)
      if (found.kind === 'faults') return
      const [a, b] = new LintedRules(found.policy, vocabulary).all
      if (a === undefined || b === undefined || !covers(a, b)) return
      told++
      const set = compiled(text)
      for (const attempt of attempts) {
        const facts = factsOf(givenOf(attempt))
        const matches = set.rules.map(({ conditions, onMissing }) => {
          const result = Math.min(2, ...conditions.map((condition) => condition.test(facts)))
          return result === 2 || (result !== F && onMissing === 'match')
        })
        if (matches[1]) expect(matches[0]).toBe(true)
      }
    }),
    { numRuns: 800 },
  )
  expect(told).toBeGreaterThan(25)
})

test('ten thousand rules are compared without comparing each with each', () => {
  const rules = Array.from({ length: 10_000 }, (_, at) => ({
    id: `r-${at}`,
    effect: 'allow',
    apps: { names: [`app-${at % 1_000}`] },
    who: { groups: { any: [`G ${at}`, `G ${at + 1}`] } },
  }))
  const applications = Object.fromEntries(
    rules.slice(0, 1_000).map(({ apps }) => [apps.names[0], {}]),
  )
  const found = read(JSON.stringify({ version: 1, applications, rules }))
  if (found.kind === 'faults') throw new Error('faults')

  expect(lintPolicy(found.policy, { vocabulary, nowMs: 0 })).toEqual([])
})
