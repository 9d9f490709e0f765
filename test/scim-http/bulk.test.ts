import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  bulkBody,
  errorUrn,
  groupBody,
  type Json,
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

const usersUrl = 'https://scim.test/scim/entra/v2/Users'
const unknownId = 'e9025315-6bea-44e1-899c-1e07454e468b'

describe('RFC 7644 §3.7.3', () => {
  test('each operation has the status, version and location of its own request', async () => {
    const [bob, dave, gone] = [await user('bob'), await user('dave'), await user('gone')]
    const { status, headers, body } = await bulk([
      { method: 'POST', path: '/Users', bulkId: 'qwerty', data: userBody('Alice') },
      {
        method: 'PUT',
        path: `/Users/${bob.id}`,
        version: bob.meta.version,
        data: userBody('Bob', { id: bob.id }),
      },
      {
        method: 'PATCH',
        path: `/Users/${dave.id}`,
        version: dave.meta.version,
        data: patchBody({ op: 'remove', path: 'nickName' }, add('userName', 'Dave')),
      },
      { method: 'DELETE', path: `/Users/${gone.id}`, version: gone.meta.version },
    ])
    expect([status, headers.get('content-type')]).toEqual([200, 'application/scim+json'])
    expect(headers.get('x-directory-revision')).toMatch(/^[\w-]{20}$/)
    const alice = await only('userName eq "alice"')
    const version = async (id: string) => (await get(id)).meta.version
    expect(body).toEqual({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkResponse'],
      Operations: [
        {
          method: 'POST',
          bulkId: 'qwerty',
          version: alice.meta.version,
          location: `${usersUrl}/${alice.id}`,
          status: '201',
        },
        {
          method: 'PUT',
          version: await version(bob.id),
          location: `${usersUrl}/${bob.id}`,
          status: '200',
        },
        {
          method: 'PATCH',
          version: await version(dave.id),
          location: `${usersUrl}/${dave.id}`,
          status: '200',
        },
        { method: 'DELETE', location: `${usersUrl}/${gone.id}`, status: '204' },
      ],
    })
    expect(await get(bob.id)).toMatchObject({ userName: 'Bob' })
    expect(await get(dave.id)).toMatchObject({ userName: 'Dave' })
    expect(await get(gone.id)).toMatchObject({ status: '404' })
  })

  test('a failure has its Error as `response`; only a failed POST has no location', async () => {
    const [one, two] = [await user('stale-1'), await user('stale-2')]
    const { status, body } = await bulk([
      {
        method: 'POST',
        path: '/Users',
        bulkId: 'x',
        data: { ...userBody('no-schema'), schemas: [] },
      },
      { method: 'PUT', path: `/Users/${one.id}`, version: 'W/"0"', data: userBody('stale-1') },
      {
        method: 'PATCH',
        path: `/Users/${two.id}`,
        version: 'W/"0"',
        data: patchBody(add('title', 'x')),
      },
      { method: 'DELETE', path: `/Users/${two.id}`, version: 'W/"0"' },
      { method: 'DELETE', path: `/Users/${unknownId}` },
    ])
    expect([status, statuses(body)]).toEqual([200, ['400', '412', '412', '412', '404']])
    const [post, ...others] = body.Operations
    expect(post).toEqual({
      method: 'POST',
      bulkId: 'x',
      status: '400',
      response: {
        schemas: [errorUrn],
        status: '400',
        scimType: 'invalidSyntax',
        detail: expect.stringContaining('`schemas` must contain'),
      },
    })
    expect(others.map(({ location }: Json) => location)).toEqual(
      [one.id, two.id, two.id, unknownId].map((id) => `${usersUrl}/${id}`),
    )
    expect((await get(two.id)).title).toBeUndefined()
  })

  test('failOnErrors 1 ends it at the first error, and what was left is not in the answer', async () => {
    const { body } = await bulk(threeFailures('one'), { failOnErrors: 1 })
    expect(statuses(body)).toEqual(['201', '404'])
    expect(await count('userName eq "one-last"')).toBe(0)
  })

  test('failOnErrors counts, and what is done in between stays', async () => {
    const { body } = await bulk(threeFailures('two'), { failOnErrors: 2 })
    expect(statuses(body)).toEqual(['201', '404', '201', '404'])
    expect(await count('userName eq "two-last"')).toBe(0)
  })

  test.each([
    ['0, which clients send for a number not set', { failOnErrors: 0 }],
    ['null', { failOnErrors: null }],
    ['more than there are', { failOnErrors: 9 }],
    ['no limit at all', {}],
  ])('with failOnErrors %s all are done', async (name, more) => {
    const { body } = await bulk(threeFailures(name.replaceAll(' ', '-')), more)
    expect(statuses(body)).toEqual(['201', '404', '201', '404', '404', '201'])
  })
})

describe('an operation', () => {
  test('may leave out the first slash, and write names and method in any case', async () => {
    const { id } = await user('any-case')
    const { body } = await fixture.send('POST', '/Bulk', {
      SCHEMAS: ['URN:ietf:params:scim:api:messages:2.0:bulkrequest'],
      operations: [
        { Method: 'post', PATH: 'Users', BulkID: 'a', Data: userBody('any-case-2') },
        { METHOD: 'Patch', path: `Users/${id}`, data: patchBody(add('title', 'Smith')) },
        { method: 'delete', path: `Users/${id}`, bulkid: 'echoed' },
      ],
    })
    expect(body.Operations).toMatchObject([
      { method: 'POST', bulkId: 'a', status: '201' },
      { method: 'PATCH', status: '200' },
      { method: 'DELETE', bulkId: 'echoed', status: '204' },
    ])
  })

  test('on a group with many members is a 204 where its own request would be', async () => {
    const members = Array.from({ length: 201 }, (_, index) => `not-yet-${index}`)
    const { body: group } = await fixture.send('POST', '/Groups', groupBody('Many', members))
    const patch = patchBody(add('externalId', 'x'))
    const { body } = await bulk([
      { method: 'PATCH', path: `/Groups/${group.id}`, data: patch },
      { method: 'PUT', path: `/Groups/${group.id}`, data: groupBody('Many', members) },
    ])
    expect(statuses(body)).toEqual(['204', '200'])
    expect(body.Operations[0].version).toMatch(/^W\/"\d+"$/)
  })

  test('sees what those before it have done, in the order sent', async () => {
    const { id } = await user('in-order')
    const title = (value: string) => patchBody({ op: 'replace', path: 'title', value })
    const { body } = await bulk([
      { method: 'PATCH', path: `/Users/${id}`, data: title('first') },
      { method: 'PATCH', path: `/Users/${id}`, data: title('second') },
      { method: 'POST', path: '/Users', bulkId: 'twin', data: userBody('IN-order') },
      { method: 'PUT', path: `/Users/${id}`, data: userBody('renamed', { title: 'third' }) },
      { method: 'POST', path: '/Users', bulkId: 'free', data: userBody('in-order') },
    ])
    expect(statuses(body)).toEqual(['200', '200', '409', '200', '201'])
    expect((await get(id)).title).toBe('third')
  })
})

describe('an operation that cannot be read is refused alone:', () => {
  const post = (more: Json) => ({
    ...{ method: 'POST', path: '/Users', bulkId: 'b', data: userBody('unread') },
    ...more,
  })
  const path = `/Users/${unknownId}`

  test.each([
    ['no method', post({ method: undefined }), 'invalidValue', 'method'],
    ['GET', post({ method: 'GET' }), 'invalidValue', 'method'],
    ['a method that is no text', post({ method: ['POST'] }), 'invalidValue', 'method'],
    ['a POST without bulkId', post({ bulkId: undefined }), 'invalidValue', 'bulkId'],
    ['an empty bulkId', post({ bulkId: '' }), 'invalidValue', 'bulkId'],
    ['a bulkId that is no text', post({ bulkId: 7 }), 'invalidValue', 'bulkId'],
    ['no path', post({ path: undefined }), 'invalidPath', 'path'],
    ['a POST to a resource', post({ path }), 'invalidPath', 'path'],
    ['no data', post({ data: undefined }), 'invalidSyntax', 'data'],
    ['data in a string', post({ data: '{}' }), 'invalidSyntax', 'data'],
    ['a PUT of all users', { method: 'PUT', path: '/Users', data: {} }, 'invalidPath', 'path'],
    ['a DELETE of all groups', { method: 'DELETE', path: '/Groups' }, 'invalidPath', 'path'],
    ['a PATCH without data', { method: 'PATCH', path }, 'invalidSyntax', 'data'],
    [
      'a version that is no text',
      { method: 'DELETE', path, version: 3 },
      'invalidValue',
      'version',
    ],
    ['a text', 'POST /Users', 'invalidSyntax', 'Operations[0]'],
    ['null', null, 'invalidSyntax', 'Operations[0]'],
  ])('%s', async (_, operation, scimType, field) => {
    const next = { method: 'POST', path: '/Users', bulkId: 'n', data: userBody(`next to ${_}`) }
    const { status, body } = await bulk([operation, next])
    expect([status, statuses(body)]).toEqual([200, ['400', '201']])
    const { response } = body.Operations[0]
    expect(response).toMatchObject({ schemas: [errorUrn], status: '400', scimType })
    expect(response.detail).toMatch(new RegExp(`^\`Operations\\[0\\](\\.${field})?\``))
    expect(await count('userName eq "unread"')).toBe(0)
  })
})

describe('a bulk whose operations cannot be read is refused as a whole:', () => {
  const operation = { method: 'POST', path: '/Users', bulkId: 'w', data: userBody('whole') }

  test.each([
    ['no body', undefined, 'invalidSyntax'],
    ['a list', [operation], 'invalidSyntax'],
    ['no schemas', { Operations: [operation] }, 'invalidSyntax'],
    ['the schema of a PATCH', patchBody(operation), 'invalidSyntax'],
    ['no Operations', { ...bulkBody([]), Operations: undefined }, 'invalidSyntax'],
    ['empty Operations', bulkBody([]), 'invalidSyntax'],
    ['one operation without its list', { ...bulkBody([]), Operations: operation }, 'invalidSyntax'],
    ['a negative failOnErrors', bulkBody([operation], { failOnErrors: -1 }), 'invalidValue'],
    ['half a failOnErrors', bulkBody([operation], { failOnErrors: 0.5 }), 'invalidValue'],
    ['a failOnErrors in words', bulkBody([operation], { failOnErrors: 'one' }), 'invalidValue'],
  ])('%s', async (_, sent, scimType) => {
    const { status, body } = await fixture.send('POST', '/Bulk', sent)
    expect([status, body.scimType]).toEqual([400, scimType])
    expect(await count('userName eq "whole"')).toBe(0)
  })
})

async function bulk(operations: readonly unknown[], more: Json = {}) {
  return await fixture.send('POST', '/Bulk', bulkBody(operations, more))
}

/** Done, refused, done, refused, refused, done. */
function threeFailures(name: string): readonly Json[] {
  const missing = { method: 'DELETE', path: `/Users/${unknownId}` }
  const post = (part: string) => {
    return { method: 'POST', path: '/Users', bulkId: part, data: userBody(`${name}-${part}`) }
  }
  return [post('first'), missing, post('second'), missing, missing, post('last')]
}

function statuses({ Operations }: { Operations: readonly { status: string }[] }) {
  return Operations.map(({ status }) => status)
}

function add(path: string, value: unknown): Json {
  return { op: 'add', path, value }
}

async function user(userName: string) {
  return (await fixture.send('POST', '/Users', userBody(userName, { nickName: 'Nick' }))).body
}

async function get(id: string) {
  return (await fixture.send('GET', `/Users/${id}`)).body
}

async function only(filter: string) {
  const { body } = await fixture.send('GET', `/Users?filter=${encodeURIComponent(filter)}`)
  expect(body.totalResults).toBe(1)
  return body.Resources[0]
}

async function count(filter: string): Promise<number> {
  const { body } = await fixture.send('GET', `/Users?filter=${encodeURIComponent(filter)}`)
  return body.totalResults
}
