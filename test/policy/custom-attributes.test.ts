import { describe, expect, test } from 'vitest'
import { T, type Tri } from '../../src/directory/three-values.ts'
import { policyDocument } from '../../src/policy/checked-policy.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { noContextKeys } from '../../src/policy/context-keys.ts'
import type { Condition } from '../../src/policy/policy.ts'
import { readPolicy } from '../../src/policy/read.ts'
import { printFaults } from '../../src/std/fault.ts'
import { badgeRegistry, badgeUrn } from '../support/badge-schema.ts'
import { factsOf, readOptions } from '../support/policies.ts'

const vocabulary = { registry: badgeRegistry(), contextKeys: noContextKeys }

const facts = factsOf({
  user: {
    [badgeUrn]: {
      number: 'B7',
      pin: 'secret',
      holder: { name: 'Ann', pin: 'secret' },
      vault: { combination: 'secret' },
      keys: [{ value: 'k', pin: 'secret' }],
    },
  },
})

/** The one condition of a rule. */
function condition(part: object): Condition {
  const rules = [{ id: 'a', effect: 'allow', apps: 'any', ...part }]
  const text = JSON.stringify({ version: 1, rules })
  const read = readPolicy([{ file: 'p.yaml', text }], { ...readOptions, vocabulary })
  if (read.kind === 'faults') throw new Error(printFaults(read.faults))
  return compilePolicy(policyDocument(read.policy), vocabulary).rules[0]!.conditions[0]!
}

const when = (attribute: string, test: object) => condition({ when: { [attribute]: test } })

describe('what is never returned', () => {
  test.each<[string, string, object]>([
    ['an attribute', 'user.badge.pin', { eq: 'SECRET' }],
    ['a part', 'user.badge.holder.pin', { in: ['secret'] }],
    ['a part of what is never returned', 'user.badge.vault.combination', { eq: 'secret' }],
    ['a part of a list', 'user.badge.keys.pin', { any: ['secret'] }],
    ['a value that has such a part', 'user.badge.holder', { exists: true }],
    ['an extension that has such an attribute', 'user.badge', { exists: true }],
  ])('decides, and no explanation tells it: %s', (_, attribute, test) => {
    const asked = when(attribute, test)
    expect<Tri>(asked.test(facts)).toBe(T)
    expect(asked.see(facts)).toEqual({ value: '', note: 'a value that is never shown' })
  })

  test('is kept out of the explanation of a filter beside it, and no filter can ask for it', () => {
    const asked = condition({ who: { filter: `${badgeUrn}:number eq "b7"` } })
    expect<Tri>(asked.test(facts)).toBe(T)
    expect(asked.see(facts).value).toContain('B7')
    expect(asked.see(facts).value).not.toContain('secret')
    expect(() => condition({ who: { filter: `${badgeUrn}:pin eq "x"` } })).toThrow(
      '`pin` is never returned, so it cannot be searched',
    )
  })
})

test('what is shown on request alone is told in explanations', () => {
  const noted = factsOf({ user: { [badgeUrn]: { note: 'n' } } })
  expect(when('user.badge.note', { eq: 'n' }).see(noted)).toEqual({ value: '"n"', note: '' })
})
