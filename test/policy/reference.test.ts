import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evaluate } from '../../src/decision/evaluate.ts'
import { enterpriseUserUrn } from '../../src/directory/core-schemas.ts'
import { T } from '../../src/directory/three-values.ts'
import { compiled, factsOf, type Given } from '../support/policies.ts'
import {
  anyAttempt,
  anyPolicy,
  anyRule,
  policyOf,
  type RandomAttempt,
} from '../support/random-policies.ts'
import {
  type ReferenceAttempt,
  type ReferencePolicy,
  referenceDecision,
  ruleTruth,
} from '../support/reference-evaluator.ts'

test('compiled rules answer as the slow evaluator does', () => {
  const attempts = fc.array(anyAttempt, { minLength: 16, maxLength: 16 })
  fc.assert(
    fc.property(anyPolicy, attempts, (policy, many) => {
      const decide = deciderOf(policy)
      for (const attempt of many) {
        expect(decide(attempt)).toEqual(referenceDecision(policy, asReference(attempt)))
      }
    }),
    { numRuns: 120 },
  )
})

test('each rule is as true, false or unknown as the slow evaluator finds it', () => {
  const truths = ['false', 'unknown', 'true'] as const
  const attempts = fc.array(anyAttempt, { minLength: 16, maxLength: 16 })
  fc.assert(
    fc.property(anyPolicy, attempts, (policy, many) => {
      const { rules } = compiled(JSON.stringify({ version: 1, ...policy }))
      for (const attempt of many) {
        const facts = factsOf(givenOf(attempt))
        for (const { id, conditions } of rules) {
          const rule = policy.rules.find((each) => each.id === id)!
          const wanted = ruleTruth(rule, policy, asReference(attempt))

          const found = Math.min(T, ...conditions.map((condition) => condition.test(facts)))
          const unknowns = conditions.flatMap((condition) => condition.unknowns(facts))

          expect({ id, truth: truths[found] }).toEqual({ id, truth: wanted })
          if (wanted === 'unknown') expect(unknowns).not.toEqual([])
          if (wanted === 'true') expect(unknowns).toEqual([])
        }
      }
    }),
    { numRuns: 100 },
  )
})

test('a block rule more, anywhere, never adds an allow', () => {
  fc.assert(
    fc.property(anyPolicy, anyRule, fc.nat(8), anyAttempt, (policy, rule, at, attempt) => {
      const block = { ...rule, effect: 'block' as const }
      const more = policyOf(policy.rules.toSpliced(at, 0, block))

      const before = deciderOf(policy)(attempt).effect
      const after = deciderOf(more)(attempt).effect

      expect(before === 'block' && after === 'allow').toBe(false)
    }),
    { numRuns: 100 },
  )
})

test('data taken away turns no block into an allow, except where a rule asks for absence', () => {
  const removable = fc.constantFrom('claims', 'context', 'user')
  fc.assert(
    fc.property(anyPolicy, anyAttempt, removable, fc.nat(9), (policy, attempt, part, at) => {
      const decide = deciderOf(policyOf(policy.rules.filter((rule) => !asksForAbsence(rule))))

      const before = decide(attempt).effect
      const after = decide({ ...attempt, [part]: withoutOne(attempt[part], at) }).effect

      expect(before === 'block' && after === 'allow').toBe(false)
    }),
    { numRuns: 200 },
  )
})

/** `exists` is known of what is absent; an `onMissing` other than the default is said by its author. */
function asksForAbsence(rule: ReferencePolicy['rules'][number]): boolean {
  return rule.onMissing !== undefined || JSON.stringify(rule).includes('"exists"')
}

function withoutOne(part: RandomAttempt['user'], at: number): RandomAttempt['user'] {
  const keys = Object.keys(part ?? {}).filter((key) => key !== 'id')
  const gone = keys[at % keys.length]
  return Object.fromEntries(Object.entries(part ?? {}).filter(([key]) => key !== gone))
}

function deciderOf(policy: ReferencePolicy) {
  const rules = compiled(JSON.stringify({ version: 1, ...policy }))
  return (attempt: RandomAttempt) => {
    const application = rules.applications.get(attempt.application)!
    const facts = factsOf(givenOf(attempt))
    const verdict = evaluate(rules, application, attempt.action, facts)
    if (verdict.kind === 'none') return { effect: 'block', rule: '' }
    return { effect: verdict.rule.effect, rule: verdict.rule.id }
  }
}

function givenOf({ user, groups, action: _action, ...attempt }: RandomAttempt): Given {
  return { ...attempt, user: user === undefined ? null : { ...user, groups } }
}

function asReference({ user, ...attempt }: RandomAttempt): ReferenceAttempt {
  if (user === undefined) return { ...attempt, user }
  const { enterprise, ...attributes } = user
  const extension = enterprise === undefined ? {} : { [enterpriseUserUrn]: enterprise }
  return { ...attempt, user: { ...attributes, ...extension } }
}
