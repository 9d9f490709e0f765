import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { groupBody } from './scim-fixture.ts'
import {
  namesIn,
  type SearchedFixture,
  searchedFixture,
  searchUrn,
  storeWithPagesOf,
} from './searched-fixture.ts'

let fixture: SearchedFixture
beforeAll(async () => {
  fixture = await searchedFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

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
    ['startIndex=1000000000&sortBy=userName', 1_000_000_000, 0],
    ['sortBy=__proto__&sortOrder=sideways', 1, 30],
  ])('with ?%s starts at %d and has %d', async (query, startIndex, itemsPerPage) => {
    const { status, body } = await fixture.send('GET', `/Users?${query}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ totalResults: 30, startIndex, itemsPerPage })
    expect(body.Resources).toHaveLength(itemsPerPage)
    expect(Object.keys(body)).not.toContain('nextCursor')
  })

  test.each(['startIndex=first', 'count=1.5', 'count=many'])(
    'is refused where its bounds are no whole numbers: ?%s',
    async (query) => {
      const { status, body } = await fixture.send('GET', `/Users?${query}`)
      expect([status, body.scimType]).toEqual([400, 'invalidValue'])
    },
  )

  test('follows the one before, with a filter and without', async () => {
    for (const filter of ['', `&filter=${encodeURIComponent('userName sw "user"')}`]) {
      const names: unknown[] = []
      for (let startIndex = 1; startIndex <= 30; startIndex += 7) {
        const query = `startIndex=${startIndex}&count=7${filter}`
        names.push(...namesIn((await fixture.send('GET', `/Users?${query}`)).body))
      }
      expect(names).toEqual([...names].toSorted())
      expect(new Set(names).size).toBe(30)
    }
  })

  test('is asked for by POST as well', async () => {
    const search = {
      ...{ schemas: [searchUrn], filter: 'active eq true', count: 2 },
      ...{ sortBy: 'userName', sortOrder: 'descending', attributes: ['userName'] },
    }
    const { status, body } = await fixture.send('POST', '/Users/.search', search)
    expect([status, body.totalResults, body.itemsPerPage]).toEqual([200, 15, 2])
    expect(Object.keys(body.Resources[0]).toSorted()).toEqual(['id', 'schemas', 'userName'])
    expect(namesIn(body)).toEqual(['user28@acme.example', 'user26@acme.example'])
    expect((await fixture.send('POST', '/Users/.search', {})).status).toBe(400)
  })
})

describe('a page of groups with more members than a page may hold', () => {
  let small: SearchedFixture
  beforeAll(async () => {
    small = await searchedFixture({ store: storeWithPagesOf(4) })
    const users = [...small.ids.values()].slice(0, 9)
    for (const [name, size] of [
      ['Two', 2],
      ['Nine', 9],
      ['One', 1],
    ] as const) {
      await small.send('POST', '/Groups', groupBody(name, users.slice(0, size)))
    }
  })
  afterAll(() => small[Symbol.asyncDispose]())

  test.each(['', 'sortBy=displayName', 'sortBy=externalId', 'filter=displayName%20pr'])(
    'is refused as a whole by index, and says what to ask for: ?%s',
    async (query) => {
      const { status, body } = await small.send('GET', `/Groups?${query}`)
      expect([status, body.scimType]).toEqual([400, 'tooMany'])
      expect(body.detail).toMatch(/`count`.*`excludedAttributes=members`.*`cursor`/)
    },
  )

  test.each([
    ['excludedAttributes=members', ['Team', 'Two', 'Nine', 'One']],
    ['excludedAttributes=members&filter=members%20pr', ['Team', 'Two', 'Nine', 'One']],
    ['count=2', ['Team', 'Two']],
    ['startIndex=3&count=1', ['Nine']],
    ['filter=displayName%20eq%20%22nine%22', ['Nine']],
  ])('is whole where it holds fewer, or one group: ?%s', async (query, names) => {
    expect(namesIn((await small.send('GET', `/Groups?${query}`)).body)).toEqual(names)
  })

  test.each([
    ['', [['Team', 'Two'], ['Nine'], ['One']]],
    ['&sortBy=displayName', [['Nine'], ['One', 'Team', 'Two']]],
    ['&sortBy=externalId', [['Team', 'Two'], ['Nine'], ['One']]],
    ['&filter=displayName%20pr', [['Team', 'Two'], ['Nine'], ['One']]],
  ])('ends early by cursor and goes on where it ended: ?cursor%s', async (query, pages) => {
    const seen: unknown[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const { body } = await small.send('GET', `/Groups?cursor=${cursor}${query}`)
      seen.push(namesIn(body))
      expect(body.totalResults).toBe(4)
      cursor = body.nextCursor
    }
    expect(seen).toEqual(pages)
  })

  test('one group read alone is whole', async () => {
    const { body } = await small.send('GET', '/Groups?filter=displayName%20eq%20%22nine%22')
    expect((await small.send('GET', `/Groups/${body.Resources[0].id}`)).body.members).toHaveLength(
      9,
    )
  })
})
