import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { faultOfShape } from '../../src/std/json-shape.ts'
import {
  groupBody,
  patchBody,
  type ScimFixture,
  scimFixture,
  userBody,
  userUrn,
} from './scim-fixture.ts'

let fixture: ScimFixture
beforeAll(async () => {
  fixture = await scimFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

describe('a body', () => {
  test.each([
    ['no body', '', 400, 'invalidSyntax'],
    ['no JSON', '{"a":', 400, 'invalidSyntax'],
    ['NaN', '{"schemas":NaN}', 400, 'invalidSyntax'],
    ['a list', '[]', 400, 'invalidSyntax'],
    ['a string', '"x"', 400, 'invalidSyntax'],
    ['null', 'null', 400, 'invalidSyntax'],
    ['no schemas', '{"userName":"x"}', 400, 'invalidSyntax'],
    ['other schemas', '{"schemas":["urn:x"],"userName":"x"}', 400, 'invalidSyntax'],
    [
      '`__proto__`',
      `{"schemas":["${userUrn}"],"userName":"x","__proto__":{"a":1}}`,
      400,
      'invalidSyntax',
    ],
    [
      '`__proto__` escaped',
      `{"schemas":["${userUrn}"],"userName":"x","\\u005f_proto__":{}}`,
      400,
      'invalidSyntax',
    ],
    ['constructor.prototype', '{"constructor":{"prototype":{"a":1}}}', 400, 'invalidSyntax'],
    ['33 levels', `{"schemas":${deep(32)}}`, 400, 'invalidSyntax'],
    ['500,000 levels', deep(500_000), 400, 'invalidSyntax'],
    ['140,000 names', `{${'"a":1,'.repeat(140_000)}"b":1}`, 400, 'invalidSyntax'],
    ['500,000 open brackets', '['.repeat(500_000), 400, 'invalidSyntax'],
    ['a number as userName', `{"schemas":["${userUrn}"],"userName":42}`, 400, 'invalidValue'],
    ['no userName', `{"schemas":["${userUrn}"]}`, 400, 'invalidValue'],
    ['half a character', `{"schemas":["${userUrn}"],"userName":"\\ud800"}`, 400, 'invalidValue'],
  ])('that is %s is refused', async (_, body, status, scimType) => {
    const answer = await fixture.send('POST', '/Users', body)
    expect([answer.status, answer.body.scimType]).toEqual([status, scimType])
    expect(answer.headers.get('content-type')).toBe('application/scim+json')
  })

  test('counts a name that stands twice as it stands last', async () => {
    const body = `\ufeff{"schemas":["${userUrn}"],"userName":"first@x","username":"last@x"}`
    const { status, body: user } = await fixture.send('POST', '/Users', body)
    expect([status, user.userName]).toEqual([201, 'last@x'])
  })

  test('of bytes that are no UTF-8 is refused', async () => {
    const { token, base } = fixture
    const answer = await fetch(`${base}/Users`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    })
    expect(answer.status).toBe(400)
  })

  test.each([
    ['text/plain', 415],
    ['application/xml', 415],
    ['application/scim+jsonx', 415],
    ['application/json, text/plain', 415],
    ['application/json', 201],
    ['application/scim+json; charset=utf-8', 201],
    ['APPLICATION/SCIM+JSON', 201],
  ])('of type %s is answered with %d', async (type, status) => {
    const body = userBody(`${type}@acme.example`)
    const answer = await fixture.send('POST', '/Users', body, { 'content-type': type })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/scim+json')
  })

  test('that is compressed is refused', async () => {
    const encoding = { 'content-encoding': 'gzip' }
    const answer = await fixture.send('POST', '/Users', userBody('gz@acme.example'), encoding)
    expect(answer.status).toBe(415)
  })

  test('of 17 MB is refused, one of 9 MB is a group of 100,000 members', async () => {
    const { send } = fixture
    const tooLarge = await send('POST', '/Users', userBody('a'.repeat(17_000_000)))
    expect(tooLarge.status).toBe(413)
    const members = Array.from({ length: 100_000 }, (_, index) => ({
      value: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      display: `Member number ${index}`,
    }))
    const large = { ...groupBody('Everybody'), members }
    const { status, body } = await send('POST', '/Groups?excludedAttributes=members', large)
    expect(status).toBe(201)
    const one = patchBody({ op: 'remove', path: 'members', value: [members[0]] })
    const patched = await send('PATCH', `/Groups/${body.id}`, one)
    expect([patched.status, patched.text]).toEqual([204, ''])
    expect((await send('DELETE', `/Groups/${body.id}`)).status).toBe(204)
  })

  test('of a user is refused beyond 1 MiB', async () => {
    const { send } = fixture
    const large = userBody('large@x', { password: 'x'.repeat(1_100_000) })
    const { status, body } = await send('POST', '/Users', large)
    expect([status, body.detail]).toEqual([413, expect.stringContaining('1 MiB for a user')])
    expect((await send('PUT', '/Users/x', large)).status).toBe(413)
  })

  test.each(['PUT', 'PATCH'])(
    'that is missing is refused for %s, and nothing changes',
    async (method) => {
      const { send } = fixture
      const { body: user } = await send('POST', '/Users', userBody(`none${method}@acme.example`))
      for (const body of [undefined, '', '{}', 'null', '[]']) {
        const { status, body: error } = await send(method, `/Users/${user.id}`, body)
        expect([body, status, error.scimType]).toEqual([body, 400, 'invalidSyntax'])
      }
      expect((await send('GET', `/Users/${user.id}`)).body).toEqual(user)
    },
  )

  test.each<[string, readonly string[], string, RegExp]>([
    [
      'shorter than Content-Length says, when nothing more comes, is refused',
      ['Content-Length: 100'],
      '{"a":1}',
      /^HTTP\/1.1 400 /,
    ],
    [
      'longer than it says is refused, and what follows is no request',
      ['Content-Length: 2'],
      '{}garbage\r\n\r\n',
      /^HTTP\/1.1 400 /,
    ],
    [
      'of two lengths is refused',
      ['Content-Length: 2', 'Content-Length: 3'],
      '{}',
      /^HTTP\/1.1 400 /,
    ],
    [
      'of a length and chunks is refused',
      ['Content-Length: 2', 'Transfer-Encoding: chunked'],
      '{}',
      /^HTTP\/1.1 400 /,
    ],
    [
      'of chunks that are none is refused',
      ['Transfer-Encoding: chunked'],
      'zz\r\n{}\r\n',
      /^HTTP\/1.1 400 /,
    ],
    ['of a length that is none is refused', ['Content-Length: many'], '{}', /^HTTP\/1.1 400 /],
  ])('%s', async (_, headers, body, answer) => {
    expect(await posted(headers, [body], headers[0] === 'Content-Length: 100')).toMatch(answer)
    expect((await fixture.send('GET', '/Users?count=0')).status).toBe(200)
  })

  test('of chunks without end is cut off at its limit with a 413', async () => {
    const chunk = `8000\r\n${' '.repeat(0x8000)}\r\n`
    const chunks = new Array(64).fill(chunk)
    expect(await posted(['Transfer-Encoding: chunked'], chunks)).toMatch(/^HTTP\/1.1 413 /)
  })

  test('may be missing where none is needed, whatever its type says', async () => {
    const { send } = fixture
    const { body } = await send('POST', '/Users', userBody('del@acme.example'))
    const type = { 'content-type': 'application/scim+json' }
    expect((await send('DELETE', `/Users/${body.id}`, undefined, type)).status).toBe(204)
  })
})

/** What a POST of these bytes is answered with; `gives up` ends the connection after them. */
function posted(headers: readonly string[], parts: readonly string[], givesUp = false) {
  const { url, token } = fixture
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const lines = [
    'POST /scim/entra/v2/Users HTTP/1.1',
    'Host: x',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/scim+json',
    ...headers,
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  for (const part of parts) socket.write(part)
  if (givesUp) socket.end()
  let answer = ''
  socket.setEncoding('utf8')
  socket.on('data', (data: string) => {
    answer += data
  })
  // What is still being written when the server has said enough comes back as a reset.
  socket.on('error', () => socket.destroy())
  socket.on('close', () => resolve(answer))
  return promise
}

test('names are counted in each object for itself, outside strings alone', () => {
  const crowded = (text: string) => faultOfShape(Buffer.from(text), 9, 2) === 'tooManyNames'
  expect(crowded('{"a":1,"b":2,"c":3}')).toBe(true)
  expect(crowded('{"a":{"x":1,"y":2},"b":[{"z":"::::"},{"z":1}]}')).toBe(false)
})

test('depth is counted outside strings alone', () => {
  const nested = (text: string) => faultOfShape(Buffer.from(text), 2, 2) === 'tooDeep'
  expect([nested('[[1]]'), nested('[[[1]]]'), nested('["[[[", "\\"[[["]')]).toEqual([
    false,
    true,
    false,
  ])
  expect([nested('[{"a\\\\":[]}]'), nested('[[],[],[]]'), nested('"\\')]).toEqual([
    true,
    false,
    false,
  ])
})
