import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scannedMax } from '../../src/scim/search.ts'
import {
  enterpriseUrn,
  groupBody,
  type ScimFixture,
  scimFixture,
  userBody,
} from './scim-fixture.ts'

let fixture: ScimFixture
const ids = new Map<string, string>()
beforeAll(async () => {
  fixture = await scimFixture()
  const { send } = fixture
  for (let index = 0; index < 30; index += 1) {
    const name = `user${String(index).padStart(2, '0')}`
    const { body } = await send('POST', '/Users', {
      ...userBody(`${name}@acme.example`),
      externalId: `Ext${index % 3}`,
      active: index % 2 === 0,
      name: { givenName: 'Given', familyName: name },
      emails: [
        { value: `${name}@work.example`, type: 'work' },
        { value: `${name}@home.example`, type: 'home', primary: true },
      ],
      [enterpriseUrn]: { department: index < 5 ? 'IT' : 'Sales', costCenter: '1' },
    })
    ids.set(name, body.id)
  }
  const { body } = await send('POST', '/Groups', groupBody('Team', [ids.get('user01')!]))
  ids.set('Team', body.id)
})
afterAll(() => fixture[Symbol.asyncDispose]())

async function total(path: string, filter: string): Promise<number | string> {
  const { body } = await fixture.send('GET', `${path}?filter=${encodeURIComponent(filter)}`)
  return body.totalResults ?? `${body.status} ${body.scimType}`
}
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
    ['title pr', 0],
    ['meta.resourceType eq "User"', 30],
    ['meta.lastModified gt "2020-01-01T00:00:00Z"', 30],
    ['groups.value eq "<Team>"', 1],
    ['userName gt "user27" or userName eq "user00@acme.example"', 4],
    ['password eq "x"', '400 invalidFilter'],
    ['shoeSize eq 43', '400 invalidFilter'],
    ['active gt true', '400 invalidFilter'],
    ['userName eq', '400 invalidFilter'],
    [`${'('.repeat(5_000)}title pr`, '400 invalidFilter'],
    ['__proto__ eq "x"', '400 invalidFilter'],
    ['constructor.prototype eq "x"', '400 invalidFilter'],
  ])('on users, %s, finds %s', async (filter, expected) => {
    expect(await total('/Users', named(filter))).toBe(expected)
  })

  test.each([
    ['displayName eq "TEAM"', 1],
    ['members eq "<user01>"', 1],
    ['members.value eq "<user02>"', 0],
    ['id eq "<Team>" and members eq "<user01>"', 1],
    ['id eq "<Team>" and members eq "<user02>"', 0],
    ['members[value eq "<user01>"]', 1],
    ['members[value eq "<user01>" and type eq "Group"]', 0],
    ['displayName eq "Team" and members eq "<user01>"', 1],
    ['displayName eq "Other" and members eq "<user01>"', 0],
  ])('on groups, %s, finds %s', async (filter, expected) => {
    expect(await total('/Groups', named(filter))).toBe(expected)
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

describe('a page', () => {
  test.each([
    ['', 1, 30],
    ['startIndex=1&count=2', 1, 2],
    ['startIndex=20', 20, 11],
    ['startIndex=-5&count=3', 1, 3],
    ['startIndex=0&count=3', 1, 3],
    ['count=0', 1, 0],
    ['count=-1', 1, 0],
    ['startIndex=31', 31, 0],
    ['startIndex=1000000000&count=1000000000', 1_000_000_000, 0],
    ['sortBy=__proto__&sortOrder=sideways', 1, 30],
  ])('with ?%s starts at %d and has %d', async (query, startIndex, itemsPerPage) => {
    const { status, body } = await fixture.send('GET', `/Users?${query}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ totalResults: 30, startIndex, itemsPerPage })
    expect(body.Resources).toHaveLength(itemsPerPage)
  })

  test('is refused where its bounds are no numbers', async () => {
    const { status, body } = await fixture.send('GET', '/Users?startIndex=first')
    expect([status, body.scimType]).toEqual([400, 'invalidValue'])
  })

  test('follows the one before, with a filter and without', async () => {
    for (const filter of ['', `&filter=${encodeURIComponent('userName sw "user"')}`]) {
      const names: string[] = []
      for (let startIndex = 1; startIndex <= 30; startIndex += 7) {
        const { body } = await fixture.send(
          'GET',
          `/Users?startIndex=${startIndex}&count=7${filter}`,
        )
        names.push(...body.Resources.map((user: { userName: string }) => user.userName))
      }
      expect(names).toEqual([...names].toSorted())
      expect(new Set(names).size).toBe(30)
    }
  })

  test('is asked for by POST as well', async () => {
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:SearchRequest']
    const search = { schemas, filter: 'active eq true', count: 2, attributes: ['userName'] }
    const { status, body } = await fixture.send('POST', '/Users/.search', search)
    expect([status, body.totalResults, body.itemsPerPage]).toEqual([200, 15, 2])
    expect(Object.keys(body.Resources[0]).toSorted()).toEqual(['id', 'schemas', 'userName'])
    expect((await fixture.send('POST', '/Users/.search', {})).status).toBe(400)
  })
})

test('a search that would look at everybody in a huge directory is refused', async () => {
  await using huge = await scimFixture({
    store: (store) =>
      ({
        ...Object.fromEntries(
          (['commit', 'barrier', 'position', 'get', 'find', 'counts'] as const).map((name) => [
            name,
            (store[name] as (...given: unknown[]) => unknown).bind(store),
          ]),
        ),
        credentials: store.credentials,
        scan: async function* () {
          const slice = new Array(scannedMax + 1)
          yield slice
        },
      }) as unknown as typeof store,
  })
  const { status, body } = await huge.send('GET', '/Users?filter=title%20pr')
  expect([status, body.scimType]).toEqual([400, 'tooMany'])
})

describe('the attributes of an answer', () => {
  const keysOf = async (query: string) => {
    const { body } = await fixture.send('GET', `/Users/${ids.get('user01')}?${query}`)
    return body
  }
  test.each([
    ['attributes=userName', ['id', 'schemas', 'userName']],
    ['attributes=USERNAME,nothing,__proto__', ['id', 'schemas', 'userName']],
    ['attributes=nothing', ['id', 'schemas']],
    ['attributes=meta', ['id', 'meta', 'schemas']],
    [`attributes=${enterpriseUrn}`, ['id', 'schemas', enterpriseUrn]],
    [`attributes=${enterpriseUrn}:department`, ['id', 'schemas', enterpriseUrn]],
    [
      'excludedAttributes=id,schemas,name,emails,meta,groups',
      ['active', 'externalId', 'id', 'schemas', enterpriseUrn, 'userName'],
    ],
  ])('with ?%s are %s', async (query, expected) => {
    expect(Object.keys(await keysOf(query)).toSorted()).toEqual(expected.toSorted())
  })

  test('reach into complex values, lists and extensions', async () => {
    expect((await keysOf('attributes=name.givenName')).name).toEqual({ givenName: 'Given' })
    const { emails } = await keysOf('attributes=emails.type')
    expect(emails).toEqual([{ type: 'work' }, { type: 'home' }])
    expect((await keysOf(`attributes=${enterpriseUrn}:department`))[enterpriseUrn]).toEqual({
      department: 'IT',
    })
    const rest = await keysOf(
      `excludedAttributes=name.givenName,${enterpriseUrn}:department,emails.value`,
    )
    expect(rest.name).toEqual({ familyName: 'user01' })
    expect(rest[enterpriseUrn]).toEqual({ costCenter: '1' })
    expect(rest.emails[0]).toEqual({ type: 'work' })
  })

  test('without members leave them unread', async () => {
    const asked: unknown[] = []
    await using watched = await scimFixture({
      store: (store) =>
        new Proxy(store, {
          get: (target, name) => {
            const value = Reflect.get(target, name, target) as unknown
            if (typeof value !== 'function') return value
            return (...given: unknown[]) => {
              if (name === 'find' || name === 'get') asked.push(given.at(-1))
              return value.apply(target, given)
            }
          },
        }),
    })
    const { body } = await watched.send('POST', '/Groups?attributes=displayName', groupBody('G'))
    for (const query of ['excludedAttributes=members', 'attributes=displayName', 'count=0']) {
      await watched.send('GET', `/Groups?${query}`)
      if (query !== 'count=0') await watched.send('GET', `/Groups/${body.id}?${query}`)
    }
    expect(new Set(asked.map((options) => JSON.stringify(options)))).toEqual(
      new Set(['{"references":false}']),
    )
  })
})
