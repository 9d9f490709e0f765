import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  errorUrn,
  groupBody,
  patchBody,
  request,
  type ScimFixture,
  scimFixture,
  userBody,
} from '../scim-http/scim-fixture.ts'

/** RFC 7644 §2, §3.1, §3.12–§3.14 and §4: everything around the resources. */

let fixture: ScimFixture
let id = ''
beforeAll(async () => {
  fixture = await scimFixture()
  id = (await fixture.send('POST', '/Users', userBody('ann'))).body.id
})
afterAll(() => fixture[Symbol.asyncDispose]())

describe('RFC 7644 §3.14', () => {
  test('the ETag is meta.version, and If-None-Match with it is 304', async () => {
    const { headers, body } = await fixture.send('GET', `/Users/${id}`)
    const etag = headers.get('etag')!
    expect(etag).toBe(body.meta.version)
    const again = await fixture.send('GET', `/Users/${id}`, undefined, { 'if-none-match': etag })
    expect([again.status, again.text]).toEqual([304, ''])
  })

  test.each([
    ['PUT', userBody('ann', { title: 'x' })],
    ['PATCH', patchBody({ op: 'add', path: 'title', value: 'x' })],
    ['DELETE', undefined],
  ])('a %s with a stale If-Match is 412 and changes nothing', async (method, body) => {
    const before = (await fixture.send('GET', `/Users/${id}`)).body
    const stale = { 'if-match': 'W/"0"' }
    const { status, body: error } = await fixture.send(method, `/Users/${id}`, body, stale)
    expect([status, error.status]).toEqual([412, '412'])
    expect((await fixture.send('GET', `/Users/${id}`)).body).toEqual(before)
  })

  test('a write with the present If-Match is done', async () => {
    const { body } = await fixture.send('GET', `/Users/${id}`)
    const sent = userBody('ann', { title: 'with the present version' })
    const present = { 'if-match': body.meta.version }
    expect((await fixture.send('PUT', `/Users/${id}`, sent, present)).status).toBe(200)
  })
})

describe('RFC 7644 §3.12', () => {
  test.each([
    ['a body that is no JSON', 'POST', '/Users', '{', 400],
    ['a filter that cannot be read', 'GET', '/Users?filter=x', undefined, 400],
    ['who is not there', 'GET', '/Users/nobody', undefined, 404],
    ['a URL that is not there', 'GET', '/Devices', undefined, 404],
    ['a method that is not there', 'POST', '/Schemas', '{}', 405],
    ['a name that is taken', 'POST', '/Users', userBody('ann'), 409],
    ['what is not served', 'GET', '/Me', undefined, 501],
  ] as const)('%s is an Error in SCIM form, with its status as a string', async (...row) => {
    const [, method, path, sent, expected] = row
    const { status, headers, body } = await fixture.send(method, path, sent)
    expect([status, body.status, body.schemas]).toEqual([expected, String(expected), [errorUrn]])
    expect(headers.get('content-type')).toBe('application/scim+json')
    const known = ['schemas', 'status', 'scimType', 'detail']
    expect(Object.keys(body).filter((key) => !known.includes(key))).toEqual([])
  })

  test('a body that is too large, or of another type, is a 413 and a 415 in that form', async () => {
    const large = userBody('x'.repeat(2_000_000))
    const other = { 'content-type': 'text/plain' }
    for (const [reply, status] of [
      [await fixture.send('POST', '/Users', large), 413],
      [await fixture.send('POST', '/Users', '{}', other), 415],
    ] as const) {
      expect([reply.status, reply.body.status]).toEqual([status, String(status)])
      expect(reply.headers.get('content-type')).toBe('application/scim+json')
    }
  })
})

describe('RFC 7644 §2', () => {
  const ask = (authorization: string | undefined) =>
    request('GET', `${fixture.base}/Users`, undefined, { authorization })

  test.each([
    ['none', undefined],
    ['another scheme', 'Basic YTpi'],
    ['Okta: no scheme at all', 'non-token'],
    ['a made-up token', 'Bearer slp_x_000000000000_abc_000000'],
  ])('credentials that are %s are 401 with a challenge', async (_, authorization) => {
    const { status, headers, body } = await ask(authorization)
    expect([status, body.status, body.schemas]).toEqual([401, '401', [errorUrn]])
    expect(headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(body.detail).not.toBe('')
  })

  test('RFC 9110 §11.1: the scheme is taken in any case', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      expect((await ask(`${scheme} ${fixture.token}`)).status).toBe(200)
    }
  })
})

describe('RFC 7644 §3.2', () => {
  test.each([
    ['PUT', '/Users'],
    ['PATCH', '/Users'],
    ['DELETE', '/Users'],
    ['POST', '/Users/00000000-0000-4000-8000-000000000000'],
    ['GET', '/Users/.search'],
    ['POST', '/Schemas'],
    ['DELETE', '/ResourceTypes/User'],
    ['PUT', '/ServiceProviderConfig'],
  ])('%s %s is 405, and Allow says what is possible', async (method, path) => {
    const { status, headers } = await fixture.send(method, path)
    expect(status).toBe(405)
    expect(headers.get('allow')).not.toContain(method)
    expect(headers.get('allow')).toMatch(/GET|POST/)
  })

  test('§3.11: /Me is 501, since a token is no user', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      expect((await fixture.send(method, '/Me')).status).toBe(501)
    }
  })
})

test('RFC 7644 §3.1: application/json is taken, and application/scim+json answered', async () => {
  const plain = { 'content-type': 'application/json; charset=utf-8', accept: 'application/json' }
  const { status, headers } = await fixture.send('POST', '/Users', userBody('plain'), plain)
  expect([status, headers.get('content-type')]).toEqual([201, 'application/scim+json'])
})

describe('RFC 7643 §4.2', () => {
  test('members have value, $ref, type and display, and users mirror their groups', async () => {
    const child = (await fixture.send('POST', '/Groups', groupBody('Child'))).body
    const { body } = await fixture.send('POST', '/Groups', groupBody('Parent', [id, child.id]))
    const base = 'https://scim.test/scim/entra/v2'
    expect(body.members).toEqual([
      { value: id, $ref: `${base}/Users/${id}`, type: 'User' },
      { value: child.id, $ref: `${base}/Groups/${child.id}`, type: 'Group', display: 'Child' },
    ])
    const user = (await fixture.send('GET', `/Users/${id}`)).body
    expect(user.groups).toContainEqual({
      value: body.id,
      $ref: `${base}/Groups/${body.id}`,
      display: 'Parent',
      type: 'direct',
    })
  })

  test('groups within groups are taken, in a circle too', async () => {
    const one = (await fixture.send('POST', '/Groups', groupBody('One'))).body
    const two = (await fixture.send('POST', '/Groups', groupBody('Two', [one.id]))).body
    const circle = patchBody({ op: 'add', path: 'members', value: [{ value: two.id }] })
    expect((await fixture.send('PATCH', `/Groups/${one.id}`, circle)).status).toBe(200)
    const own = patchBody({ op: 'add', path: 'members', value: [{ value: one.id }] })
    const { status, body } = await fixture.send('PATCH', `/Groups/${one.id}`, own)
    expect([status, body.members.length]).toEqual([200, 2])
  })
})

test('RFC 7643 §5: ServiceProviderConfig is complete', async () => {
  const { body } = await fixture.send('GET', '/ServiceProviderConfig')
  expect(body).toMatchObject({
    patch: { supported: true },
    bulk: { maxOperations: expect.any(Number), maxPayloadSize: expect.any(Number) },
    filter: { supported: true, maxResults: 200 },
    changePassword: { supported: false },
    etag: { supported: true },
    authenticationSchemes: [{ type: 'oauthbearertoken', name: expect.any(String) }],
    meta: { resourceType: 'ServiceProviderConfig', location: expect.any(String) },
  })
})

test('Google: /Schemas lists every attribute with all its characteristics', async () => {
  const { body } = await fixture.send('GET', '/Schemas')
  const attributes = body.Resources.flatMap((schema: { attributes: object[] }) => schema.attributes)
  expect(attributes.length).toBeGreaterThan(25)
  for (const attribute of attributes) {
    expect(Object.keys(attribute)).toEqual(
      expect.arrayContaining([
        ...['name', 'type', 'multiValued', 'description', 'required', 'caseExact'],
        ...['mutability', 'returned', 'uniqueness'],
      ]),
    )
  }
})

test('Entra: discovery holds no null and no empty list', async () => {
  for (const path of ['/Schemas', '/ResourceTypes', '/ServiceProviderConfig']) {
    const { text, body } = await fixture.send('GET', path)
    expect(text).not.toMatch(/null|\[\]/)
    if (path !== '/ServiceProviderConfig') {
      expect(body.schemas).toEqual(['urn:ietf:params:scim:api:messages:2.0:ListResponse'])
    }
  }
})
