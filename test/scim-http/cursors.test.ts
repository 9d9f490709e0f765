import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { request } from './scim-fixture.ts'
import { namesIn, type SearchedFixture, searchedFixture, searchUrn } from './searched-fixture.ts'

/** RFC 9865. */

let fixture: SearchedFixture
beforeAll(async () => {
  fixture = await searchedFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

const everybody = Array.from(
  { length: 30 },
  (_, index) => `user${String(index).padStart(2, '0')}@acme.example`,
)

/** The names on all pages, in order. */
async function walk(query: string, path = '/Users'): Promise<unknown[]> {
  const names: unknown[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const { status, body } = await fixture.send('GET', `${path}?${query}&cursor=${cursor}`)
    expect(status).toBe(200)
    names.push(...namesIn(body))
    cursor = body.nextCursor
  }
  return names
}

async function firstCursor(query: string): Promise<string> {
  return (await fixture.send('GET', `/Users?cursor&${query}`)).body.nextCursor
}

describe('a page by cursor', () => {
  test('is the first one for an empty cursor, and says where the next begins', async () => {
    const { status, body } = await fixture.send('GET', '/Users?cursor&count=10')
    expect(status).toBe(200)
    expect(body).toMatchObject({ totalResults: 30, itemsPerPage: 10 })
    expect(body.nextCursor).toMatch(/^[A-Za-z0-9._~-]+$/)
    expect(Object.keys(body)).not.toContain('startIndex')
    expect(Object.keys(body)).not.toContain('previousCursor')
  })

  test.each([
    ['count=7', everybody],
    ['count=10', everybody],
    ['count=7&filter=userName%20sw%20%22user%22', everybody],
    ['count=7&sortBy=userName&sortOrder=descending', everybody.toReversed()],
    ['count=7&sortBy=name.familyName&sortOrder=descending', everybody.toReversed()],
    ['count=4&sortBy=title', everybody],
    [
      'count=2&filter=active%20eq%20true&sortBy=userName',
      everybody.filter((_, index) => index % 2 === 0),
    ],
    ['count=5&filter=externalId%20eq%20%22Ext0%22', everybody.filter((_, at) => at % 3 === 0)],
    ['count=5&filter=title%20pr', []],
  ])('leads to the next one until everybody has been shown: ?%s', async (query, names) => {
    expect(await walk(query)).toEqual(names)
  })

  test('has no next one where it is exactly full', async () => {
    expect((await fixture.send('GET', '/Users?cursor=&count=30')).body.nextCursor).toBeUndefined()
  })

  test('of count 0, or fewer, has the total alone', async () => {
    for (const count of [0, -3]) {
      const { body } = await fixture.send('GET', `/Users?cursor&count=${count}`)
      expect(body).toMatchObject({ totalResults: 30, itemsPerPage: 0, Resources: [] })
      expect(Object.keys(body)).not.toContain('nextCursor')
    }
  })

  test('is asked for by POST as well', async () => {
    const search = { schemas: [searchUrn], count: 20, filter: 'active pr', attributes: ['active'] }
    const post = async (cursor: string) =>
      (await fixture.send('POST', '/Users/.search', { ...search, cursor })).body
    const first = await post('')
    const second = await post(first.nextCursor)
    expect([first.itemsPerPage, second.itemsPerPage]).toEqual([20, 10])
    expect(second.nextCursor).toBeUndefined()
  })

  test('may be asked for with startIndex 1, which says nothing else', async () => {
    expect((await fixture.send('GET', '/Users?cursor&startIndex=1')).status).toBe(200)
    const { status, body } = await fixture.send('GET', '/Users?cursor&startIndex=2')
    expect([status, body.scimType]).toEqual([400, 'invalidValue'])
  })

  test('is of the same query whatever the case of its names and its other parameters', async () => {
    const cursor = await firstCursor('count=10&filter=userName%20sw%20%22u%22&sortBy=userName')
    const same = 'count=10&filter=username%20SW%20%22u%22&sortBy=USERNAME&attributes=userName'
    expect((await fixture.send('GET', `/Users?${same}&cursor=${cursor}`)).status).toBe(200)
  })
})

describe('a cursor', () => {
  const query = 'count=10&filter=active%20pr&sortBy=title'

  test.each([
    ['another filter', '/Users?count=10&filter=title%20pr&sortBy=title'],
    ['a filter of another value', '/Users?count=10&filter=active%20eq%20true&sortBy=title'],
    ['no filter', '/Users?count=10&sortBy=title'],
    ['another order', `/Users?${query}&sortOrder=descending`],
    ['no order', '/Users?count=10&filter=active%20pr'],
    ['another resource type', '/Groups?count=10&filter=displayName%20pr&sortBy=externalId'],
    ['all resource types', `/?${query}`],
  ])('of one query is refused for %s', async (_, url) => {
    const cursor = await firstCursor(query)
    const { status, body } = await fixture.send('GET', `${url}&cursor=${cursor}`)
    expect([status, body.scimType]).toEqual([400, 'invalidCursor'])
    expect(body.detail).toMatch(/an empty one/)
  })

  test('of one directory is refused in another', async () => {
    const cursor = await firstCursor('count=10')
    const url = `${fixture.url}/scim/okta/v2/Users?count=10&cursor=${cursor}`
    const headers = { authorization: `Bearer ${fixture.oktaToken}` }
    const { status, body } = await request('GET', url, undefined, headers)
    expect([status, body.scimType]).toEqual([400, 'invalidCursor'])
  })

  test('that was changed in any one place is refused', async () => {
    const cursor = await firstCursor('count=10')
    for (let at = 0; at < cursor.length; at += 1) {
      const other = cursor[at] === 'A' ? 'B' : 'A'
      const changed = `${cursor.slice(0, at)}${other}${cursor.slice(at + 1)}`
      const { status, body } = await fixture.send('GET', `/Users?count=10&cursor=${changed}`)
      expect([status, body.scimType]).toEqual([400, 'invalidCursor'])
    }
  })

  test.each(['=', '.', '%20', 'A'])('with %s behind it is refused', async (more) => {
    const cursor = await firstCursor('count=10')
    const { status, body } = await fixture.send('GET', `/Users?count=10&cursor=${cursor}${more}`)
    expect([status, body.scimType]).toEqual([400, 'invalidCursor'])
  })

  test.each(['x', '%00', 'e30', '*', '__proto__', 'A'.repeat(9_000)])(
    'that was made up is refused: %.20s',
    async (cursor) => {
      const { status, body } = await fixture.send('GET', `/Users?count=10&cursor=${cursor}`)
      expect([status, body.scimType]).toEqual([400, 'invalidCursor'])
    },
  )

  test.each([
    'null',
    'no JSON',
    '{}',
    '[10,0,"1"]',
    '[10,0,-1]',
    '[10,7,1]',
    '[10,"constructor",1]',
    '[10,0,1,{}]',
  ])('whose digest was made up along with %s is refused', async (payload) => {
    const bound = JSON.stringify(['entra', ['users'], null, null])
    const hash = createHash('sha256').update(bound).update(payload).digest().subarray(0, 12)
    const cursor = Buffer.concat([hash, Buffer.from(payload)]).toString('base64url')
    const { status, body } = await fixture.send('GET', `/Users?count=10&cursor=${cursor}`)
    expect([status, body.scimType]).toEqual([400, 'invalidCursor'])
  })

  test('that is no text is refused', async () => {
    const search = { schemas: [searchUrn], cursor: 5 }
    const { status, body } = await fixture.send('POST', '/Users/.search', search)
    expect([status, body.scimType]).toEqual([400, 'invalidCursor'])
  })

  test.each([
    ['another count', 'count=11', /must stay 10/],
    ['no count', '', /must stay 10/],
    ['more than a page may have', 'count=201', /at most 200/],
    ['what is no number', 'count=ten', /whole number/],
  ])('with %s is a 400 invalidCount', async (_, count, detail) => {
    const cursor = await firstCursor('count=10')
    const { status, body } = await fixture.send('GET', `/Users?${count}&cursor=${cursor}`)
    expect([status, body.scimType]).toEqual([400, 'invalidCount'])
    expect(body.detail).toMatch(detail)
  })

  test('outlives the server that gave it', async () => {
    const cursor = await firstCursor('count=10')
    await using other = await searchedFixture()
    const { status, body } = await other.send('GET', `/Users?count=10&cursor=${cursor}`)
    expect([status, namesIn(body)]).toEqual([200, everybody.slice(10, 20)])
  })

  test('at a name too long for a URL says to page by index', async () => {
    await using other = await searchedFixture()
    const user = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'] }
    await other.send('POST', '/Users', { ...user, userName: 'a'.repeat(5_000) })
    const { status, body } = await other.send('GET', '/Users?cursor&count=1&sortBy=userName')
    expect([status, body.scimType]).toEqual([400, 'invalidValue'])
    expect(body.detail).toMatch(/`startIndex`/)
    expect((await other.send('GET', '/Users?cursor&count=1&sortBy=displayName')).status).toBe(200)
  })
})
