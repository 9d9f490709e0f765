import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evaluate } from '../../src/decision/evaluate.ts'
import { F, T, type Tri } from '../../src/directory/three-values.ts'
import { isThere } from '../../src/policy/application-rules.ts'
import type { Facts, RuleSet } from '../../src/policy/policy.ts'
import { compiled, factsOf, type Given } from '../support/policies.ts'
import { anyAttempt, anyPolicy, type RandomAttempt } from '../support/random-policies.ts'

/** What a subject reaches of these rules, by id, with what is known of each. */
function reached(rules: string, given: Given): Readonly<Record<string, string>> {
  const set = compiled(`version: 1\napplications: { app: {} }\nrules:\n${rules}`)
  const { ordinals, ...found } = subjectOf(set, given)
  return Object.fromEntries(
    [...ordinals].map((ordinal, at) => [
      set.rules[ordinal]!.id,
      found.resultAt(at) === T ? 'holds' : 'might hold',
    ]),
  )
}

function subjectOf(set: RuleSet, given: Given) {
  const subject = set.subjectRules(factsOf(given))
  return { ordinals: subject.ordinals, resultAt: (at: number): Tri => subject.resultAt(at) }
}

test('a rule is reached by a group, a name, a directory or a value that the subject has', () => {
  const rules = `
  - { id: by-group, effect: allow, apps: any, who: { groups: { any: [Finance, Legal] } } }
  - { id: by-all, effect: allow, apps: any, who: { groups: { all: [Finance, SRE] } } }
  - { id: by-name, effect: allow, apps: any, who: { users: [ANN] } }
  - { id: by-directory, effect: allow, apps: any, who: { directories: [entra] } }
  - { id: by-value, effect: allow, apps: any, when: { user.userType: { in: [Guest, Employee] } } }
  - { id: other-group, effect: allow, apps: any, who: { groups: { any: [HR] } } }
  - { id: other-value, effect: allow, apps: any, when: { user.userType: { eq: Guest } } }
  - { id: general, effect: allow, apps: any, when: { context.country: { eq: DE } } }`
  const ann = { userName: 'ann', userType: 'employee', groups: ['finance'] }

  expect(reached(rules, { user: ann })).toEqual({
    'by-group': 'holds',
    'by-name': 'holds',
    'by-directory': 'holds',
    'by-value': 'holds',
  })
})

test('a block rule stays in reach where what it asks for cannot be known; an allow rule does not', () => {
  const rules = `
  - { id: block-value, effect: block, apps: any, when: { user.userType: { eq: Guest } } }
  - { id: allow-value, effect: allow, apps: any, when: { user.userType: { eq: Guest } } }
  - { id: told-to-match, effect: allow, onMissing: match, apps: any, when: { user.userType: { eq: Guest } } }
  - { id: block-name, effect: block, apps: any, who: { users: [{ externalId: E1 }] } }
  - { id: block-group, effect: block, apps: any, who: { groups: { any: [Admins] } } }`

  expect(reached(rules, { user: { userName: 'ann' }, doubtful: ['Admins'] })).toEqual({
    'block-value': 'might hold',
    'told-to-match': 'might hold',
    'block-name': 'might hold',
    'block-group': 'might hold',
  })
  expect(Object.keys(reached(rules, { user: null }))).toHaveLength(4)
})

test('subjects with the same results share one object', () => {
  const set = compiled(`
version: 1
applications: { app: {} }
rules: [{ id: a, effect: allow, apps: any, who: { groups: { any: [Finance] } } }]`)
  const rulesOf = (user: object) => set.subjectRules(factsOf({ user: { ...user } }))

  const ann = rulesOf({ userName: 'ann', groups: ['Finance', 'HR'] })

  expect(rulesOf({ userName: 'bob', groups: ['finance'] })).toBe(ann)
  expect(rulesOf({ userName: 'eve', groups: ['HR'] })).not.toBe(ann)
})

test('what is reached is what every rule, asked one by one, comes to', () => {
  fc.assert(
    fc.property(anyPolicy, fc.array(anyAttempt, { minLength: 12 }), (policy, attempts) => {
      const set = compiled(JSON.stringify({ version: 1, ...policy }))
      for (const attempt of attempts) {
        const facts = factsOf(givenOf(attempt))
        const application = set.applications.get(attempt.application)!
        const verdict = evaluate(set, application, attempt.action, facts)

        const found = verdict.kind === 'none' ? 'none' : verdict.rule.id
        expect(found).toBe(oneByOne(set, attempt, facts))
      }
    }),
    { numRuns: 150 },
  )
})

/** Every rule with all of its conditions: no index, nothing worked out before. */
function oneByOne(set: RuleSet, attempt: RandomAttempt, facts: Facts): string {
  const application = set.applications.get(attempt.application)!
  const decided = set.rulesFor(application).all.find((rule) => {
    if (rule.mode === 'shadow' || !isThere(rule, attempt.action, facts.nowMs)) return false
    const results = rule.conditions.map((condition) => condition.test(facts))
    const result = Math.min(T, ...results)
    return result === T || (result !== F && rule.onMissing === 'match')
  })
  return decided?.id ?? 'none'
}

function givenOf({ user, groups, action: _action, ...attempt }: RandomAttempt): Given {
  return { ...attempt, user: user === undefined ? null : { ...user, groups } }
}
