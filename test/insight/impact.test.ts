import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideByRules } from '../../src/decision/by-rules.ts'
import type { TenantId } from '../../src/directory/directory.ts'
import { answer, Impact, type Surroundings } from '../../src/insight/impact.ts'
import type { LiveSubject } from '../../src/insight/live-subjects.ts'
import { changedApplications } from '../../src/policy/changed-applications.ts'
import type { CheckedPolicy } from '../../src/policy/checked-policy.ts'
import { attempt } from '../support/decision-rig.ts'
import { compiled, factsOf, read } from '../support/policies.ts'
import { anyAttempt, anyPolicy, type RandomAttempt } from '../support/random-policies.ts'

const tenant = 'acme' as TenantId

function checked(text: string): CheckedPolicy {
  const found = read(text)
  if (found.kind === 'faults') throw new Error('faults')
  return found.policy
}

/** Somebody of a random attempt, and from where they ask. */
function subjectOf({ user, groups, directory, doubtful }: RandomAttempt, ordinal: number) {
  const facts = factsOf({ directory, doubtful, user: { ...user, groups } })
  const row = { directory: facts.directory, ordinal }
  return { facts, active: true, userName: `u${ordinal}`, row } as unknown as LiveSubject
}

function surroundingsOf({ claims, context }: RandomAttempt): Surroundings {
  const facts = factsOf({ claims, context })
  return { name: 'there', claims: facts.claims, context: facts.context, nowMs: facts.nowMs }
}

test('what is told by classes is what deciding for each user tells, for every application', () => {
  const many = fc.array(anyAttempt, { minLength: 12, maxLength: 24 })
  let told = 0
  fc.assert(
    fc.property(anyPolicy, anyPolicy, many, (old, now, attempts) => {
      const texts = [old, now].map((policy) => JSON.stringify({ version: 1, ...policy }))
      const [before, after] = [compiled(texts[0]!), compiled(texts[1]!)]
      const changed = changedApplications(checked(texts[0]!), checked(texts[1]!))
      const surroundings = [surroundingsOf(attempts[0]!), surroundingsOf(attempts[1]!)]
      const impact = new Impact({ tenant, before, after, surroundings }, changed)
      for (const [ordinal, each] of attempts.entries()) {
        const subject = subjectOf(each, ordinal)
        const flips = impact.flipsOf(subject)
        const wanted = [...before.applications.keys()].flatMap((application) =>
          surroundings.flatMap(({ claims, context, nowMs }) => {
            const asked = { ...attempt(''), application, claims, context }
            const times = { nowMs, ageMs: 0 }
            const was = answer(decideByRules(before, asked, subject.facts, times))
            const is = answer(decideByRules(after, asked, subject.facts, times))
            return was.effect === is.effect ? [] : `${application} ${was.by} ${is.by}`
          }),
        )
        told += wanted.length
        const found = flips.map((flip) => `${flip.application} ${flip.before} ${flip.after}`)
        expect(found.sort()).toEqual(wanted.sort())
      }
    }),
    { numRuns: 120 },
  )
  expect(told).toBeGreaterThan(100)
})

test('users for whom all rules come to the same are one class', () => {
  const rules = (group: string) => `
version: 1
applications: { wiki: {}, erp: {} }
rules: [{ id: a, effect: allow, apps: { names: [wiki] }, who: { groups: { any: [${group}] } } }]`
  const [before, after] = [compiled(rules('Finance')), compiled(rules('Legal'))]
  const surroundings = [{ name: '', claims: new Map(), context: new Map(), nowMs: 0 }]
  const changed = changedApplications(checked(rules('Finance')), checked(rules('Legal')))
  const impact = new Impact({ tenant, before, after, surroundings }, changed)
  const user = (ordinal: number, ...groups: readonly string[]) =>
    ({
      facts: factsOf({ user: { userName: `u${ordinal}`, groups } }),
      active: true,
      row: { ordinal },
    }) as unknown as LiveSubject

  const flips = [
    impact.flipsOf(user(1, 'Finance')),
    impact.flipsOf(user(2, 'Finance', 'SRE')),
    impact.flipsOf(user(3, 'Legal')),
    impact.flipsOf(user(4, 'SRE')),
    impact.flipsOf({ ...user(5, 'Finance'), active: false }),
  ]

  expect(changed).toEqual(['wiki'])
  expect(flips.map((each) => each.map(({ to }) => to))).toEqual([
    ...[['block'], ['block'], ['allow']],
    ...[[], []],
  ])
  expect(impact.classes).toBe(3)
})

test('an application counts as changed where its rules, labels or lists do, and not for a comment', () => {
  const base = checked(`version: 1
applications: { wiki: { labels: { tier: "1" } }, erp: {}, crm: {} }
rules:
  - { id: a, effect: allow, apps: { names: [wiki] } }
  - { id: b, effect: allow, apps: { names: [erp] }, description: old }`)
  const changed = (text: string) => changedApplications(base, checked(text))

  expect(
    changed(`version: 1
applications: { wiki: { labels: { tier: "2" } }, erp: {}, crm: {}, new: {} }
rules:
  - { id: a, effect: allow, apps: { names: [wiki] } }
  - { id: b, effect: allow, apps: { names: [erp] }, description: new, message: hello }`),
  ).toEqual(['wiki', 'new'])
})
