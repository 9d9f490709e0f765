import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { groupBody, type ScimFixture, scimFixture, userBody } from '../scim-http/scim-fixture.ts'

/** RFC 7644 §3.4.2.3 (sorting), §3.4.2.4 (paging), §3.4.3 (.search), and RFC 9865 (cursors). */

let fixture: ScimFixture
const names = ['cleo', 'Ann', 'eve', 'bob', 'dan']
beforeAll(async () => {
  fixture = await scimFixture()
  for (const [index, name] of names.entries()) {
    const title = index === 0 ? {} : { title: `T${9 - index}` }
    await fixture.send('POST', '/Users', userBody(name, title))
  }
  await fixture.send('POST', '/Groups', groupBody('Staff'))
})
afterAll(() => fixture[Symbol.asyncDispose]())

const search = async (query: string) => (await fixture.send('GET', `/Users?${query}`)).body
const named = (body: { Resources: { userName: string }[] }) =>
  body.Resources.map(({ userName }) => userName)

describe('RFC 7644 §3.4.2.4', () => {
  test('a startIndex below 1 is taken for 1', async () => {
    for (const startIndex of [0, -7]) {
      const body = await search(`startIndex=${startIndex}&count=1`)
      expect([body.startIndex, named(body)]).toEqual([1, ['cleo']])
    }
  })

  test('a count of 0, or a negative one, gives the total and no resources', async () => {
    for (const count of [0, -1]) {
      const body = await search(`count=${count}`)
      expect([body.totalResults, body.itemsPerPage, body.Resources]).toEqual([5, 0, []])
    }
  })

  test('beyond the end there is nothing, and the total stays true', async () => {
    const body = await search('startIndex=20')
    expect([body.totalResults, body.startIndex, body.itemsPerPage]).toEqual([5, 20, 0])
  })

  test('totalResults is of the whole query, itemsPerPage of this page', async () => {
    const filter = encodeURIComponent('title pr')
    const body = await search(`filter=${filter}&startIndex=2&count=2`)
    expect([body.totalResults, body.itemsPerPage, body.startIndex]).toEqual([4, 2, 2])
  })

  test('Okta: the order is the same whatever startIndex and count are', async () => {
    for (const count of [1, 2, 3]) {
      const all: string[] = []
      for (let startIndex = 1; startIndex <= names.length; startIndex += count) {
        all.push(...named(await search(`startIndex=${startIndex}&count=${count}`)))
      }
      expect(all).toEqual(names)
    }
  })

  test('what is no number is 400, and unknown parameters are ignored', async () => {
    expect((await fixture.send('GET', '/Users?count=ten')).status).toBe(400)
    expect((await search('page=2&aadOptscim062020&x=y')).totalResults).toBe(5)
  })

  test('Okta: the numbers are numbers', async () => {
    const { text } = await fixture.send('GET', '/Users?startIndex=1&count=2')
    expect(text).toMatch(/"totalResults":5,"itemsPerPage":2,"startIndex":1/)
  })
})

describe('RFC 7644 §3.4.2.3', () => {
  test('sortBy sorts ascending, without case where the attribute has none', async () => {
    expect(named(await search('sortBy=userName'))).toEqual(['Ann', 'bob', 'cleo', 'dan', 'eve'])
  })

  test('sortOrder turns it around', async () => {
    const body = await search('sortBy=userName&sortOrder=descending')
    expect(named(body)).toEqual(['eve', 'dan', 'cleo', 'bob', 'Ann'])
  })

  test('who has no value comes last ascending, and first descending', async () => {
    expect(named(await search('sortBy=title')).at(-1)).toBe('cleo')
    expect(named(await search('sortBy=title&sortOrder=descending'))[0]).toBe('cleo')
  })
})

describe('RFC 7644 §3.4.3', () => {
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:SearchRequest']
  test.each(['/Users/.search', '/.search'])('POST %s asks in the body', async (path) => {
    const sent = { schemas, filter: 'userName sw "a"', sortBy: 'userName', count: 10 }
    const { status, body } = await fixture.send('POST', path, sent)
    expect([status, named(body)]).toEqual([200, ['Ann']])
  })

  test('POST /.search at the root finds users and groups', async () => {
    const { body } = await fixture.send('POST', '/.search', { schemas, filter: 'meta.created pr' })
    expect(body.totalResults).toBe(6)
  })
})

describe('RFC 9865', () => {
  test('§2.1: an empty cursor is the first page, and the last has no nextCursor', async () => {
    const seen: string[] = []
    let cursor: string | undefined = ''
    for (let pages = 0; cursor !== undefined && pages < 10; pages += 1) {
      const body: { nextCursor?: string; Resources: { userName: string }[] } = await search(
        `cursor=${cursor}&count=2`,
      )
      seen.push(...named(body))
      // §2: unreserved characters alone, so that it stands in a URL as it is.
      expect(body.nextCursor ?? '').toMatch(/^[A-Za-z0-9._~-]*$/)
      cursor = body.nextCursor
    }
    expect(seen).toEqual(names)
  })

  test.each([
    ['a cursor of nobody', 'cursor=made-up', 'invalidCursor'],
    ['a count above the largest page', 'cursor=&count=201', 'invalidCount'],
  ])('table 3: %s is 400', async (_, query, scimType) => {
    const { status, body } = await fixture.send('GET', `/Users?${query}`)
    expect([status, body.scimType]).toEqual([400, scimType])
  })

  test('§4: ServiceProviderConfig tells both ways of paging', async () => {
    const { body } = await fixture.send('GET', '/ServiceProviderConfig')
    expect(body.pagination).toMatchObject({
      cursor: true,
      index: true,
      defaultPaginationMethod: 'index',
      defaultPageSize: 100,
      maxPageSize: 200,
    })
    expect(body.sort).toEqual({ supported: true })
  })
})
