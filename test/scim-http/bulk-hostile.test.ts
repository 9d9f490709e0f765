import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readBulk } from '../../src/scim/bulk-request.ts'
import { internalError } from '../../src/scim-http/answers.ts'
import { entra } from '../support/store-fixture.ts'
import {
  bulkBody,
  groupBody,
  type Json,
  patchBody,
  request,
  type ScimFixture,
  scimFixture,
  userBody,
} from './scim-fixture.ts'

let fixture: ScimFixture
beforeAll(async () => {
  fixture = await scimFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

describe('a hostile bulk:', () => {
  const hostileNames = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '__proto__.x']

  test.each(hostileNames)('the bulkId %j is a name like any other', async (name) => {
    const before = Object.getOwnPropertyNames(Object.prototype)
    const sent = bulkBody([groupOf(name), { ...post(`hostile ${name}`), bulkId: name }])
    const { body } = await fixture.send('POST', '/Bulk', sent)
    expect(statuses(body)).toEqual(name === '' ? ['409', '400'] : ['201', '201'])
    const unknown = await fixture.send('POST', '/Bulk', bulkBody([groupOf(name)]))
    expect(statuses(unknown.body)).toEqual(['400'])
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
  })

  test.each([
    '/Users/../Groups',
    '/Users/..',
    '/Users/./x',
    '//Users',
    '/Users//x',
    '/Users/x/',
    '/Users/a%2fb',
    '/Users%2fa',
    '/%55sers/x',
    '/Users/x?attributes=id',
    '/Users/x#y',
    '/Users/x;y=z',
    '/Users/\u0000',
    '/Users/x\ny',
    '/users/x',
    '/Me',
    '/Bulk',
    '/Bulk/x',
    '/Schemas/x',
    '/.search',
    '/scim/entra/v2/Users/x',
    '/scim/okta/v2/Users/x',
    'https://scim.test/scim/entra/v2/Users/x',
    'http://evil.example/Users/x',
    '\\Users\\x',
    '__proto__/x',
    '',
    '/',
  ])('the path %j is refused', async (path) => {
    const operations = [
      { method: 'DELETE', path },
      { method: 'POST', path, bulkId: 'b', data: bulkBody([post('nested')]) },
    ]
    const { body } = await fixture.send('POST', '/Bulk', bulkBody(operations))
    expect(statuses(body)).toEqual(['400', '400'])
    expect(body.Operations[0].response.scimType).toBe('invalidPath')
    expect(body.Operations[0]).not.toHaveProperty('location')
  })

  test('the id of another directory is as unknown as any', async () => {
    const url = `${fixture.url}/scim/okta/v2`
    const okta = { authorization: `Bearer ${fixture.oktaToken}` }
    const { body: theirs } = await request('POST', `${url}/Users`, userBody('theirs'), okta)
    const operations = ['PUT', 'PATCH', 'DELETE'].map((method) => ({
      method,
      path: `/Users/${theirs.id}`,
      data: method === 'PUT' ? userBody('ours') : patchBody({ op: 'remove', path: 'title' }),
    }))
    const { body } = await fixture.send('POST', '/Bulk', bulkBody(operations))
    expect(statuses(body)).toEqual(['404', '404', '404'])
    expect((await request('GET', `${url}/Users/${theirs.id}`, undefined, okta)).status).toBe(200)
    const foreign = { authorization: `Bearer ${fixture.token}` }
    const refused = await request('POST', `${url}/Bulk`, bulkBody([post('x')]), foreign)
    expect(refused.status).toBe(401)
  })

  test('depth is passed over and long filters are walked once', async () => {
    let deep: unknown = 'bulkId:nobody'
    for (let level = 0; level < 26; level += 1) deep = { deep }
    const quotes = `members[value eq "${'\\"'.repeat(1_000_000)}]`
    const { body } = await fixture.send(
      'POST',
      '/Bulk',
      bulkBody([
        { ...post('deep'), data: userBody('deep', { deep }) },
        {
          method: 'PATCH',
          path: '/Users/bulkId:deep',
          data: patchBody({ op: 'remove', path: quotes }),
        },
      ]),
    )
    expect(statuses(body)).toEqual(['201', '400'])
  })

  test('data is left as it was sent for all who share it', async () => {
    const bulk = readBulk(bulkBody([groupOf('u'), post('u')]))
    const before = structuredClone(bulk.operations.map(({ task }) => task))
    const terms = { isOver: () => false, failureOf: internalError }
    await fixture.scim.bulk(entra, bulk, terms)
    expect(bulk.operations.map(({ task }) => task)).toEqual(before)
  })
})

interface PostOperation extends Json {
  readonly bulkId: string
}

function post(name: string): PostOperation {
  return { method: 'POST', path: '/Users', bulkId: name, data: userBody(name) }
}

function groupOf(bulkId: string): PostOperation {
  const data = groupBody(`of ${bulkId}`, [`bulkId:${bulkId}`])
  return { method: 'POST', path: '/Groups', bulkId: `group of ${bulkId}`, data }
}

function statuses({ Operations }: { Operations: readonly { status: string }[] }) {
  return Operations.map(({ status }) => status)
}
