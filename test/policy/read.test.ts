import { describe, expect, test } from 'vitest'
import { policyFileBytesMax } from '../../src/policy/limits.ts'
import { readPolicy } from '../../src/policy/read.ts'
import { printFaults } from '../../src/std/fault.ts'
import { read, readOptions } from '../support/policies.ts'

const declared = `version: 1
applications: { crm: {}, wiki: { actions: [read, write] } }
lists: { lands: { type: country, values: [DE] }, nets: { type: cidr, values: [10.0.0.0/8] } }
rules:
`

/** What is told about a file, as it is printed. */
function faultsOf(text: string): string {
  const found = read(text)
  return found.kind === 'faults' ? printFaults(found.faults) : ''
}

/** A rule on line 5, its further fields from column 40. */
function rule(fields: string): string {
  return `${declared}  - { id: a, effect: allow, apps: any, ${fields} }\n`
}

describe('a rule file with a fault is refused, with the place and the fix', () => {
  test.each([
    ['no version', 'rules: []', '1:1: `version` is missing: write `version: 1`'],
    [
      'a version in quotes',
      'version: "1"',
      '1:10: `version`: write `version: 1`, found the string "1" (did you mean `1`?)',
    ],
    ['nothing', '', '1:1: expected a mapping with `version: 1` and `rules`'],
    ['a list', '- a', '1:1: expected a mapping with `version: 1` and `rules`'],
    ['a key twice', 'version: 1\nversion: 1', '2:1: Map keys must be unique'],
    [
      'another tenant',
      'version: 1\ntenant: acne',
      '2:9: `tenant: acne` is not `acme` (did you mean `acme`?)',
    ],
    [
      'an unknown key',
      'version: 1\nruls: []',
      '2:1: `ruls` is unknown (did you mean `rules`?); known here: version, tenant, applications, lists, rules, tests',
    ],
    [
      'an effect that is none',
      `${declared}  - { id: a, effect: alow, apps: any }`,
      '5:22: `rules[0].effect`: expected allow or block, found the string "alow" (did you mean `allow`?)',
    ],
    [
      'apps not said',
      `${declared}  - { id: a, effect: allow }`,
      '5:5: `rules[0].apps` is missing: expected `any` or a mapping of `names`, `labels`, `except`',
    ],
    [
      'apps that name nothing',
      `${declared}  - { id: a, effect: allow, apps: { except: [crm] } }`,
      '5:35: `rules[0].apps`: name applications in `names` or `labels`, or say `apps: any`',
    ],
    [
      'apps with an unknown key',
      `${declared}  - { id: a, effect: allow, apps: { name: [crm] } }`,
      '5:37: `rules[0].apps.name` is unknown (did you mean `names`?); known here: names, labels, except',
    ],
    [
      'an unknown application',
      `${declared}  - { id: a, effect: allow, apps: { names: [crn] } }`,
      '5:45: no application `crn` (did you mean `crm`?)',
    ],
    [
      'an id in capitals',
      `${declared}  - { id: A, effect: allow, apps: any }`,
      '5:11: `rules[0].id`: an id is 1 to 63 lower-case letters, digits or hyphens, found the string "A"',
    ],
    [
      'a key of a later version',
      rule('modus: shadow'),
      '5:40: `rules[0].modus` is unknown (did you mean `mode`?); known here: id, description, enabled, effect, apps, actions, who, when, unless, onMissing, mode, validFrom, validUntil, obligations, stale, message, reason',
    ],
    [
      'an action that nothing declares',
      rule('actions: [reed]'),
      '5:50: no application of this rule has the action `reed` (did you mean `read`?): connect, read, write',
    ],
    [
      'an empty who',
      rule('who: {}'),
      '5:45: `rules[0].who`: an empty `who` names nobody: leave it out for anyone',
    ],
    [
      'empty groups',
      rule('who: { groups: {} }'),
      '5:55: `rules[0].who.groups`: name groups in `any`, `all` or `none`',
    ],
    [
      'a list of no groups',
      rule('who: { groups: { any: [] } }'),
      '5:62: `rules[0].who.groups.any`: expected at least one entry, found a list',
    ],
    [
      'an unknown directory',
      rule('who: { directories: [entar] }'),
      '5:61: no directory `entar` (did you mean `entra`?); there are entra, okta',
    ],
    [
      'groups in a filter',
      rule(`who: { filter: 'groups eq "x"' }`),
      '5:55: `groups` is refused in a filter: name them in `who.groups`, which is indexed',
    ],
    [
      'a filter cut short',
      rule(`who: { filter: 'userType eq' }`),
      '5:55: a value is missing after `eq` (character 12 of the filter)',
    ],
    [
      'a user named by an unknown key',
      rule('who: { users: [{ ID: x }] }'),
      '5:57: `rules[0].who.users[0].ID` is unknown (did you mean `id`?); known here: id, externalId',
    ],
    [
      'conditions without any',
      rule('when: {}'),
      '5:46: `rules[0].when`: an empty mapping asks nothing: leave it out',
    ],
    [
      'an attribute of another schema',
      rule('when: { user.departement: { eq: x } }'),
      '5:48: `user.departement` is not in the schema (did you mean `user.enterprise.department`?)',
    ],
    [
      'a boolean in quotes',
      rule('when: { user.active: { eq: "true" } }'),
      '5:67: `user.active`: expected a boolean, found the string "true"',
    ],
    [
      'an unknown operator',
      rule('when: { user.active: { equals: true } }'),
      '5:63: `rules[0].when.user.active.equals` is unknown; known here: eq, ne, in, notIn, inList, notInList, contains, startsWith, endsWith, gt, ge, lt, le, between, exists, any, all, none, subsetOf, inCidr, notInCidr, glob, matches, before, after, within, olderThan, size, spiffe, ci, maxAge',
    ],
    [
      'an attribute without operator',
      rule('when: { user.title: {} }'),
      '5:60: `rules[0].when.user.title`: an attribute needs an operator, such as `eq`',
    ],
    [
      'groups as an attribute',
      rule('when: { user.groups: { exists: true } }'),
      '5:48: `user.groups` is asked in `who.groups`, which counts nested groups',
    ],
    [
      'a password',
      rule('when: { user.password: { eq: x } }'),
      '5:48: `user.password` is not kept, so rules cannot read it',
    ],
    [
      'strings with an order',
      rule('when: { user.title: { gt: a } }'),
      '5:66: `user.title`: `gt` does not apply to text; it takes eq, ne, exists, in, notIn, inList, notInList, contains, startsWith, endsWith, glob, matches',
    ],
    [
      'a set operator on one value',
      rule('when: { context.location: { any: [a] } }'),
      '5:73: `context.location`: `any` does not apply to text with one value; it takes eq, ne, exists, in, notIn, inList, notInList, contains, startsWith, endsWith, glob, matches',
    ],
    [
      'an unknown context key',
      rule('when: { context.contry: { eq: DE } }'),
      '5:48: `context.contry` is unknown (did you mean `context.country`?); known keys: clientType, platform, trustedNetworks, location, country, asn, sourceIp, risk, machineGroups, connectorGroups, browser.managed, browser.postureProfiles, acr, peer, enrolled, posture.<profile>',
    ],
    [
      'an attribute without its prefix',
      rule('when: { country: { eq: DE } }'),
      '5:48: `country` is no attribute (did you mean `context.country`?); write `user.…`, `claims.…` or `context.…`',
    ],
    [
      'a condition of a later version',
      rule('when: { weather: { days: [mon] } }'),
      '5:48: `weather` is no attribute: write `user.…`, `claims.…` or `context.…`, or `all`, `any`, `not`, `time`',
    ],
    [
      'a time without a zone',
      rule('when: { time: { days: [mon] } }'),
      '5:54: `rules[0].when.time.tz` is missing: expected a string',
    ],
    [
      'a zone that is none',
      rule('when: { time: { days: [mon], tz: Europe/Berln } }'),
      '5:73: `Europe/Berln` is no time zone (did you mean `Europe/Berlin`?): write an IANA name such as `Europe/Berlin`, or UTC',
    ],
    [
      'a pattern that looks around',
      rule('when: { user.title: { matches: "a(?!b)" } }'),
      '5:71: `user.title`: `matches`: look-around cannot run in linear time (character 2)',
    ],
    [
      'a duration without a unit',
      rule(
        'when: { user.x509Certificates: { exists: true }, claims.a: { size: { ge: 1 }, maxAge: "90" } }',
      ),
      '5:107: `claims.a`: `maxAge: 90` is no duration: write `90d`, `12h`, `30m` or `45s`',
    ],
    [
      'an age of what is sent',
      rule('when: { claims.a: { eq: 1, maxAge: 1h } }'),
      '5:64: `claims.a`: `maxAge` is about the directory; what is sent is as old as the attempt',
    ],
    [
      'case of what has none',
      rule('when: { user.active: { eq: true, ci: true } }'),
      '5:77: `user.active`: `ci` is about text, and this is a boolean',
    ],
    [
      'a modifier alone',
      rule('when: { user.title: { ci: true } }'),
      '5:60: `rules[0].when.user.title`: an attribute needs an operator, such as `eq`',
    ],
    [
      'a trust domain in upper case',
      rule('when: { context.peer: { spiffe: { trustDomain: Acme } } }'),
      '5:72: `context.peer`: `spiffe://Acme` is no SPIFFE ID: write `{ trustDomain: acme.example, path: /gateway }`',
    ],
    [
      'a validity that ends before it begins',
      rule('validFrom: 2026-02-01, validUntil: 2026-01-31'),
      '5:75: `validUntil: 2026-01-31` is before `validFrom: 2026-02-01`',
    ],
    [
      'a date that is none',
      rule('validUntil: 2026-02-30'),
      '5:52: `2026-02-30` is no date: write `2027-03-31`, or an RFC 3339 time such as `2027-03-31T18:00:00Z`',
    ],
    [
      'an obligation of no known type',
      rule('obligations: [{ id: a, type: step_up }]'),
      '5:69: `rules[0].obligations[0].type`: expected step-up or notification or session_termination or custom, found the string "step_up" (did you mean `step-up`?)',
    ],
    [
      'an obligation that stands twice',
      rule('obligations: [{ id: a, type: custom }, { id: a, type: custom }]'),
      '5:85: obligation `a` stands twice in the rule',
    ],
    [
      'a country by name',
      rule('when: { context.country: { eq: Germany } }'),
      '5:71: `context.country`: expected an ISO 3166 alpha-2 country code, found the string "Germany"',
    ],
    [
      'a risk that is none',
      rule('when: { context.risk: { ge: hihg } }'),
      '5:68: `context.risk`: expected one of low < medium < high < critical, found the string "hihg" (did you mean `high`?)',
    ],
    [
      'an unknown list',
      rule('when: { context.country: { inList: land } }'),
      '5:75: `context.country`: no list `land` (did you mean `lands`?); there are lands, nets',
    ],
    [
      'a list of another type',
      rule('when: { context.country: { inList: nets } }'),
      '5:75: `context.country`: `nets` is a list of type cidr; an ISO 3166 alpha-2 country code takes one of type country',
    ],
    [
      'a network with host bits',
      rule('when: { context.sourceIp: { inCidr: 10.0.0.1/16 } }'),
      '5:76: `context.sourceIp`: `10.0.0.1/16` has host bits (did you mean `10.0.0.0/16`?)',
    ],
    [
      'values of two types',
      rule('when: { claims.x: { in: [1, a] } }'),
      '5:68: `claims.x`: values are of one type: `1` is a number, the string "a" is not',
    ],
    [
      'attributes that never are equal',
      rule('when: { context.location: { eq: { attr: context.asn } } }'),
      '5:80: `context.location`: text never equals a number',
    ],
    [
      'an empty range',
      rule('when: { context.asn: { between: [5, 1] } }'),
      '5:72: `context.asn`: `between` is empty: its first value is the greater',
    ],
    [
      'a key that is a trap',
      rule('when: { __proto__: { eq: 1 } }'),
      '5:48: `__proto__` is no name here',
    ],
    [
      'an address as a host',
      'version: 1\napplications: { a: { hosts: [10.0.0.1] } }',
      '2:30: `10.0.0.1` is an address: write it under `cidrs`',
    ],
    [
      'a wildcard in the middle',
      'version: 1\napplications: { a: { hosts: [x.*.y] } }',
      '2:30: `x.*.y` is no host name: `*.` stands at the beginning and nowhere else',
    ],
    [
      'a port range backwards',
      'version: 1\napplications: { a: { hosts: [x.y], ports: ["9-8"] } }',
      '2:44: `9-8` is no port: write 443, or a range such as "8000-8099"',
    ],
    [
      'ports of nothing',
      'version: 1\napplications: { a: { ports: [80] } }',
      '2:29: `ports` without `hosts` or `cidrs` are nowhere: add one of them',
    ],
    [
      'a country list with another word',
      'version: 1\nlists: { l: { type: country, values: [Narnia] } }',
      '2:39: expected an ISO 3166 alpha-2 country code, found "Narnia"',
    ],
    [
      'a rule id twice',
      `${declared}  - { id: a, effect: allow, apps: any }\n  - { id: a, effect: block, apps: any }`,
      '6:5: rule `a` stands twice, first at p.yaml:5',
    ],
  ])('%s', (_, text, wanted) => {
    expect(faultsOf(text)).toBe(`p.yaml:${wanted}`)
  })
})

test('a file of a newer version is refused whole, and its other faults are not told', () => {
  expect(faultsOf('version: 2\nshadows: yes\nrules: 7')).toBe(
    'p.yaml:1:10: `version: 2` is from a newer Sallyport, so all of the file is refused',
  )
})

test('all faults of all files are told at once', () => {
  const texts = [
    `${declared}  - { id: a, effect: allow, apps: { names: [crn] } }\n  - { id: b, efect: allow }`,
    'version: 1\napplications: { crm: {} }\nrules: [{ id: a, effect: allow, apps: any }]',
  ]
  const sources = texts.map((text, at) => ({ file: `${at}.yaml`, text }))

  const found = readPolicy(sources, readOptions)

  const faults = found.kind === 'faults' ? printFaults(found.faults).split('\n') : []
  expect(faults.map((fault) => fault.slice(0, 42))).toEqual(
    [
      '0.yaml:5:45: no application `crn` (did you',
      '0.yaml:6:5: `rules[1].effect` is missing: ',
      '0.yaml:6:5: `rules[1].apps` is missing: ex',
      '0.yaml:6:14: `rules[1].efect` is unknown (',
      '1.yaml:2:17: application `crm` stands twice',
      '1.yaml:3:9: rule `a` stands twice, first at',
    ].map((fault) => fault.slice(0, 42)),
  )
})

test('naming an application or a list that has a fault of its own is no further fault', () => {
  const text = `version: 1
applications: { crm: { hosts: 5 } }
lists: { lands: { type: country, values: 5 } }
rules: [{ id: a, effect: allow, apps: { names: [crm] }, when: { context.country: { inList: lands } } }]`

  expect(faultsOf(text).split('\n')).toEqual([
    'p.yaml:2:31: `applications.crm.hosts`: expected a list, found `5`',
    'p.yaml:3:42: `lists.lands.values`: expected a list, found `5`',
  ])
})

test.each([
  [
    'the same network and port',
    '{ cidrs: [10.0.0.0/8], ports: [22] }',
    '{ cidrs: [10.0.0.0/8], ports: [22] }',
    '10.0.0.0/8, port 22',
  ],
  ['one host in two cases', '{ hosts: [A.example] }', '{ hosts: [a.example.] }', 'a.example'],
  [
    'ranges as wide that overlap',
    '{ hosts: [a.b], ports: ["10-19"] }',
    '{ hosts: [a.b], ports: ["15-24"] }',
    'a.b, port 15',
  ],
  [
    'one protocol in both',
    '{ hosts: [a.b], protocols: [tcp] }',
    '{ hosts: [a.b], protocols: [udp, tcp] }',
    'a.b',
  ],
])('two applications that claim %s are a fault', (_, a, b, what) => {
  const text = `version: 1\napplications:\n  one: ${a}\n  two: ${b}\n`

  expect(faultsOf(text)).toBe(`p.yaml:4:3: \`one\` and \`two\` claim ${what} with equal precision`)
})

test.each([
  [
    'the narrower ports',
    '{ hosts: [a.b], ports: ["10-19"] }',
    '{ hosts: [a.b], ports: ["10-30"] }',
  ],
  ['the named protocol', '{ hosts: [a.b], protocols: [tcp] }', '{ hosts: [a.b] }'],
  ['the longer prefix', '{ cidrs: [10.0.0.0/8] }', '{ cidrs: [10.0.0.0/9] }'],
])('two applications of which one has %s are no tie', (_, a, b) => {
  expect(faultsOf(`version: 1\napplications: { one: ${a}, two: ${b} }\n`)).toBe('')
})

test.each([
  ['deep flow sequences', '['.repeat(20_000)],
  ['nesting within reach of the parser', `version: 1\nrules: ${'['.repeat(90)}${']'.repeat(90)}`],
  ['an alias to itself', 'version: 1\nrules: &a [*a]'],
  ['aliases that unfold', `a: &a [1,1]\nb: &b [${'*a,'.repeat(99)}1]\nc: [${'*b,'.repeat(99)}1]`],
  ['more bytes than are read', `# ${'x'.repeat(policyFileBytesMax)}`],
])('a hostile file is a fault and nothing worse: %s', (_, text) => {
  expect(faultsOf(text)).not.toBe('')
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
})

test('a condition that nests nine deep is one too many', () => {
  const nested = (depth: number) =>
    `${'{ not: '.repeat(depth)}{ context.asn: { eq: 1 } }${' }'.repeat(depth)}`

  expect(faultsOf(rule(`when: ${nested(8)}`))).toBe('')
  expect(faultsOf(rule(`when: ${nested(9)}`))).toContain('nest at most 8 deep')
})
