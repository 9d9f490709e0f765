import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { okta } from '../support/store-fixture.ts'
import {
  errorUrn,
  groupBody,
  patchBody,
  type ScimFixture,
  scimFixture,
  userBody,
} from './scim-fixture.ts'

let fixture: ScimFixture
beforeAll(async () => {
  fixture = await scimFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

const base = '/scim/entra/v2'
const oddPaths = [
  `${base}/Users`,
  `${base}/%55sers`,
  `/%73cim/entra/v2/Users`,
  `/${base}/Users`,
  `${base}//Users`,
  `${base}/Users/`,
  `${base}/..%2fUsers`,
  `/x/..${base}/Users`,
  `${base}/Users;x=y`,
  `${base}/users`,
  `${base.toUpperCase()}/USERS`,
  `${base}/Users%00`,
  `${base}/Users?access_token=x`,
  `${base}/Users#x`,
  `${base}/%zz`,
  `/scim/%ff/v2/Users`,
  `/scim/entra%2f..%2fokta/v2/Users`,
  `/scim/__proto__/v2/Users`,
  `/scim/nobody/v2/Users`,
  `${base}/Users/${'a'.repeat(5000)}`,
  `${base}/ServiceProviderConfig`,
  `${base}/Schemas`,
  `${base}/Me`,
  `${base}/Bulk`,
  'http://evil.example/scim/entra/v2/Users',
  'http://127.0.0.1./scim/entra/v2/Users',
  'https://127.0.0.1/scim/entra/v2/Users',
  `${base}/%2e%2e/v2/Users`,
  `${base}/./Users`,
  `${base}/%2555sers`,
  `${base}/Users%2f..`,
  `${base}\\Users`,
  `${base}/Users?filter=%`,
  `${base}/Users/.search`,
  '*',
  '/',
  '/scim',
  '/metrics',
]
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND']

describe('without a token', () => {
  test.each(oddPaths)('%s is 401, by any method, and no handler runs', async (path) => {
    const before = fixture.requests.length
    for (const method of methods) {
      const answer = await raw(method, path, [])
      expect([method, answer.split(' ')[1]]).toEqual([method, '401'])
      expect(answer).toMatch(/\r\nwww-authenticate: Bearer realm="sallyport"\r\n/i)
      expect(answer).toMatch(/\r\ncontent-type: application\/scim\+json\r\n/i)
    }
    expect(fixture.requests.length).toBe(before)
    expect(fixture.errors).toEqual([])
  })

  test('the answer is a SCIM error that says how to authenticate', async () => {
    const { send } = fixture
    const { status, headers, body } = await send('GET', '/Users', undefined, {
      authorization: 'non-token',
    })
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toBe('Bearer realm="sallyport"')
    expect(headers.get('content-type')).toBe('application/scim+json')
    expect(body).toEqual({ schemas: [errorUrn], status: '401', detail: expect.any(String) })
  })

  test('a body is not waited for', async () => {
    const answer = await raw('POST', `${base}/Users`, ['Content-Length: 17000000'])
    expect(answer).toMatch(/^HTTP\/1.1 401 /)
    expect(answer).toMatch(/\r\nconnection: close\r\n/i)
  })
})

describe('a token', () => {
  test('opens its own directory alone; any other is as one that does not exist', async () => {
    const { send, oktaToken } = fixture
    const authorization = `Bearer ${oktaToken}`
    const foreign = await send('GET', '/Users', undefined, { authorization })
    const { token, url } = fixture
    const nowhere = await fetch(`${url}/scim/nowhere/v2/Users`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect([foreign.status, nowhere.status]).toEqual([401, 401])
    expect(await nowhere.text()).toBe(foreign.text)
  })

  test('is taken from one header alone, whatever the case of its scheme', async () => {
    const { token, send } = fixture
    const lower = await send('GET', '/Users', undefined, { authorization: `bearer ${token}` })
    expect(lower.status).toBe(200)
    const twice = [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]
    expect(await statusOf('GET', `${base}/Users`, twice)).toBe(401)
    expect(await statusOf('GET', `${base}/Users?access_token=${token}`)).toBe(401)
  })

  test('is refused as soon as it is revoked', async () => {
    const { tokens, store, send } = fixture
    const [record] = await store.credentials.list()
    const created = await tokens.create(record!.directory, { label: 'second' })
    if (created.kind !== 'created') throw new Error(created.kind)
    const directory = record!.directory
    const url = `${fixture.url}/scim/${directory}/v2/Users`
    const headers = { authorization: `Bearer ${created.token}` }
    expect((await fetch(url, { headers })).status).toBe(200)
    await tokens.revoke(created.record.id)
    expect((await fetch(url, { headers })).status).toBe(401)
    expect((await send('GET', '/Users')).status).toBe(200)
  })
})

describe('with a token', () => {
  test.each([
    ['GET', `${base}/nothing`, 404],
    ['GET', `${base}/users`, 404],
    ['POST', `${base}`, 405],
    ['GET', `${base}/Users%00`, 404],
    ['GET', `${base}/%zz`, 404],
    ['GET', '/nothing', 404],
    ['PROPFIND', `${base}/Users`, 404],
    ['DELETE', `${base}/Users`, 405],
    ['TRACE', `${base}/Users`, 405],
    ['PUT', `${base}/Schemas`, 405],
    ['POST', `${base}/ServiceProviderConfig`, 405],
    ['GET', `${base}/Me`, 501],
    ['GET', `${base}/Bulk`, 405],
    ['POST', `${base}/Bulk`, 400],
    ['POST', `${base}/Bulk/Users`, 404],
    ['POST', `${base}/.search`, 400],
    ['GET', `${base}/.search`, 405],
    ['GET', `${base}/Schemas?filter=id%20pr`, 403],
  ])('%s %s is %d in SCIM form', async (method, path, status) => {
    const answer = await raw(method, path, [`Authorization: Bearer ${fixture.token}`])
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toMatch(/content-type: application\/scim\+json\r\n/i)
    expect(answer.includes('allow: ')).toBe(status === 405)
    const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))
    expect(body).toMatchObject({ schemas: [errorUrn], status: String(status) })
  })

  test.each([
    ['an encoded slash', 'a%2fb'],
    ['NUL', '%00'],
    ['a glob', '*'],
    ['a key separator', 'a:b'],
    ['braces', '{}'],
    ['a line break', 'a%0ab'],
    ['a prototype', '__proto__'],
    ['10 KB', 'a'.repeat(1900)],
    ['an id in upper case', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
    ['an unknown id', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ])('an id that is %s is a 404, for every method', async (_, id) => {
    const { send } = fixture
    const patch = patchBody({ op: 'remove', path: 'title' })
    for (const [path, body] of [
      ['/Users', userBody('x@acme.example')],
      ['/Groups', groupBody('x')],
    ] as const) {
      const answers = await Promise.all([
        send('GET', `${path}/${id}`),
        send('PUT', `${path}/${id}`, body),
        send('PATCH', `${path}/${id}`, patch),
        send('DELETE', `${path}/${id}`),
      ])
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404])
      for (const answer of answers) expect(answer.body.schemas).toEqual([errorUrn])
    }
  })

  test('an id of another directory is as one that nobody has, for every method', async () => {
    const { send, url, oktaToken, scim } = fixture
    const created = await scim.create('users', okta, userBody('foreign@okta.example'), {})
    const { id } = ('body' in created ? created.body : {}) as { readonly id: string }
    const unknown = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'
    const patch = patchBody({ op: 'replace', path: 'active', value: false })
    for (const [method, body] of [
      ['GET', undefined],
      ['PUT', userBody('foreign@okta.example')],
      ['PATCH', patch],
      ['DELETE', undefined],
    ] as const) {
      const [foreign, nobody] = [
        await send(method, `/Users/${id}`, body),
        await send(method, `/Users/${unknown}`, body),
      ]
      expect(foreign.status).toBe(404)
      expect(foreign.text.replaceAll(id, unknown)).toBe(nobody.text)
    }
    const filter = encodeURIComponent(`id eq "${id}" or userName eq "foreign@okta.example"`)
    expect((await send('GET', `/Users?filter=${filter}`)).body.totalResults).toBe(0)
    // A member of that id is nobody either: its name does not show.
    const group = await send('POST', '/Groups', groupBody('Foreigners', [id]))
    expect(group.body.members).toEqual([{ value: id }])
    const own = await fetch(`${url}/scim/okta/v2/Users/${id}`, {
      headers: { authorization: `Bearer ${oktaToken}` },
    })
    expect(await own.json()).toMatchObject({ active: true, userName: 'foreign@okta.example' })
  })

  test('bytes that are no HTTP are answered and the server lives on', async () => {
    expect(await exchange('\x16\x03\x01\x02\x00\x01\x00')).toMatch(/^(HTTP\/1.1 400 |$)/)
    expect(await exchange('GET / HTTP/9.9\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
    const huge = `X: ${'a'.repeat(20_000)}`
    expect(await raw('GET', `${base}/Users`, [huge])).toMatch(/^HTTP\/1.1 431 /)
    expect((await fixture.send('GET', '/Users')).status).toBe(200)
  })
})

async function statusOf(method: string, path: string, headers: readonly string[] = []) {
  return Number((await raw(method, path, headers)).split(' ')[1])
}

function raw(method: string, path: string, headers: readonly string[]): Promise<string> {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: evil.example',
    'Connection: close',
    ...headers,
  ]
  return exchange(`${lines.join('\r\n')}\r\n\r\n`)
}

function exchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(fixture.url)
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes))
    let answer = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      answer += chunk
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}
