import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Principal } from '../../src/cache/cache.ts'
import { GroupGraph } from '../../src/cache/group-graph.ts'
import { evaluate, evaluateShadow, obligationsOf } from '../../src/decision/evaluate.ts'
import { PrincipalFacts } from '../../src/decision/principal-facts.ts'
import { enterpriseUserUrn } from '../../src/directory/core-schemas.ts'
import type { DirectoryId } from '../../src/directory/directory.ts'
import { T } from '../../src/directory/three-values.ts'
import { policyDocument } from '../../src/policy/checked-policy.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import type { Facts } from '../../src/policy/policy.ts'
import { readPolicy } from '../../src/policy/read.ts'
import { compiled, factsOf, type Given, readOptions, vocabulary } from '../support/policies.ts'
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

/** Triples of policy, directory and attempt that are compared; a million in a night run. */
const triples = Number(process.env.TRIPLES ?? 50_000)
const attemptsOfPolicy = 100

test(
  'compiled rules answer as the slow evaluator does',
  () => {
    const size = { minLength: attemptsOfPolicy, maxLength: attemptsOfPolicy }
    const attempts = fc.array(anyAttempt, size)
    fc.assert(
      fc.property(anyPolicy, attempts, (policy, many) => {
        const decide = deciderOf(policy)
        for (const attempt of many) {
          expect(decide(attempt)).toEqual(referenceDecision(policy, asReference(attempt)))
        }
      }),
      { numRuns: Math.ceil(triples / attemptsOfPolicy) },
    )
  },
  4 * triples,
)

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
    const { action } = attempt
    const verdict = evaluate(rules, application, action, facts)
    const shadow = evaluateShadow(rules, application, action, facts, verdict)?.id ?? ''
    if (verdict.kind === 'none') return { effect: 'block', rule: '', obligations: [], shadow }
    const { rule } = verdict
    const obligations = obligationsOf(rule, facts).map(({ id }) => id)
    return { effect: rule.effect, rule: rule.id, obligations, shadow }
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

test('nested, cyclic and doubled groups of the real graph are what a slow walk finds', () => {
  const edges = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 8 })
  const direct = fc.subarray([0, 1, 2, 3, 4, 5])
  fc.assert(
    fc.property(
      anyPolicy,
      fc.array(fc.tuple(anyAttempt, edges, direct), { minLength: 20 }),
      (policy, many) => {
        const rules = compiled(JSON.stringify({ version: 1, ...policy }))
        for (const [attempt, parents, groups] of many) {
          if (attempt.user === undefined) continue
          const graph = new GroupGraph()
          for (const [ordinal, displayName] of graphNames.entries()) {
            const own = parents.filter(([child]) => child === ordinal).map(([, parent]) => parent)
            graph.put({ directory, ordinal, id: `id-${ordinal}`, displayName, parents: own })
          }
          const given = factsOf(givenOf({ ...attempt, groups: [], doubtful: [] }))
          const principal = { directory: given.directory, attributes: given.user!, groups }
          const subject = new PrincipalFacts(principal as unknown as Principal, graph)
          const facts: Facts = { ...given, groups: subject.groups }
          const held = closure(groups, parents)
          const names = graphNames.filter((_, ordinal) => held.has(ordinal))
          const isDoubtful = held.has(0) !== held.has(5)
          const doubtful = isDoubtful ? ['Finance'] : []
          const wanted = referenceDecision(policy, {
            ...asReference(attempt),
            groups: names,
            doubtful,
          })
          const application = rules.applications.get(attempt.application)!
          const verdict = evaluate(
            rules,
            application,
            attempt.action,
            facts,
            rules.subjectRules(facts),
          )

          expect(verdict.kind === 'none' ? '' : verdict.rule.id).toBe(wanted.rule)
        }
      },
    ),
    { numRuns: 150 },
  )
})
/** The first and the last share a name. */
const graphNames = ['Finance', 'SRE', 'Interns', 'Straße', 'Other', 'FINANCE']
const directory = 'entra' as DirectoryId

function closure(direct: readonly number[], parents: readonly (readonly [number, number])[]) {
  const held = new Set(direct)
  for (const child of held) for (const [from, to] of parents) if (from === child) held.add(to)
  return held
}

test('how ids are spelled, and in which order sets are written, changes no answer', () => {
  fc.assert(
    fc.property(anyPolicy, fc.array(anyAttempt, { minLength: 30 }), (policy, attempts) => {
      const renamed = {
        ...policy,
        rules: policy.rules.map((rule) => reversedSets({ ...rule, id: `z-${rule.id}` })),
      } as ReferencePolicy
      const [one, other] = [deciderOf(policy), deciderOf(renamed)]
      for (const attempt of attempts) {
        const { rule, ...rest } = other({ ...attempt, groups: attempt.groups.toReversed() })
        const { shadow, ...answer } = rest
        expect({ ...answer, rule: rule.slice(2), shadow: shadow.slice(2) }).toEqual(one(attempt))
      }
    }),
    { numRuns: 100 },
  )
})

/** Lists of values turned round, but not the two ends of `between`. */
function reversedSets(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const each = value.map((one) => reversedSets(one))
    return key === 'between' || key === 'obligations' ? each : each.reverse()
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, reversedSets(each, name)]),
  )
}

test('a rule in the shadow, or disabled, changes no answer', () => {
  fc.assert(
    fc.property(anyPolicy, anyRule, fc.nat(8), anyAttempt, (policy, rule, at, attempt) => {
      const off = at % 2 === 0 ? { mode: 'shadow' as const } : { enabled: false }
      const more = {
        ...policy,
        rules: policy.rules.toSpliced(at, 0, { ...rule, ...off, id: 'more' }),
      }

      const { shadow: _before, ...before } = deciderOf(policy)(attempt)
      const { shadow: _after, ...after } = deciderOf(more)(attempt)

      expect(after).toEqual(before)
    }),
    { numRuns: 150 },
  )
})

test('a policy in two files answers like one', () => {
  fc.assert(
    fc.property(
      anyPolicy,
      fc.nat(8),
      fc.array(anyAttempt, { minLength: 10 }),
      (policy, at, attempts) => {
        const { rules, ...declared } = policy
        const texts = [
          { version: 1, ...declared, rules: rules.slice(0, at) },
          { version: 1, rules: rules.slice(at) },
        ]
        const found = readPolicy(
          texts.map((text, file) => ({ file: `${file}.json`, text: JSON.stringify(text) })),
          readOptions,
        )
        if (found.kind === 'faults') throw new Error('faults')
        const two = compilePolicy(policyDocument(found.policy), vocabulary)
        const one = deciderOf(policy)
        for (const attempt of attempts) {
          const application = two.applications.get(attempt.application)!
          const verdict = evaluate(two, application, attempt.action, factsOf(givenOf(attempt)))
          expect(verdict.kind === 'none' ? '' : verdict.rule.id).toBe(one(attempt).rule)
        }
      },
    ),
    { numRuns: 60 },
  )
})
