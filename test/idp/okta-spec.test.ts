import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  errorUrn,
  type Json,
  patchBody,
  type ScimFixture,
  scimFixture,
  userUrn,
} from '../scim-http/scim-fixture.ts'
import { eq, listOf } from './cycle.ts'

/**
 * Okta's "SCIM 2.0 SPEC test", which every integration must pass before it is published, request by
 * request. It wants one user to be there before it begins.
 */
let fixture: ScimFixture
let first: Json & { id: string; userName: string }
beforeAll(async () => {
  fixture = await scimFixture()
  const seeded = await fixture.send('POST', '/Users', person('seeded@okta.acme.example'))
  first = seeded.body
})
afterAll(() => fixture[Symbol.asyncDispose]())

const get = (path: string, headers?: Json) => fixture.send('GET', path, undefined, headers)
const named = (userName: string) => get(`/Users?filter=${eq('userName', userName)}`)
function person(userName: string): Json {
  return {
    schemas: [userUrn],
    userName,
    name: { familyName: 'Runscope', givenName: 'Okta' },
    emails: [{ primary: true, value: userName, type: 'work' }],
    displayName: 'Okta Runscope',
    active: true,
  }
}

test('1: the first listed user has a name, a userName, an e-mail, and active is not empty', async () => {
  const { status, body } = await get('/Users?count=1&startIndex=1')
  expect([status, body.schemas]).toEqual([200, listOf(1).schemas])
  expect([body.itemsPerPage, body.startIndex, body.totalResults]).toEqual([1, 1, 1])
  const name = { familyName: expect.any(String), givenName: expect.any(String) }
  expect(body.Resources[0]).toMatchObject({
    id: expect.any(String),
    name,
    userName: expect.any(String),
    active: true,
    emails: [{ value: expect.any(String) }],
  })
})

test('2: that user is read by its id', async () => {
  const { status, body } = await get(`/Users/${first.id}`)
  expect([status, body]).toEqual([200, first])
})

test('3: a userName that nobody has finds nobody, with 200', async () => {
  const { status, body } = await named('abcdefgh@atko.com')
  expect([status, body]).toMatchObject([200, { ...listOf(0) }])
})

test('4: an id that nobody has is a 404 with a detail', async () => {
  const { status, body } = await get('/Users/010101001010101011001010101011')
  expect([status, body]).toEqual([
    404,
    { schemas: [errorUrn], status: '404', detail: expect.stringMatching(/./) },
  ])
})

test('5 to 9: a user is created, read, found in any case, and refused a second time', async () => {
  const userName = 'Runscope300Abc@okta.acme.example'
  const { status, body } = await fixture.send('POST', '/Users', person(userName))
  expect([status, body]).toMatchObject([201, person(userName)])
  expect((await get(`/Users/${body.id}`)).body).toEqual(body)
  const again = await fixture.send('POST', '/Users', person(userName))
  expect([again.status, again.body]).toEqual([
    409,
    { schemas: [errorUrn], status: '409', scimType: 'uniqueness', detail: expect.any(String) },
  ])
  for (const name of [userName, userName.toUpperCase(), userName.toLowerCase()]) {
    expect((await named(name)).body.Resources).toMatchObject([{ id: body.id }])
  }
})

test('10: groups are listed', async () => {
  const { status, body } = await get('/Groups')
  expect([status, body.schemas]).toEqual([200, listOf(0).schemas])
})

test.each(['non-token', 'Bearer non-token', 'Basic bm9uLXRva2Vu'])(
  '11: "%s" is a 401 with a schema, a status and a detail',
  async (authorization) => {
    const { status, body } = await get('/Users/00919288221112222', { authorization })
    expect([status, body]).toEqual([
      401,
      { schemas: [errorUrn], status: '401', detail: expect.stringMatching(/./) },
    ])
  },
)

test('12: an unknown id with a token is a 404', async () => {
  expect((await get('/Users/00919288221112222')).status).toBe(404)
})

test('a password that is synchronised is accepted, changes nothing and comes back to nobody', async () => {
  const operation = { op: 'replace', value: { password: 'new-Secret-1' } }
  const { status, text, body } = await fixture.send(
    'PATCH',
    `/Users/${first.id}`,
    patchBody(operation),
  )
  expect([status, body]).toEqual([200, first])
  expect(text).not.toContain('new-Secret-1')
})

test('an import reads the same order whatever the size of its pages, inactive users too', async () => {
  const names = Array.from({ length: 12 }, (_, at) => `import${(at * 7) % 12}@okta.acme.example`)
  for (const name of names) {
    await fixture.send('POST', '/Users', { ...person(name), active: name.length % 2 === 0 })
  }
  const { totalResults } = (await get('/Users?count=1')).body
  const orders = new Set<string>()
  for (const count of [1, 5, 100, 200]) {
    const read: string[] = []
    while (read.length < totalResults) {
      const { body } = await get(`/Users?startIndex=${read.length + 1}&count=${count}`)
      expect(typeof body.itemsPerPage).toBe('number')
      read.push(...body.Resources.map(({ userName }: { userName: string }) => userName))
    }
    orders.add(read.join())
  }
  expect([...orders]).toHaveLength(1)
  expect([...orders][0]?.split(',')).toHaveLength(totalResults)
})
