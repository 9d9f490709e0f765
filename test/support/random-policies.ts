import fc from 'fast-check'
import type { ReferenceAttempt, ReferencePolicy, ReferenceRule } from './reference-evaluator.ts'

/** Random policies and attempts over a vocabulary so small that rules often match, and often doubt. */
const groupNames = ['Finance', 'SRE', 'Interns', 'Straße']
const one = <Value>(...values: readonly Value[]) => fc.constantFrom(...values)
const some = <Value>(values: readonly Value[], most = values.length) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: most })

const departments = ['Finance', 'Sales', 'finance']
const mails = ['ann@acme.example', 'ANN@acme.example', 'eve@evil.example']
const nets = ['10.0.0.0/8', '10.1.0.0/16', '192.0.2.1/32', '0.0.0.0/0']
const textTest = (values: readonly string[]) =>
  fc.oneof(
    fc.record({ eq: one(...values) }),
    fc.record({ ne: one(...values) }),
    fc.record({ in: some(values) }),
    fc.record({ notIn: some(values) }),
    fc.record({ contains: one('in', 'A', '@') }),
    fc.record({ startsWith: one('f', 'ann') }),
    fc.record({ endsWith: one('example', 'E', 's') }),
    fc.record({ exists: fc.boolean() }),
    fc.record({ inList: one('words') }),
    fc.record({ glob: one('*in*', '?inance', 'ann@*', '*', 'Finance') }),
    fc.record({ matches: one('[A-Za-z]+', '.*@acme\\.example', 'F.{6}', '(?:a|f)\\w*') }),
    fc.record({ eq: one(...values), ci: fc.boolean() }),
    fc.record({ in: some(values), ci: fc.boolean() }),
    fc.record({ notInList: one('words'), exists: fc.boolean() }),
  )
const setTest = (values: readonly string[]) =>
  fc.oneof(
    textTest(values),
    fc.record({ any: some(values) }),
    fc.record({ all: some(values) }),
    fc.record({ none: some(values) }),
    fc.record({ subsetOf: some(values) }),
    fc.record({ size: one({ ge: 2 }, { eq: 1 }, { lt: 2 }, { gt: 1 }, { le: 1 }) }),
  )
const dateTest = fc.oneof(
  fc.record({ before: one('2026-05-01T00:00:00Z', '2026-05-04T10:00:00Z') }),
  fc.record({ after: one('2026-04-01T00:00:00Z', '2026-05-04T12:00:00+02:00') }),
  fc.record({ within: one('1h', '1d', '30d') }),
  fc.record({ olderThan: one('1h', '30d') }),
  fc.record({ exists: fc.boolean() }),
)
const window = fc.record(
  {
    days: fc.subarray(['mon', 'tue', 'sat', 'sun'], { minLength: 1 }),
    between: one('08:00-18:00', '22:00-06:00', '00:00-24:00', '02:30-03:00'),
    tz: one('UTC', 'Europe/Berlin', 'Australia/Lord_Howe'),
  },
  { requiredKeys: ['between', 'tz'] },
)
const orderTest = <Value>(values: readonly [Value, Value, Value]) =>
  fc.oneof(
    fc.record({ gt: one(...values) }),
    fc.record({ ge: one(...values) }),
    fc.record({ lt: one(...values), exists: fc.boolean() }),
    fc.record({ le: one(...values) }),
    fc.record({ between: one([values[0], values[1]], [values[1], values[2]]) }),
    fc.record({ ne: one(...values) }),
    fc.record({ in: some(values) }),
  )
const flagTest = fc.oneof(
  fc.record({ eq: fc.boolean() }),
  fc.record({ ne: fc.boolean() }),
  fc.record({ exists: fc.boolean() }),
)
const addressTest = fc.oneof(
  fc.record({ inCidr: one(...nets) }),
  fc.record({ notInCidr: some(nets) }),
  fc.record({ inList: one('nets') }),
  fc.record({ notInList: one('nets') }),
  fc.record({ exists: fc.boolean() }),
)
const listedOnly = (values: readonly string[]) =>
  fc.oneof(
    fc.record({ in: some(values) }),
    fc.record({ ne: one(...values) }),
    fc.record({ notInList: one('lands') }),
    fc.record({ exists: fc.boolean() }),
  )

const keyed = (key: string, test: fc.Arbitrary<object>) => test.map((each) => ({ [key]: each }))
const leaf = fc.oneof(
  keyed('user.enterprise.department', textTest(departments)),
  keyed('user.userType', textTest(['Employee', 'Guest'])),
  keyed('user.externalId', textTest(['E1', 'e1'])),
  keyed('user.active', flagTest),
  keyed('user.emails.value', setTest(mails)),
  keyed('user.emails[type eq "work"].value', textTest(mails)),
  keyed('claims.dept', setTest(departments)),
  keyed('claims.level', orderTest([1, 2, 3])),
  keyed('context.risk', orderTest(['low', 'medium', 'high'])),
  keyed('context.asn', orderTest([1, 2, 3])),
  keyed('context.country', listedOnly(['DE', 'NO'])),
  keyed('context.sourceIp', addressTest),
  keyed('context.location', textTest(['hq', 'Finance'])),
  keyed('context.posture.disk', flagTest),
  keyed('context.trustedNetworks', setTest(['hq', 'lab'])),
  keyed('context.enrolled', dateTest),
  keyed('time', window),
  keyed('user.userType', fc.record({ eq: one('Employee', 'Guest'), maxAge: one('1h', '1d') })),
)
const { mapping } = fc.letrec<{ mapping: object }>((tie) => ({
  mapping: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.tuple(leaf, leaf).map(([a, b]) => ({ ...a, ...b })),
    keyed('all', fc.array(tie('mapping'), { minLength: 1, maxLength: 3 })),
    keyed('any', fc.array(tie('mapping'), { minLength: 1, maxLength: 3 })),
    keyed('not', tie('mapping')),
  ),
}))

const applicationNames = ['crm', 'wiki', 'ssh']
const who = fc
  .record(
    {
      users: some(['ann', 'BOB', 'zoe']),
      directories: some(['entra', 'okta']),
      groups: fc.oneof(
        fc.record({ any: some(groupNames) }),
        fc.record({ all: some(groupNames, 2), none: some(groupNames, 1) }),
        fc.record({ none: some(groupNames, 2) }),
      ),
      filter: one('userType eq "employee"', 'not (userType eq "Guest")'),
    },
    { requiredKeys: [] },
  )
  .filter((parts) => Object.keys(parts).length > 0)

const wholeRule = fc.record(
  {
    id: fc.constant(''),
    effect: one<'allow' | 'block'>('allow', 'block'),
    enabled: one(true, true, true, false),
    apps: fc.oneof(
      fc.constant('any'),
      fc.record({ names: some(applicationNames) }),
      fc.record({ labels: one({ tier: '1' }, { tier: '1', zone: 'a' }), except: some(['crm']) }),
      fc.record({ names: some(['ssh']), labels: one({ tier: '2' }) }),
    ),
    who,
    when: mapping,
    unless: mapping,
    actions: one(['connect'], ['read'], ['connect', 'read']),
    onMissing: one('match', 'skip'),
    mode: one('enforce', 'enforce', 'shadow'),
    validFrom: one('2026-05-04', '2026-05-04T10:00:00Z', '2026-01-01'),
    validUntil: one('2026-05-04', '2026-05-04T11:59:59+02:00', '2027-01-01'),
    obligations: fc.constant([
      { id: 'always', type: 'custom' },
      { id: 'risky', type: 'step-up', if: { 'context.risk': { ge: 'medium' } } },
    ]),
  },
  { requiredKeys: ['id', 'effect', 'apps', 'who', 'when', 'unless'] },
) as fc.Arbitrary<ReferenceRule>

/** One or two kinds of condition: rules with all three hardly ever match. */
export const anyRule = fc
  .tuple(wholeRule, fc.subarray(['who', 'when', 'unless'], { minLength: 1, maxLength: 2 }))
  .map(([rule, left]) => {
    const isEmpty = rule.validFrom === '2026-05-04T10:00:00Z' && rule.validUntil?.includes('11:59')
    const gone = (key: string) => left.includes(key) || (isEmpty && key === 'validUntil')
    return Object.fromEntries(Object.entries(rule).filter(([key]) => !gone(key)))
  }) as fc.Arbitrary<unknown> as fc.Arbitrary<ReferenceRule>

const applications = {
  crm: { labels: { tier: '1' }, actions: ['connect', 'read'] },
  wiki: { labels: { tier: '2', zone: 'a' }, actions: ['connect', 'read'] },
  ssh: { labels: { tier: '1', zone: 'a' }, actions: ['connect', 'read'] },
}
const lists = {
  words: { type: 'string', values: ['Finance', 'ann@acme.example', 'hq', 'Guest'] },
  lands: { type: 'country', values: ['DE', 'IR'] },
  nets: { type: 'cidr', values: ['10.1.0.0/16', '192.0.2.0/24'] },
}

export function policyOf(rules: readonly ReferenceRule[]): ReferencePolicy {
  return { applications, lists, rules: rules.map((rule, at) => ({ ...rule, id: `rule-${at}` })) }
}

export const anyPolicy = fc.array(anyRule, { minLength: 1, maxLength: 8 }).map(policyOf)

const email = fc.record(
  { type: one('work', 'home'), value: one(...mails) },
  { requiredKeys: ['type', 'value'] },
)
const user = fc.record(
  {
    id: fc.constant('user-1'),
    userName: one('ann', 'Bob', 'eve'),
    userType: one('Employee', 'guest', 'EMPLOYEE'),
    externalId: one('E1', 'E2'),
    active: fc.boolean(),
    emails: fc.array(email, { minLength: 1, maxLength: 3 }),
    enterprise: fc.record({ department: one(...departments) }, { requiredKeys: [] }),
  },
  { requiredKeys: ['id', 'userName'] },
)
const context = fc.record(
  {
    risk: one('low', 'medium', 'high', 'critical', 'odd'),
    asn: one<string | number>(1, 2, 3, 'one'),
    country: one('DE', 'IR', 'NO', 'de'),
    sourceIp: one('10.1.2.3', '::ffff:10.9.9.9', '192.0.2.1', '10.01.2.3', 'x'),
    location: one('hq', 'finance', ''),
    'posture.disk': one<string | boolean>(true, false, 'true'),
    trustedNetworks: fc.uniqueArray(one('hq', 'lab', 'home')),
    enrolled: one<unknown>(
      '2026-05-04T09:30:00Z',
      '2026-05-03T10:00:00Z',
      '2025-01-01T00:00:00Z',
      'x',
      7,
    ),
  },
  { requiredKeys: [] },
)
const claims = fc.record(
  {
    dept: one<unknown>('Finance', 'finance', ['Sales', 'Finance'], [], 7),
    level: one<string | number>(1, 2, 4, '2'),
  },
  { requiredKeys: [] },
)

/** The user is as in the directory, `enterprise` for the URN of the extension. */
export interface RandomAttempt extends Omit<ReferenceAttempt, 'user'> {
  readonly user: Readonly<Record<string, unknown>> | undefined
}

export const anyAttempt = fc.record({
  application: one(...applicationNames),
  action: one('connect', 'read'),
  directory: one('entra', 'okta'),
  user: fc.option(user, { nil: undefined, freq: 8 }),
  groups: fc.subarray(groupNames),
  doubtful: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: some(groupNames, 1) },
  ),
  claims,
  context,
  now: one(
    '2026-05-04T10:00:00Z',
    '2026-05-03T23:30:00Z',
    '2026-05-05T00:00:00Z',
    '2026-03-29T01:15:00Z',
    '2026-10-25T00:45:00Z',
  ),
  ageMs: one(0, 0, 3_600_001, 90_000_000),
}) as fc.Arbitrary<RandomAttempt>
