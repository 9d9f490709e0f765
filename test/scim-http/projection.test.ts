import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterpriseUrn, groupBody, scimFixture } from './scim-fixture.ts'
import { type SearchedFixture, searchedFixture, storeWith } from './searched-fixture.ts'

let fixture: SearchedFixture
beforeAll(async () => {
  fixture = await searchedFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

describe('the attributes of an answer', () => {
  const keysOf = async (query: string) => {
    const { body } = await fixture.send('GET', `/Users/${fixture.ids.get('user01')}?${query}`)
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
        storeWith(store, {
          find: (...given) => {
            asked.push(given.at(-1))
            return store.find(...given)
          },
          get: (...given) => {
            asked.push(given.at(-1))
            return store.get(...given)
          },
        }),
    })
    const { body } = await watched.send('POST', '/Groups?attributes=displayName', groupBody('G'))
    for (const query of ['excludedAttributes=members', 'attributes=displayName', 'count=0']) {
      await watched.send('GET', `/Groups?${query}`)
      await watched.send('GET', `/Groups?${query}&sortBy=displayName`)
      if (query !== 'count=0') await watched.send('GET', `/Groups/${body.id}?${query}`)
    }
    expect(new Set(asked.map((options) => JSON.stringify(options)))).toEqual(
      new Set(['{"references":false}']),
    )
  })
})
