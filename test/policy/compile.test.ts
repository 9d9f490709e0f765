import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { T, U } from '../../src/directory/three-values.ts'
import { policyDocument, policyVersion } from '../../src/policy/checked-policy.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { policyJsonSchema } from '../../src/policy/json-schema.ts'
import type { Facts } from '../../src/policy/policy.ts'
import { readPolicy } from '../../src/policy/read.ts'
import { compiled, factsOf, read, readOptions, registry, vocabulary } from '../support/policies.ts'

const root = join(import.meta.dirname, '..', '..')

function checked(text: string) {
  const found = read(text)
  if (found.kind === 'faults') throw new Error(found.faults[0]?.message)
  return found.policy
}

describe('the version', () => {
  const text = `version: 1
applications: { crm: { labels: { a: "1", b: "2" } } }
rules:
  - { id: a, effect: allow, apps: any, when: { context.asn: { ge: 1, le: 5 } } }
`

  test.each([
    ['comments', `# hello\n${text}`],
    ['the order of keys', text.replace('a: "1", b: "2"', 'b: "2", a: "1"')],
    ['a description', text.replace('apps: any', 'apps: any, description: for all')],
    ['a default that is said', text.replace('apps: any', 'apps: any, enabled: true')],
    [
      'layout',
      JSON.stringify({
        version: 1,
        applications: { crm: { labels: { a: '1', b: '2' } } },
        rules: [
          { id: 'a', effect: 'allow', apps: 'any', when: { 'context.asn': { ge: 1, le: 5 } } },
        ],
      }),
    ],
  ])('is not changed by %s', (_, other) => {
    expect(policyVersion(checked(other))).toBe(policyVersion(checked(text)))
  })

  test.each([
    ['an operand', text.replace('le: 5', 'le: 6')],
    ['an effect', text.replace('allow', 'block')],
    ['a label', text.replace('"2"', '"3"')],
  ])('is changed by %s', (_, other) => {
    expect(policyVersion(checked(other))).not.toBe(policyVersion(checked(text)))
  })

  test('is changed by the order of rules', () => {
    const rules = ['a', 'b'].map((id) => `  - { id: ${id}, effect: allow, apps: any }\n`)
    const policy = (...rules: readonly string[]) => checked(`version: 1\nrules:\n${rules.join('')}`)

    expect(policyVersion(policy(rules[0]!, rules[1]!))).not.toBe(
      policyVersion(policy(rules[1]!, rules[0]!)),
    )
  })
})

test.each([
  ['no JSON', 'rules: []'],
  ['null', 'null'],
  ['a newer format', '{"format":2,"rules":[]}'],
  ['half of it', '{"format":1,"version":"x","rules":[]}'],
])('a stored policy that is %s is refused, not read in part', (_, document) => {
  expect(() => compilePolicy(document, vocabulary)).toThrow('the stored policy cannot be used')
})

test('a block rule on a schema that this process lacks blocks, and says why', () => {
  const custom = createSchemaRegistry([
    {
      urn: 'urn:acme:Badge',
      alias: 'badge',
      name: 'Badge',
      description: '',
      attributes: [{ ...registry.coreAttributes('users')[1]!, name: 'color' }],
    },
  ])
  const text = `version: 1
rules: [{ id: a, effect: block, apps: any, when: { user.badge.color: { eq: red } } }]`
  const found = readPolicy([{ file: 'p.yaml', text }], {
    ...readOptions,
    vocabulary: { ...vocabulary, registry: custom },
  })
  const document = found.kind === 'policy' ? policyDocument(found.policy) : ''

  const [condition] = compilePolicy(document, vocabulary).rules[0]!.conditions

  expect(condition!.test(factsOf({}))).toBe(T)
  expect(condition!.see(factsOf({})).note).toContain('is not in the schema')
})

test('a condition that fails is unknown, also below `not`', () => {
  const { rules } = compiled(`version: 1
rules: [{ id: a, effect: block, apps: any, unless: { claims.x: { eq: 1 } } }]`)
  const claims = {
    get: () => {
      throw new TypeError('broken')
    },
  }

  const [condition] = rules[0]!.conditions

  expect(condition!.test({ ...factsOf({}), claims } as unknown as Facts)).toBe(U)
})

test('the attributes that enabled rules read are told by their key in the document', () => {
  const { attributesRead } = compiled(`version: 1
rules:
  - { id: a, effect: allow, apps: any, who: { users: [x, { externalId: y }], filter: 'title pr' } }
  - { id: b, effect: allow, apps: any, when: { user.EMAILS.value: { exists: true } } }
  - { id: c, effect: allow, apps: any, unless: { any: [ { user.enterprise.department: { ne: { attr: user.name.givenName } } } ] } }
  - { id: d, enabled: false, effect: allow, apps: any, when: { user.nickName: { exists: true } } }`)

  expect([...attributesRead].sort()).toEqual([
    'emails',
    'externalId',
    'name',
    'title',
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
    'userName',
  ])
})

test('an application finds its rules in the order of the file, by name, label and exception', () => {
  const rules = compiled(`version: 1
applications: { a: { labels: { tier: "1", zone: x } }, b: { labels: { tier: "1" } }, c: {} }
rules:
  - { id: named, effect: allow, apps: { names: [a, c] } }
  - { id: any, effect: allow, apps: any }
  - { id: tier, effect: allow, apps: { labels: { tier: "1" }, except: [b] } }
  - { id: both, effect: allow, apps: { names: [c], labels: { tier: "1", zone: x } } }
  - { id: again, effect: allow, apps: { names: [a], except: [a] } }
  - { id: off, enabled: false, effect: allow, apps: any }`)
  const ids = (name: string) =>
    rules.rulesFor(rules.applications.get(name)!).all.map((rule) => rule.id)

  expect(ids('a')).toEqual(['named', 'any', 'tier', 'both'])
  expect(ids('b')).toEqual(['any'])
  expect(ids('c')).toEqual(['named', 'any', 'both'])
})

test('conditions tell what they saw, what they wanted and why they do not know', () => {
  const { rules } = compiled(`version: 1
rules:
  - id: a
    effect: allow
    apps: any
    who: { groups: { any: [Finance, SRE] } }
    when: { context.asn: { ge: 5 }, user.title: { eq: x } }
    unless: { any: [ { context.risk: { ge: high } }, { context.country: { eq: DE } } ] }`)
  const facts = factsOf({ user: { groups: ['sre'] }, context: { asn: 'five', risk: 'low' } })

  const seen = rules[0]!.conditions.map((each) => {
    const { value, note } = each.see(facts)
    return [each.path, each.wanted, value, note]
  })

  expect(seen).toEqual([
    ['when.context.asn', 'ge 5', '"five"', 'not a number'],
    [
      'unless',
      'not (context.risk ge "high" or context.country eq "DE")',
      'context.risk "low", context.country –',
      'not sent',
    ],
    ['who.groups.any', 'any of [Finance, SRE]', '["sre"]', ''],
    ['when.user.title', 'eq "x"', '', 'the user has none'],
  ])
})

test('the example policy has no faults', () => {
  const text = readFileSync(join(root, 'examples/quickstart/policy.yaml'), 'utf8')

  expect(read(text).kind).toBe('policy')
})

test('the JSON Schema in docs/schema is the one that the rules are read with', () => {
  const path = 'docs/schema/policy.schema.json'

  expect(JSON.parse(readFileSync(join(root, path), 'utf8'))).toEqual(policyJsonSchema())
})
