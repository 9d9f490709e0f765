import { describe, expect, test } from 'vitest'
import { attribute, text } from '../../src/directory/attribute-builders.ts'
import { enterpriseUserUrn } from '../../src/directory/core-schemas.ts'
import type { AttributeValue, Collection, Complex } from '../../src/directory/directory.ts'
import { parseFilter } from '../../src/directory/filter.ts'
import { compileFilter, compileValueFilter } from '../../src/directory/filter-evaluate.ts'
import { createSchemaRegistry, findAttribute } from '../../src/directory/schema-registry.ts'
import { F, T, type Tri, U } from '../../src/directory/three-values.ts'

const badgeUrn = 'urn:acme:scim:badge:1.0:User'
const registry = createSchemaRegistry([
  {
    urn: badgeUrn,
    alias: 'badge',
    name: 'Badge',
    description: 'A badge',
    attributes: [
      attribute('level', 'integer', 'How far it opens doors.'),
      attribute('weight', 'decimal', 'Kilograms.'),
      text('doors', 'Which doors it opens.', { multiValued: true }),
      attribute('issued', 'dateTime', 'When it was issued.'),
    ],
  },
])

const ann: Complex = {
  id: '2819c223-7f76-453a-919d-413861904646',
  externalId: 'Ann-1',
  userName: 'Ann.Lee@acme.example',
  active: true,
  title: '',
  name: { givenName: 'Ann', familyName: 'Lee' },
  profileUrl: 'https://acme.example/Ann',
  emails: [
    { type: 'work', value: 'ann@acme.example', primary: true },
    { type: 'home', value: 'lee@home.example' },
    { value: 'untyped@x.example' },
  ],
  addresses: [{ type: 'work', locality: 'Köln' }],
  x509Certificates: [{ value: 'MIIDQzCC' }],
  groups: [{ value: 'g-1', display: 'Finance' }],
  meta: { resourceType: 'User', lastModified: '2026-05-13T04:42:34.000Z', version: 'W/"7"' },
  [enterpriseUserUrn]: { department: 'Finance', manager: { value: 'm-1' } },
  [badgeUrn]: { level: 7, weight: 0.5, doors: ['North', 'South'], issued: '2026-01-01T00:00:00Z' },
}

interface Ask {
  readonly of?: Collection
  readonly absent?: Tri
}

function compiled(filter: string, { of = 'users', absent = F }: Ask = {}) {
  const parsed = parseFilter(filter)
  if (parsed.kind === 'fault') throw new Error(`${filter}: ${parsed.message}`)
  return compileFilter(parsed.filter, registry, of, absent)
}
function ask(filter: string, resource: Complex = ann, how?: Ask): Tri | string {
  const found = compiled(filter, how)
  return found.kind === 'compiled' ? found.matches(resource) : found.message
}

/** `+` matches, `-` does not. */
function table(rows: string): readonly (readonly [string, Tri])[] {
  const lines = rows.split('\n').map((line) => line.trim())
  return lines.flatMap((line) => (line === '' ? [] : [[line.slice(2), line[0] === '+' ? T : F]]))
}

describe('operators of RFC 7644 §3.4.2.2', () => {
  test.each(
    table(`
      + userName eq "Ann.Lee@acme.example"
      - userName eq "ann"
      + userName ne "ann"
      - userName ne "Ann.Lee@acme.example"
      + userName co "lee@"
      + userName sw "ann."
      - userName sw "lee"
      + userName ew ".example"
      - userName ew "ann"
      + userName gt "ann.a"
      - userName lt "ann.a"
      + userName ge "ANN.LEE@acme.example"
      + userName le "ANN.LEE@acme.example"
      - userName gt "ANN.LEE@acme.example"
      + userName pr
      - nickName pr
      - title pr
      + ${badgeUrn}:level eq 7
      + ${badgeUrn}:level gt 6.5
      - ${badgeUrn}:level lt 7
      + ${badgeUrn}:level le 7
      + ${badgeUrn}:weight eq 5e-1
    `),
  )('%s: %s', (filter, expected) => {
    expect(ask(filter)).toBe(expected)
  })
})

describe('case', () => {
  test.each(
    table(`
      + USERNAME EQ "ANN.LEE@ACME.EXAMPLE"
      + name.GIVENNAME Eq "ann"
      + addresses.locality eq "KO\u0308LN"
      - externalId eq "ann-1"
      + externalId eq "Ann-1"
      - id eq "2819C223-7F76-453A-919D-413861904646"
      + id eq "2819c223-7f76-453a-919d-413861904646"
      - groups.value eq "G-1"
      - profileUrl eq "https://acme.example/ann"
      - meta.version eq "w/\\"7\\""
      + emails.value eq "ANN@acme.example"
    `),
  )('%s: %s', (filter, expected) => {
    expect(ask(filter)).toBe(expected)
  })
})

describe('multi-valued and complex attributes', () => {
  test.each(
    table(`
      + emails.type eq "home"
      - emails.type eq "other"
      + emails.type ne "work"
      - groups.display ne "finance"
      - not (emails.type eq "work")
      + emails co "home.example"
      + emails eq "ann@acme.example"
      - emails sw "nobody"
      + emails pr
      - phoneNumbers pr
      + name pr
      + emails[type eq "work" and value ew "@acme.example"]
      - emails[type eq "home" and value ew "@acme.example"]
      + emails.type eq "home" and emails.value ew "@acme.example"
      + emails[not (type eq "work")]
      + emails[type eq "work"].value eq "ANN@acme.example"
      - emails[type eq "home"].value eq "ann@acme.example"
      + emails[type eq "home"].value pr
      + emails[value sw "untyped"].value pr
      - emails[value sw "untyped"].type pr
      + emails[primary eq true]
      + emails[primary eq "True"].type eq "work"
      + name[givenName eq "ann" and familyName eq "lee"]
      + ${badgeUrn}:doors eq "south"
      + ${badgeUrn}:doors[value eq "south"]
      - ${badgeUrn}:doors[value eq "east"]
      + groups eq "g-1"
      + ${enterpriseUserUrn}:manager eq "m-1"
    `),
  )('%s: %s', (filter, expected) => {
    expect(ask(filter)).toBe(expected)
  })
})

describe('URN prefixes', () => {
  test.each(
    table(`
      + urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ann"
      + URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER:NAME.FAMILYNAME eq "lee"
      + urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq "work"].value co "ann"
      + urn:ietf:params:scim:schemas:core:2.0:User:id pr
      + ${enterpriseUserUrn}:department eq "finance"
      + ${enterpriseUserUrn}:manager.value eq "m-1"
      + ${enterpriseUserUrn} pr
      + ${badgeUrn} pr
      + schemas eq "${enterpriseUserUrn}"
      + schemas eq "urn:ietf:params:scim:schemas:core:2.0:User"
      - schemas eq "urn:other"
    `),
  )('%s: %s', (filter, expected) => {
    expect(ask(filter)).toBe(expected)
  })

  test('`schemas` follows from what the resource has', () => {
    expect(ask(`schemas eq "${enterpriseUserUrn}"`, { userName: 'x' })).toBe(F)
  })
})

describe('booleans', () => {
  test.each(
    table(`
      + active eq true
      + active eq True
      + active eq "True"
      - active eq "False"
      - active eq false
      + active ne false
      - active ne "TRUE"
    `),
  )('%s: %s', (filter, expected) => {
    expect(ask(filter)).toBe(expected)
  })
})

describe('dates compare as instants', () => {
  test.each(
    table(`
      + meta.lastModified eq "2026-05-13T06:42:34+02:00"
      - meta.lastModified ne "2026-05-13T04:42:34Z"
      + meta.lastModified gt "2026-05-13T06:42:33.999+02:00"
      - meta.lastModified gt "2026-05-13T05:00:00Z"
      + meta.lastModified lt "2026-05-13T00:00:00-05:00"
      + meta.lastModified ge "2026-05-13T04:42:34Z"
      + ${badgeUrn}:issued le "2026-01-01T00:00:00.000Z"
    `),
  )('%s: %s', (filter, expected) => {
    expect(ask(filter)).toBe(expected)
  })
})

describe('null', () => {
  test.each(
    table(`
      + nickName eq null
      - userName eq null
      + userName ne null
      - nickName ne null
      + phoneNumbers.value eq null
    `),
  )('%s: %s', (filter, expected) => {
    expect(ask(filter)).toBe(expected)
  })
})

describe('groups', () => {
  const group: Complex = { id: 'g-1', displayName: 'Finance', members: [{ value: 'u-1' }] }

  test.each(
    table(`
      + displayName eq "FINANCE"
      + id eq "g-1" and members eq "u-1"
      - id eq "g-1" and members eq "u-2"
      + members[value eq "u-1"]
      + members.value eq "u-1"
      + urn:ietf:params:scim:schemas:core:2.0:Group:displayName sw "fin"
    `),
  )('%s: %s', (filter, expected) => {
    expect(ask(filter, group, { of: 'groups' })).toBe(expected)
  })

  test('do not have what users have', () => {
    expect(ask('userName pr', group, { of: 'groups' })).toContain('no attribute `userName`')
  })
})

describe('an unassigned attribute', () => {
  const bare: Complex = { userName: 'bob', emails: [{ value: 'b@x.example' }] }

  test.each([
    'nickName eq "x"',
    'nickName ne "x"',
    'not (nickName eq "x")',
    'name.givenName sw "x"',
    'phoneNumbers.value co "x"',
    'phoneNumbers[type eq "work"]',
    'emails.type eq "work"',
    'emails[type ne "work"]',
    'meta.created gt "2026-01-01T00:00:00Z"',
    `${enterpriseUserUrn}:department eq "x"`,
    'nickName eq "x" and userName eq "bob"',
    'nickName eq "x" or userName eq "ann"',
  ])('leaves it open whether %s, to a policy', (filter) => {
    expect(ask(filter, bare, { absent: U })).toBe(U)
  })

  test('is no match and no error to a search, whose `not` then matches', () => {
    expect(ask('nickName eq "x"', bare)).toBe(F)
    expect(ask('nickName ne "x"', bare)).toBe(F)
    expect(ask('not (nickName eq "x")', bare)).toBe(T)
  })

  test.each([
    ['nickName pr', F],
    ['not (nickName pr)', T],
    ['nickName eq null', T],
    ['nickName eq "x" and userName eq "ann"', F],
    ['nickName eq "x" or userName eq "bob"', T],
    ['emails[type eq "work" and value eq "other"]', F],
  ] as const)('leaves %s known, to a policy too', (filter, expected) => {
    expect(ask(filter, bare, { absent: U })).toBe(expected)
  })

  test.each([
    [{ userName: 42 }, 'userName eq "42"'],
    [{ active: 'yes' }, 'active eq true'],
    [{ meta: { created: 'yesterday' } }, 'meta.created gt "2026-01-01T00:00:00Z"'],
    [{ name: 'Ann' }, 'name.givenName eq "Ann"'],
    [{ emails: [] }, 'emails.value eq "x"'],
    [{ emails: 'x' }, 'emails[value eq "x"]'],
  ] as const)('is what a stored value of the wrong type counts as: %j', (resource, filter) => {
    expect(ask(filter, resource, { absent: U })).toBe(U)
  })

  test('is never read from a prototype', () => {
    const inherited = Object.create({ userName: 'ann', name: { givenName: 'Ann' } }) as Complex
    expect(ask('userName pr', inherited)).toBe(F)
    expect(ask('name.givenName eq "Ann"', inherited)).toBe(F)
  })
})

describe('a filter that cannot be meant is refused', () => {
  test.each([
    ['active gt true', '`active` is a boolean, which takes eq, ne and pr'],
    ['active co "tru"', 'takes eq, ne and pr'],
    ['active eq "perhaps"', 'is a boolean, not `perhaps`'],
    ['active eq 1', 'is a boolean'],
    ['x509Certificates.value gt "MII"', 'is binary, which takes eq, ne and pr'],
    ['userName eq true', 'is text, not `true`'],
    ['userName eq 42', 'is text, not `42`'],
    [`${badgeUrn}:level eq "7"`, 'is an integer, not `7`'],
    [`${badgeUrn}:level co "7"`, 'takes eq, ne, gt, ge, lt, le and pr'],
    ['meta.created gt "2026-01-01"', 'date and time with an offset, not `2026-01-01`'],
    ['meta.created gt 2026', 'date and time with an offset'],
    ['meta.created sw "2026"', 'takes eq, ne, gt, ge, lt, le and pr'],
    ['addresses eq "x"', 'compare one of its sub-attributes, such as `addresses.formatted`'],
    ['name eq "x"', 'is complex'],
    [`${enterpriseUserUrn} eq "x"`, 'is complex'],
    ['nickName gt null', 'takes only eq and ne'],
    ['usrName eq "x"', 'did you mean `userName`'],
    ['name.givenname2 eq "x"', 'did you mean `name.givenName`'],
    ['department eq "x"', `did you mean \`${enterpriseUserUrn}:department\``],
    ['urn:nowhere:User:userName eq "x"', 'no schema `urn:nowhere:User`'],
    [`${enterpriseUserUrn}:userName eq "x"`, 'no attribute `userName`'],
    ['userName.value eq "x"', '`userName` has no sub-attributes'],
    ['userName[value eq "x"]', '`userName` has no sub-attributes'],
    ['emails[kind eq "x"]', 'no attribute `emails.kind`'],
    ['emails[emails.type eq "x"]', 'within the brackets'],
    ['password pr', '`password` is never returned, so it cannot be searched'],
    ['password sw "a"', '`password` is never returned, so it cannot be searched'],
    ['constructor pr', 'no attribute `constructor`'],
    ['name.constructor pr', 'no attribute `name.constructor`'],
  ])('%s', (filter, message) => {
    expect(ask(filter)).toContain(message)
  })

  test('with the place of the path at fault', () => {
    expect(compiled('userName pr and emails[type eq "work" and kind eq "x"]')).toMatchObject({
      at: 42,
    })
  })
})

describe('a compiled filter', () => {
  test('names the top-level attributes it reads, once each', () => {
    const found = compiled(
      `userName pr and (emails[type eq "work"] or emails co "x") and ${badgeUrn}:level gt 1`,
    )
    expect(found).toMatchObject({ attributes: ['userName', 'emails', badgeUrn] })
  })
})

describe('a filter over one element', () => {
  const emails = findAttribute(registry.coreAttributes('users'), 'emails')!
  const over = (filter: string, element: AttributeValue, of = emails): Tri | string => {
    const parsed = parseFilter(filter)
    if (parsed.kind === 'fault') throw new Error(parsed.message)
    const found = compileValueFilter(parsed.filter, of, F)
    return found.kind === 'compiled' ? found.matches(element) : found.message
  }

  test('reads sub-attributes of that element', () => {
    expect(over('type eq "WORK" and value co "@"', { type: 'work', value: 'a@x' })).toBe(T)
    expect(over('type eq "home"', { type: 'work' })).toBe(F)
    expect(over('primary eq "True"', { primary: true })).toBe(T)
  })

  test('calls an element of a simple list its value', () => {
    const doors = findAttribute(registry.schema(badgeUrn)!.attributes, 'doors')!
    expect(over('value eq "north"', 'North', doors)).toBe(T)
    expect(over('value eq "north"', 'South', doors)).toBe(F)
  })

  test('refuses names that the element does not have', () => {
    expect(over('userName eq "x"', {})).toContain('no attribute `emails.userName`')
  })
})
