import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scannedMax, scannedReferencesMax } from '../../src/scim/matches.ts'
import {
  enterpriseUrn,
  groupBody,
  patchBody,
  scimFixture,
  userBody,
  userUrn,
} from './scim-fixture.ts'
import {
  namesIn,
  type SearchedFixture,
  searchedFixture,
  sliceOf,
  storeWith,
  totalOf,
} from './searched-fixture.ts'

let fixture: SearchedFixture
const ids = new Map<string, string>()
beforeAll(async () => {
  fixture = await searchedFixture()
  for (const [name, id] of fixture.ids) ids.set(name, id)
  const { send } = fixture
  // user02 is in Inner, Inner and user01 in Outer, Outer in Inner.
  const inner = (await send('POST', '/Groups', groupBody('Inner', [ids.get('user02')!]))).body.id
  const members = [inner, ids.get('user01')!]
  const outer = (await send('POST', '/Groups', groupBody('Outer', members))).body.id
  const circle = patchBody({ op: 'add', path: 'members', value: [{ value: outer }] })
  await send('PATCH', `/Groups/${inner}`, circle)
  ids.set('Inner', inner).set('Outer', outer)
})
afterAll(() => fixture[Symbol.asyncDispose]())

/** Filters name resources whose ids are only known later. */
const named = (filter: string) =>
  filter.replace(/<(\w+)>/g, (_, name: string) => ids.get(name) ?? 'nobody')

describe('a filter', () => {
  test.each([
    ['userName eq "user03@acme.example"', 1],
    ['userName eq "USER03@ACME.EXAMPLE"', 1],
    ['userName Eq "nobody"', 0],
    ['externalId eq "Ext0"', 10],
    ['externalId eq "ext0"', 0],
    ['id eq "<user03>"', 1],
    ['id eq "not an id"', 0],
    ['emails.value eq "user03@WORK.example"', 1],
    ['emails[type eq "work"].value eq "user03@work.example"', 1],
    ['emails[type eq "work"].value eq "user03@home.example"', 0],
    ['emails[type eq "work" and value co "home"]', 0],
    ['emails co "user03@home"', 1],
    ['active eq false', 15],
    ['active eq "False"', 15],
    ['externalId eq "Ext0" and active eq true', 5],
    ['id eq "<user03>" and userName eq "user04@acme.example"', 0],
    ['userName sw "user0" and not (externalId eq "Ext0")', 6],
    [`${enterpriseUrn}:department eq "it"`, 5],
    [`${userUrn}:emails[type eq "work"].value sw "user0"`, 10],
    ['emails[not (type eq "work")]', 30],
    ['department eq "IT" And(active eq true)', 3],
    ['title pr', 0],
    ['title eq null', 30],
    [`schemas eq "${enterpriseUrn}"`, 30],
    [`${userUrn}:schemas co "enterprise"`, 30],
    [`${userUrn}:meta.resourceType eq "User"`, 30],
    ['meta.resourceType eq "User"', 30],
    ['meta.resourceType eq "user"', 0],
    ['meta.resourceType ne "Group" and externalId eq "Ext1"', 10],
    ['meta.lastModified gt "2020-01-01T00:00:00Z"', 30],
    ['groups.value eq "<Team>"', 1],
    ['userName gt "user27" or userName eq "user00@acme.example"', 4],
    ['password eq "x"', '400 invalidFilter'],
    ['shoeSize eq 43', '400 invalidFilter'],
    ['userName eq "x" or shoeSize eq 43', '400 invalidFilter'],
    ['meta.resourceType eq "Group" and shoeSize eq 43', '400 invalidFilter'],
    ['active gt true', '400 invalidFilter'],
    ['meta.resourceType eq "Group" and active gt true', '400 invalidFilter'],
    ['userName eq', '400 invalidFilter'],
    [`${'('.repeat(5_000)}title pr`, '400 invalidFilter'],
    ['__proto__ eq "x"', '400 invalidFilter'],
    ['constructor.prototype eq "x"', '400 invalidFilter'],
  ])('on users, %s, finds %s', async (filter, expected) => {
    expect(await totalOf(fixture, '/Users', named(filter))).toBe(expected)
  })

  test.each([
    ['displayName eq "TEAM"', 1],
    ['members eq "<user01>"', 2],
    ['members.value eq "<user03>"', 0],
    ['id eq "<Team>" and members eq "<user01>"', 1],
    ['id eq "<Team>" and members eq "<user02>"', 0],
    ['members[value eq "<user01>"]', 2],
    ['members[value eq "<user01>" and type eq "Group"]', 0],
    ['members[type eq "Group"]', 2],
    ['displayName eq "Team" and members eq "<user01>"', 1],
    ['displayName eq "Other" and members eq "<user01>"', 0],
    ['groups.value eq "<Team>"', '400 invalidFilter'],
  ])('on groups, %s, finds %s', async (filter, expected) => {
    expect(await totalOf(fixture, '/Groups', named(filter))).toBe(expected)
  })

  // RFC 7644 §3.4.2.2, figure 2, and the one example of §3.4.2.1 as its grammar has it.
  test.each([
    'userName eq "bjensen"',
    'name.familyName co "O\'Malley"',
    'userName sw "J"',
    'urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"',
    'title pr',
    'meta.lastModified gt "2011-05-13T04:42:34Z"',
    'meta.lastModified ge "2011-05-13T04:42:34Z"',
    'meta.lastModified lt "2011-05-13T04:42:34Z"',
    'meta.lastModified le "2011-05-13T04:42:34Z"',
    'title pr and userType eq "Employee"',
    'title pr or userType eq "Intern"',
    'schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"',
    'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")',
    'userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")',
    'userType eq "Employee" and (emails.type eq "work")',
    'userType eq "Employee" and emails[type eq "work" and value co "@example.com"]',
    'emails[type eq "work" and value co "@example.com"] or ' +
      'ims[type eq "xmpp" and value co "@foo.com"]',
    '(meta.resourceType eq "User") or (meta.resourceType eq "Group")',
  ])('of the RFC is answered: %s', async (filter) => {
    expect(await totalOf(fixture, '/Users', filter)).toEqual(expect.any(Number))
  })

  test('Entra: a test of the connection finds nobody, with 200', async () => {
    const filter = encodeURIComponent('userName eq "8b1c8a8e-5d6c-4bfa-a7a1-1b5d0e5a9c11"')
    for (const url of [
      `/Users?filter=${filter}&aadOptscim062020`,
      `/Users/?aadOptscim062020&filter=${filter}`,
    ]) {
      const { status, body } = await fixture.send('GET', url)
      expect([status, body.totalResults, body.Resources]).toEqual([200, 0, []])
    }
  })
})

describe('the groups of a user', () => {
  const groupsOf = async (name: string) => {
    const { body } = await fixture.send('GET', `/Users/${ids.get(name)}`)
    return body.groups?.map(({ display, type }: { display: string; type: string }) => [
      display,
      type,
    ])
  }

  test('are direct and indirect, each once, direct where both', async () => {
    expect(await groupsOf('user01')).toEqual([
      ['Team', 'direct'],
      ['Outer', 'direct'],
      ['Inner', 'indirect'],
    ])
    expect(await groupsOf('user02')).toEqual([
      ['Inner', 'direct'],
      ['Outer', 'indirect'],
    ])
    expect(await groupsOf('user03')).toBeUndefined()
  })

  test.each([
    ['groups.value eq "<Inner>"', ['user01@acme.example', 'user02@acme.example']],
    ['groups eq "<Outer>" and active eq true', ['user02@acme.example']],
    ['groups[value eq "<Inner>" and type eq "direct"]', ['user02@acme.example']],
    ['groups.type eq "indirect"', ['user01@acme.example', 'user02@acme.example']],
    ['groups.value eq "<user01>"', []],
  ])('are found as they are shown: %s', async (filter, names) => {
    const query = `filter=${encodeURIComponent(named(filter))}&attributes=userName`
    expect(namesIn((await fixture.send('GET', `/Users?${query}`)).body)).toEqual(names)
  })

  test('are found through the members of the group, without a scan', async () => {
    const scans: unknown[] = []
    await using watched = await scimFixture({
      store: (store) =>
        storeWith(store, {
          scan: (...given) => {
            scans.push(given.at(-1))
            return store.scan(...given)
          },
        }),
    })
    const { body } = await watched.send('POST', '/Groups', groupBody('G'))
    const equal = `groups.value eq "${body.id}"`
    expect(await totalOf(watched, '/Users', equal)).toBe(0)
    expect(scans).toEqual([])
    await totalOf(watched, '/Users', `${equal} and active eq true`)
    expect(scans).toEqual([{ references: true, by: { by: 'group', value: body.id } }])
  })
})

test('whoever goes, or ceases to match, while a search is under way is not shown', async () => {
  let meanwhile = async () => {}
  await using moving = await scimFixture({
    store: (store) =>
      storeWith(store, {
        find: async (...given) => {
          if (given[2].by === 'ordinals') await meanwhile()
          return store.find(...given)
        },
      }),
  })
  const { send } = moving
  const url = async (userName: string) => {
    const { body } = await send('POST', '/Users', userBody(userName, { title: 'x' }))
    return `/Users/${body.id}`
  }
  const [first, second] = [await url('first'), await url('second'), await url('third')]
  meanwhile = async () => {
    meanwhile = async () => {}
    await send('DELETE', first)
    await send('PATCH', second, patchBody({ op: 'remove', path: 'title' }))
  }
  const { body } = await send('GET', '/Users?filter=title%20pr&cursor')
  expect([namesIn(body), body.itemsPerPage, body.nextCursor]).toEqual([['third'], 1, undefined])
})

describe('a search that would look at too much is refused', () => {
  test.each([
    ['resources', 'filter=title%20pr', { of: 'users', document: {} }, scannedMax + 1],
    ['resources', 'sortBy=title', { of: 'users', document: {} }, scannedMax + 1],
    [
      'groups of theirs',
      'filter=groups.display%20pr',
      { of: 'users', document: {}, references: new Array(scannedReferencesMax + 1) },
      1,
    ],
  ] as const)('too many %s, by ?%s', async (_, query, stored, length) => {
    await using huge = await scimFixture({
      store: (store) =>
        storeWith(store, {
          scan: async function* () {
            yield sliceOf(stored, length)
          },
        }),
    })
    const { status, body } = await huge.send('GET', `/Users?${query}`)
    expect([status, body.scimType]).toEqual([400, 'tooMany'])
    expect(body.detail).toMatch(/add an eq on/)
  })
})
