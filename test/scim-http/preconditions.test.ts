import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patchBody, type ScimFixture, scimFixture, userBody } from './scim-fixture.ts'

/** RFC 9110 §13 and RFC 7644 §3.14. */

let fixture: ScimFixture
beforeAll(async () => {
  fixture = await scimFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

let count = 0
async function newUser(): Promise<{ url: string; etag: string; body: unknown }> {
  count += 1
  const { body, headers } = await fixture.send('POST', '/Users', userBody(`user${count}`))
  return { url: `/Users/${body.id}`, etag: headers.get('etag')!, body }
}

/** The tags of a header; `<now>` is the present one, `<strong>` it without its `W/`. */
const tags = (header: string, etag: string) =>
  header.replace('<now>', etag).replace('<strong>', etag.slice(2))

describe('a GET', () => {
  test.each([
    [{ 'if-match': '<now>' }, 200],
    [{ 'if-match': '<strong>' }, 200],
    [{ 'if-match': 'W/"0", <now>' }, 200],
    [{ 'if-match': '*' }, 200],
    [{ 'if-match': 'W/"0"' }, 412],
    [{ 'if-none-match': '<now>' }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': 'W/"0"' }, 200],
    // RFC 9110 §13.2.2: If-Match is looked at first.
    [{ 'if-match': 'W/"0"', 'if-none-match': '<now>' }, 412],
    [{ 'if-match': '<now>', 'if-none-match': '<now>' }, 304],
  ])('with %j is %d', async (headers, expected) => {
    const { url, etag } = await newUser()
    const sent = Object.fromEntries(
      Object.entries(headers).map(([name, header]) => [name, tags(header, etag)]),
    )
    const { status, body } = await fixture.send('GET', url, undefined, sent)
    expect(status).toBe(expected)
    if (expected === 412) expect(body.detail).toContain(etag)
  })
})

describe.each([
  ['PUT', userBody('put', { title: 'x' }), 200],
  ['PATCH', patchBody({ op: 'replace', path: 'title', value: 'x' }), 200],
  ['DELETE', undefined, 204],
] as const)('a %s', (method, change, done) => {
  test.each([
    [{ 'if-match': '<now>' }, true],
    [{ 'if-match': '*' }, true],
    [{ 'if-match': 'W/"0"' }, false],
    [{ 'if-none-match': 'W/"0"' }, true],
    [{ 'if-none-match': '<now>' }, false],
    [{ 'if-none-match': '<strong>' }, false],
    [{ 'if-none-match': '*' }, false],
    [{ 'if-match': '<now>', 'if-none-match': '*' }, false],
  ])('with %j is done: %s; else it is a 412 that changes nothing', async (headers, isDone) => {
    const { url, etag, body } = await newUser()
    const sent = Object.fromEntries(
      Object.entries(headers).map(([name, header]) => [name, tags(header, etag)]),
    )
    const reply = await fixture.send(method, url, change && { ...change, userName: url }, sent)
    expect(reply.status).toBe(isDone ? done : 412)
    if (!isDone) expect((await fixture.send('GET', url)).body).toEqual(body)
  })
})

// RFC 9110 §13.2.1: conditions are ignored where the answer without them would be an error.
test('a condition on what is not there is a 404', async () => {
  const nobody = '/Users/00000000-0000-4000-8000-000000000000'
  for (const headers of [{ 'if-match': '*' }, { 'if-none-match': '*' }]) {
    expect((await fixture.send('GET', nobody, undefined, headers)).status).toBe(404)
    expect((await fixture.send('DELETE', nobody, undefined, headers)).status).toBe(404)
  }
})
