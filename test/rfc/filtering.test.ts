import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  enterpriseUrn,
  groupBody,
  type ScimFixture,
  scimFixture,
  userBody,
  userUrn,
} from '../scim-http/scim-fixture.ts'

/** RFC 7644 §3.4.2.2: filters. */

let fixture: ScimFixture
const ids: Record<string, string> = {}
beforeAll(async () => {
  fixture = await scimFixture()
  const people = [
    {
      userName: 'ann',
      externalId: 'E1',
      title: 'Chief "Ops" (x) and y]',
      name: { familyName: 'Lee' },
      emails: [
        { value: 'ann@work.example', type: 'work', primary: true },
        { value: 'ann@home.example', type: 'home' },
      ],
      [enterpriseUrn]: { department: 'IT', employeeNumber: '701984' },
    },
    { userName: 'bob', externalId: 'e1', title: 'Ops', active: false },
    { userName: 'cleo', title: 'CEO', emails: [{ value: 'cleo@home.example', type: 'home' }] },
  ]
  for (const { userName, ...more } of people) {
    ids[userName] = (await fixture.send('POST', '/Users', userBody(userName, more))).body.id
  }
  ids.staff = (await fixture.send('POST', '/Groups', groupBody('Staff', [ids.ann!]))).body.id
})
afterAll(() => fixture[Symbol.asyncDispose]())

const withIds = (filter: string) => filter.replace(/<(\w+)>/g, (_, name: string) => ids[name] ?? '')

async function found(filter: string, path = '/Users'): Promise<string> {
  const url = `${path}?filter=${encodeURIComponent(withIds(filter))}`
  const { status, body } = await fixture.send('GET', url)
  if (status !== 200) return `${status} ${body.scimType}`
  const names = body.Resources.map(
    (each: { userName?: string; displayName?: string }) => each.userName ?? each.displayName,
  )
  return names.join(' ')
}

describe.each([
  ['table 3: eq', 'userName eq "ann"', 'ann'],
  ['table 3: ne', 'userName ne "ann"', 'bob cleo'],
  ['table 3: co', 'title co "ps"', 'ann bob'],
  ['table 3: sw', 'title sw "c"', 'ann cleo'],
  ['table 3: ew', 'userName ew "b"', 'bob'],
  ['table 3: pr', 'emails pr', 'ann cleo'],
  ['table 3: gt', 'userName gt "bob"', 'cleo'],
  ['table 3: ge', 'userName ge "bob"', 'bob cleo'],
  ['table 3: lt', 'userName lt "bob"', 'ann'],
  ['table 3: le', 'userName le "bob"', 'ann bob'],
  ['§3.4.2.2: operators in any case', 'userName EQ "ann" OR userName Eq "bob"', 'ann bob'],
  ['§3.4.2.2: attribute names in any case', 'USERNAME eq "ann" And EMAILS pr', 'ann'],
  ['table 5: and before or', 'userName eq "bob" or userName eq "ann" and title eq "none"', 'bob'],
  [
    'table 5: parentheses first',
    '(userName eq "bob" or userName eq "ann") and title eq "none"',
    '',
  ],
  ['table 5: not before and', 'not (userName eq "ann") and active eq true', 'cleo'],
  ['table 4: nested', '((not (((userName eq "ann")))))', 'bob cleo'],
  ['RFC 7643 §4.1.1: userName without case', 'userName eq "ANN"', 'ann'],
  ['RFC 7643 §3.1: externalId with case', 'externalId eq "E1"', 'ann'],
  ['RFC 7643 §3.1: id with case', 'id eq "<ann>"', 'ann'],
  [
    'a value path is about one and the same element',
    'emails[type eq "work" and value co "home"]',
    '',
  ],
  ['a value path', 'emails[type eq "home" and value co "home"]', 'ann cleo'],
  ['Entra: a value path with a comparison behind', 'emails[type eq "work"].value sw "ann"', 'ann'],
  ['any value of a multi-valued attribute suffices', 'emails.type eq "home"', 'ann cleo'],
  ['an absent attribute is no match and no error', 'nickName eq "x"', ''],
  ['RFC 7643 §2.4: a multi-valued attribute means its value', 'emails co "work"', 'ann'],
  ['§3.10: the URN of the core schema', `${userUrn}:userName eq "ann"`, 'ann'],
  ['§3.10: the URN and a sub-attribute', `${userUrn}:name.familyName sw "L"`, 'ann'],
  ['§3.10: the URN of an extension', `${enterpriseUrn}:department eq "it"`, 'ann'],
  ['figure 2: schemas', `schemas eq "${enterpriseUrn}"`, 'ann'],
  ['a boolean without quotes', 'active eq false', 'bob'],
  ['Entra: a boolean as a string', 'active eq "False"', 'bob'],
  [
    'date and time by the instant, whatever the offset',
    'meta.created gt "2001-01-01T02:00:00+02:00" and meta.created lt "2999-01-01T00:00:00-12:00"',
    'ann bob cleo',
  ],
  ['JSON escapes', 'title eq "Chief \\u0022Ops\\" (x) and y]"', 'ann'],
  ['brackets and keywords within quotes', 'title ew "(x) and y]"', 'ann'],
  ['meta.resourceType', 'meta.resourceType eq "User" and userName eq "ann"', 'ann'],
  ['meta.version', 'meta.version pr and userName eq "ann"', 'ann'],
  ['groups.value', 'groups.value eq "<staff>"', 'ann'],
  ['figure 2: null', 'nickName eq null and userName eq "ann"', 'ann'],
])('RFC 7644 §3.4.2.2, %s', (_, filter, expected) => {
  test(`${filter} finds ${expected || 'nobody'}`, async () => {
    expect(await found(filter)).toBe(expected)
  })
})

test('RFC 7643 §4.2: members.value, members and a value path of it are searched', async () => {
  for (const filter of [
    'members.value eq "<ann>"',
    'members eq "<ann>"',
    'members[value eq "<ann>"]',
  ]) {
    expect(await found(filter, '/Groups')).toBe('Staff')
  }
  expect(await found('members.value eq "<bob>"', '/Groups')).toBe('')
})

test.each([
  'userName',
  'userName eq',
  'userName eq ann',
  'userName xx "ann"',
  'eq "ann"',
  '(userName eq "ann"',
  'userName eq "ann")',
  'userName eq "ann" and',
  'userName eq "ann" userName pr',
  'not userName eq "ann"',
  'emails[type eq "work"',
  'emails[type eq "work"]]',
  'userName eq "ann',
  'userName eq "\\x"',
  '.userName pr',
  'userName..x pr',
])('RFC 7644 §3.12: the malformed filter %s is 400 invalidFilter', async (filter) => {
  expect(await found(filter)).toBe('400 invalidFilter')
})

test('RFC 7644 §3.4.2.2: an order on a boolean is 400 invalidFilter', async () => {
  expect(await found('active gt true')).toBe('400 invalidFilter')
})

test('an attribute that no schema has is 400 invalidFilter, never everybody', async () => {
  for (const filter of ['shoeSize eq "43"', 'not (shoeSize eq "43")', '__proto__ pr']) {
    expect(await found(filter)).toBe('400 invalidFilter')
  }
})

test('RFC 7644 §4: a filter on discovery is 403', async () => {
  for (const path of ['/Schemas', '/ResourceTypes', '/ServiceProviderConfig']) {
    expect(await found('name eq "User"', path)).toMatch(/^403/)
  }
})
