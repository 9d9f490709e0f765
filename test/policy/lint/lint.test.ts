import { describe, expect, test } from 'vitest'
import type { CheckedPolicy } from '../../../src/policy/checked-policy.ts'
import { lintPolicy } from '../../../src/policy/lint/lint.ts'
import { read, vocabulary } from '../../support/policies.ts'

const nowMs = Date.parse('2026-05-04T10:00:00Z')

function checked(rules: string): CheckedPolicy {
  const found = read(`version: 1
applications: { wiki: { labels: { tier: "1" } }, erp: {}, crm: {} }
lists: { world: { type: cidr, values: ["0.0.0.0/0"] }, lands: { type: country, values: [DE] } }
rules:
${rules}
  - { id: z1, effect: block, apps: { names: [wiki] }, when: { claims.z: { eq: 1 } } }
  - { id: z2, effect: block, apps: { names: [erp, crm] }, when: { claims.z: { eq: 1 } } }
  - { id: z3, effect: block, apps: { names: [erp, crm] }, when: { claims.z: { eq: 2 } } }
  - { id: z4, effect: block, apps: { names: [wiki] }, when: { claims.z: { eq: 2 } } }`)
  if (found.kind === 'faults') throw new Error(JSON.stringify(found.faults))
  return found.policy
}

/** `check rule` of everything found about these rules. */
function found(rules: string, previous?: string): readonly string[] {
  const options = { vocabulary, nowMs, previous: previous && checked(previous) }
  return lintPolicy(checked(rules), options as Parameters<typeof lintPolicy>[1])
    .filter(({ rule }) => !/^z\d$/.test(rule))
    .map(({ check, rule }) => `${check} ${rule}`)
}

const rule = (id: string, effect: string, fields: string) =>
  `  - { id: ${id}, effect: ${effect}, ${fields} }\n`
const wiki = 'apps: { names: [wiki] }'

describe('a rule is shadowed where an earlier one matches all it matches:', () => {
  test.each([
    ['more groups', 'who: { groups: { any: [A, B] } }', 'who: { groups: { any: [b] } }'],
    ['one of all', 'who: { groups: { any: [A, B] } }', 'who: { groups: { all: [B, C] } }'],
    ['fewer exceptions', 'who: { groups: { none: [A] } }', 'who: { groups: { none: [A, B] } }'],
    [
      'fewer conditions',
      'who: { groups: { any: [A] } }',
      'who: { groups: { any: [A] }, users: [x] }',
    ],
    [
      'more values',
      'when: { context.country: { in: [DE, FR] } }',
      'when: { context.country: { eq: FR } }',
    ],
    [
      'a wider network',
      'when: { context.sourceIp: { inCidr: 10.0.0.0/8 } }',
      'when: { context.sourceIp: { inCidr: 10.1.0.0/16 } }',
    ],
    ['a lower bound', 'when: { context.asn: { ge: 5 } }', 'when: { context.asn: { gt: 5 } }'],
    [
      'an exception that means less',
      'unless: { context.asn: { eq: 5, exists: true } }',
      'unless: { context.asn: { eq: 5 } }',
    ],
    [
      'the same in another order',
      'when: { all: [{ claims.a: { eq: 1 } }, { claims.b: { eq: 2 } }] }',
      'when: { claims.b: { eq: 2 }, claims.a: { eq: 1 }, claims.c: { eq: 3 } }',
    ],
  ])('%s', (_, earlier, later) => {
    const rules =
      rule('a', 'allow', `${wiki}, ${earlier}`) +
      rule('b', 'block', `${wiki}, onMissing: skip, ${later}`)
    expect(found(rules)).toContain('shadowed-rule b')
  })

  test.each([
    ['another group', 'who: { groups: { any: [A] } }', 'who: { groups: { any: [A, B] } }'],
    [
      'a condition of its own',
      'who: { groups: { any: [A] } }, when: { claims.a: { eq: 1 } }',
      'who: { groups: { any: [A] } }',
    ],
    [
      'a value more',
      'when: { context.country: { in: [DE] } }',
      'when: { context.country: { in: [DE, FR] } }',
    ],
    ['another attribute', 'when: { context.asn: { eq: 5 } }', 'when: { claims.asn: { eq: 5 } }'],
    ['a shorter time', 'validUntil: 2030-01-01', 'validUntil: 2031-01-01'],
    ['a strict bound', 'when: { context.asn: { gt: 5 } }', 'when: { context.asn: { ge: 5 } }'],
    ['another case', 'when: { claims.a: { eq: x, ci: true } }', 'when: { claims.a: { eq: x } }'],
    [
      'that it exists, which an empty text does not',
      'when: { claims.a: { exists: true } }',
      'when: { claims.a: { eq: "" } }',
    ],
  ])('but not by %s', (_, earlier, later) => {
    const rules =
      rule('a', 'allow', `${wiki}, ${earlier}`) + rule('b', 'allow', `${wiki}, ${later}`)
    expect(found(rules)).not.toContain('shadowed-rule b')
  })

  test('not a block rule, which matches the unknown, by an allow rule, which does not', () => {
    const when = 'when: { user.title: { eq: Boss } }'
    const rules = rule('a', 'allow', `${wiki}, ${when}`) + rule('b', 'block', `${wiki}, ${when}`)

    expect(found(rules)).not.toContain('shadowed-rule b')
    const known = 'who: { directories: [entra] }'
    expect(
      found(rule('a', 'allow', `${wiki}, ${known}`) + rule('b', 'block', `${wiki}, ${known}`)),
    ).toContain('shadowed-rule b')
  })

  test('not for further applications, nor by one that is disabled or in the shadow', () => {
    const who = 'who: { groups: { any: [A] } }'
    const other = rule('a', 'allow', `${wiki}, ${who}`)
    expect(found(other + rule('b', 'allow', `apps: any, ${who}`))).not.toContain('shadowed-rule b')
    for (const off of ['enabled: false', 'mode: shadow']) {
      const rules =
        rule('a', 'allow', `${wiki}, ${who}, ${off}`) + rule('b', 'block', `${wiki}, ${who}`)
      expect(found(rules)).not.toContain('shadowed-rule b')
    }
  })
})

test('a rule that says the same with the same effect is a duplicate', () => {
  const who = 'who: { groups: { any: [A] } }'
  expect(
    found(rule('a', 'allow', `${wiki}, ${who}`) + rule('b', 'allow', `${wiki}, ${who}`)),
  ).toEqual(['duplicate-rule b'])
})

test('rules behind a catch-all are told once, with their number', () => {
  const rules = rule('a', 'block', 'apps: any') + rule('b', 'allow', `${wiki}, who: { users: [x] }`)
  const findings = lintPolicy(checked(rules), { vocabulary, nowMs })

  expect(findings.find(({ check }) => check === 'after-catch-all')?.message).toMatch(
    /^5 rules after `a` \(line 5\) can never decide/,
  )
})

test('a block rule that loses somebody to an earlier allow is told with an attempt that shows it', () => {
  const rules =
    rule('all', 'allow', `${wiki}, who: { directories: [entra] }`) +
    rule(
      'byod',
      'block',
      `${wiki}, who: { groups: { any: [Contractors] } }, unless: { context.posture.disk: { eq: true } }`,
    )
  const [finding] = lintPolicy(checked(rules), { vocabulary, nowMs }).filter(
    ({ rule: id }) => id === 'byod',
  )

  expect(finding?.check).toBe('partly-shadowed-block')
  expect(finding?.witness).toBe('in `contractors` of `entra`, app `wiki`')
})

describe('a rule never matches where', () => {
  test.each([
    [
      'a value cannot be two',
      'when: { all: [{ context.country: { eq: DE } }, { context.country: { in: [FR] } }] }',
    ],
    ['its groups are excluded', 'who: { groups: { any: [A], none: [a, B] } }'],
    ['one of all is excluded', 'who: { groups: { all: [A, B], none: [B] } }'],
    ['its range is empty', 'when: { context.asn: { gt: 7, lt: 5 } }'],
    ['a value is wanted and refused', 'when: { user.userType: { eq: Guest, ne: guest } }'],
  ])('%s', (_, fields) => {
    expect(found(rule('a', 'allow', `${wiki}, ${fields}`))).toContain('never-matches a')
  })

  test('its labels mean no application', () => {
    expect(found(rule('a', 'allow', 'apps: { labels: { tier: "9" } }'))).toContain(
      'never-matches a',
    )
  })

  test.each([
    [
      'a list can hold two',
      'when: { all: [{ claims.role: { eq: A } }, { claims.role: { eq: B } }] }',
    ],
    ['one group is left', 'who: { groups: { any: [A, B], none: [A] } }'],
  ])('and not where %s', (_, fields) => {
    expect(found(rule('a', 'allow', `${wiki}, ${fields}`))).not.toContain('never-matches a')
  })
})

test.each([
  ['allows-everything', 'allow', 'apps: any', 'apps: any, who: { directories: [entra] }'],
  [
    'optional-attribute',
    'block',
    `${wiki}, when: { user.title: { eq: x } }`,
    `${wiki}, onMissing: skip, when: { user.title: { eq: x } }`,
  ],
  [
    'filter-ne',
    'allow',
    `${wiki}, who: { filter: 'title ne "x"' }`,
    `${wiki}, who: { filter: 'title eq "a ne b"' }`,
  ],
  [
    'whole-network',
    'allow',
    `${wiki}, when: { context.sourceIp: { inList: world } }`,
    `${wiki}, when: { context.sourceIp: { inCidr: 0.0.0.0/1 } }`,
  ],
  [
    'skipped-hour',
    'allow',
    `${wiki}, when: { time: { between: "02:30-05:00", tz: Europe/Berlin } }`,
    `${wiki}, when: { time: { between: "02:30-05:00", tz: UTC } }`,
  ],
  ['rule-ended', 'allow', `${wiki}, validUntil: 2026-05-03`, `${wiki}, validUntil: 2027-05-04`],
  ['rule-ends-soon', 'allow', `${wiki}, validUntil: 2026-05-20`, `${wiki}, validUntil: 2026-07-20`],
  [
    'not-indexable',
    'allow',
    `${wiki}, who: { filter: 'title pr' }`,
    `${wiki}, who: { users: [x], filter: 'title pr' }`,
  ],
  [
    'deceptive-letters',
    'allow',
    `${wiki}, who: { groups: { any: ["F\\u0456nance"] } }`,
    `${wiki}, who: { groups: { any: ["Фінанси"] } }`,
  ],
  [
    'deceptive-letters',
    'allow',
    `${wiki}, who: { groups: { any: ["Fin\\u200Bance"] } }`,
    `${wiki}, who: { groups: { any: ["Straße"] } }`,
  ],
  [
    'direction-controls',
    'allow',
    `${wiki}, who: { users: ["a\\u202Eb"] }`,
    `${wiki}, who: { users: ["ab"] }`,
  ],
])('%s', (check, effect, bad, good) => {
  expect(found(rule('a', effect, bad))).toContain(`${check} a`)
  expect(found(rule('a', effect, good))).not.toContain(`${check} a`)
})

test('an id that means the opposite of what it meant is told', () => {
  const who = `${wiki}, who: { groups: { any: [A] } }`
  expect(found(rule('a', 'allow', who), rule('a', 'block', who))).toContain('id-moved a')
  expect(found(rule('a', 'allow', who), rule('a', 'allow', who))).not.toContain('id-moved a')
})

test('an application that no rule is about is told', () => {
  const policy = checked(rule('a', 'allow', wiki))
  const rules = policy.rules.filter(({ id }) => id === 'a')
  const checks = lintPolicy({ ...policy, rules }, { vocabulary, nowMs }).map(({ check }) => check)

  expect(checks.filter((check) => check === 'application-without-rule')).toHaveLength(2)
})

describe('where gateways are known,', () => {
  const gateway = { id: 'berlin', context: ['posture'], claims: [], obligations: ['step-up'] }
  const all = { id: 'paris', context: 'all', claims: 'all', obligations: 'all' } as const
  const oblige = (type: string) => `obligations: [{ id: o, type: ${type} }]`
  const told = (rules: string, gateways: Parameters<typeof lintPolicy>[1]['gateways'] = []) =>
    lintPolicy(checked(rules), { vocabulary, nowMs, gateways })
      .filter(({ rule: id }) => !/^z\d$/.test(id))
      .filter(({ number }) => number === 19 || number === 23)
      .map(({ check, message }) => `${check}: ${message}`)

  test('a condition on what none of them may send is told, and on nothing else', () => {
    const rules =
      rule('said', 'allow', `${wiki}, when: { context.posture.firewall: { eq: true } }`) +
      rule('unsaid', 'allow', `${wiki}, when: { not: { context.country: { eq: DE } } }`)

    expect(told(rules, [gateway])).toEqual([
      'unsaid-key: `unsaid`: no connector may send `context.country`, so a condition on it never matches',
    ])
    expect(told(rules, [gateway, all])).toEqual([])
    expect(told(rules)).toEqual([])
  })

  test('an obligation that some of them cannot perform is told with their names', () => {
    const rules =
      rule('can', 'allow', `${wiki}, ${oblige('step-up')}`) +
      rule('cannot', 'allow', `${wiki}, ${oblige('notification')}`)

    expect(told(rules, [gateway, all])).toEqual([
      'unperformed-obligation: `cannot`: `berlin` cannot perform `notification`, and will block',
    ])
  })
})
