import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  enterpriseUrn,
  groupBody,
  patchBody,
  type ScimFixture,
  scimFixture,
  userBody,
  userUrn,
} from '../scim-http/scim-fixture.ts'

/** RFC 7644 §3.9: which attributes an answer has. */

let fixture: ScimFixture
let id = ''
let groupId = ''
const user = userBody('ann@acme.example', {
  name: { givenName: 'Ann', familyName: 'Lee' },
  emails: [{ value: 'ann@acme.example', type: 'work' }],
  [enterpriseUrn]: { department: 'IT', costCenter: '7' },
})
beforeAll(async () => {
  fixture = await scimFixture()
  id = (await fixture.send('POST', '/Users', user)).body.id
  groupId = (await fixture.send('POST', '/Groups', groupBody('Staff', [id]))).body.id
})
afterAll(() => fixture[Symbol.asyncDispose]())

const keysOf = (body: object) => Object.keys(body).toSorted()
const get = async (query: string) => (await fixture.send('GET', `/Users/${id}?${query}`)).body

test('RFC 7644 §3.9: attributes=userName gives userName, and what is always returned', async () => {
  expect(keysOf(await get('attributes=userName'))).toEqual(['id', 'schemas', 'userName'])
})

test('RFC 7644 §3.9: a sub-attribute can be asked for alone', async () => {
  expect((await get('attributes=name.givenName')).name).toEqual({ givenName: 'Ann' })
})

test.each([
  [`${userUrn}:userName`, ['id', 'schemas', 'userName']],
  [`${userUrn}:name.familyName`, ['id', 'name', 'schemas']],
  [`${enterpriseUrn}:department`, ['id', 'schemas', enterpriseUrn]],
  [enterpriseUrn, ['id', 'schemas', enterpriseUrn]],
])('RFC 7644 §3.10: %s can be asked for by its URN', async (attributes, keys) => {
  const body = await get(`attributes=${attributes}`)
  expect(keysOf(body)).toEqual(keys)
  const whole = attributes === enterpriseUrn
  if (enterpriseUrn in body) {
    expect(body[enterpriseUrn]).toEqual(
      whole ? { department: 'IT', costCenter: '7' } : { department: 'IT' },
    )
  }
})

test('RFC 7643 §7: excludedAttributes cannot leave out id', async () => {
  const body = await get('excludedAttributes=id,schemas,userName,meta')
  expect([body.id, body.userName, body.meta]).toEqual([id, undefined, undefined])
})

test('names that no schema has are ignored', async () => {
  expect(keysOf(await get('attributes=shoeSize,userName,__proto__'))).toEqual([
    'id',
    'schemas',
    'userName',
  ])
  expect(await get('excludedAttributes=shoeSize,constructor')).toEqual(await get(''))
})

test('RFC 7643 §2.1: names are taken in any case', async () => {
  const body = await get('attributes=USERNAME,NAME.GIVENNAME')
  expect(body).toMatchObject({ userName: 'ann@acme.example', name: { givenName: 'Ann' } })
})

describe('RFC 7644 §3.9: attributes counts for', () => {
  const asked = 'attributes=userName'
  const expected = ['id', 'schemas', 'userName']
  test('a POST', async () => {
    const sent = userBody('bob@acme.example', { title: 'x' })
    const { status, body } = await fixture.send('POST', `/Users?${asked}`, sent)
    expect([status, keysOf(body)]).toEqual([201, expected])
  })

  test('a PUT', async () => {
    const { status, body } = await fixture.send('PUT', `/Users/${id}?${asked}`, user)
    expect([status, keysOf(body)]).toEqual([200, expected])
  })

  test('a PATCH, which then is a 200 and never a 204 (§3.5.2)', async () => {
    const sent = patchBody({ op: 'replace', path: 'title', value: 'CEO' })
    const { status, body } = await fixture.send('PATCH', `/Users/${id}?${asked}`, sent)
    expect([status, keysOf(body)]).toEqual([200, expected])
    const ofGroup = patchBody({ op: 'add', path: 'members', value: [{ value: 'nobody yet' }] })
    const group = await fixture.send('PATCH', `/Groups/${groupId}?attributes=displayName`, ofGroup)
    expect([group.status, keysOf(group.body)]).toEqual([200, ['displayName', 'id', 'schemas']])
  })

  test('a .search', async () => {
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:SearchRequest']
    const sent = { schemas, attributes: ['userName'], filter: `id eq "${id}"` }
    const { body } = await fixture.send('POST', '/Users/.search', sent)
    expect(keysOf(body.Resources[0])).toEqual(expected)
  })
})

test('Entra: a group without its members is read by its id and by a filter', async () => {
  for (const path of [
    `/Groups/${groupId}?excludedAttributes=members`,
    `/Groups?excludedAttributes=members&filter=${encodeURIComponent('displayName eq "Staff"')}`,
  ]) {
    const { status, body } = await fixture.send('GET', path)
    const group = body.Resources?.[0] ?? body
    expect([status, group.displayName, 'members' in group]).toEqual([200, 'Staff', false])
  }
})
