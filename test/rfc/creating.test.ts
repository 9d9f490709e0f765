import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  enterpriseUrn,
  groupBody,
  groupUrn,
  type Json,
  type ScimFixture,
  scimFixture,
  userBody,
  userUrn,
} from '../scim-http/scim-fixture.ts'

/** RFC 7644 §3.3 (creating), §3.4.1 (retrieving), §3.6 (deleting) and RFC 7643 §2 and §3. */

let fixture: ScimFixture
beforeAll(async () => {
  fixture = await scimFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

let made = 0
const newName = () => `user${++made}@acme.example`
const post = (more: Json = {}) => fixture.send('POST', '/Users', userBody(newName(), more))
const unknownId = '00000000-0000-4000-8000-000000000000'

describe('creating', () => {
  test('RFC 7644 §3.3: a POST is 201, and Location equals meta.location and can be read', async () => {
    const { status, headers, body } = await post()
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(body.meta.location)
    const path = new URL(body.meta.location).pathname.replace('/scim/entra/v2', '')
    expect((await fixture.send('GET', path)).body).toEqual(body)
  })

  test('RFC 7644 §3.3: an id, a meta and groups sent by the client are ignored', async () => {
    const { body } = await post({
      id: unknownId,
      meta: { resourceType: 'Device', created: '1999-01-01T00:00:00Z', version: 'W/"x"' },
      groups: [{ value: 'admins' }],
    })
    expect(body.id).not.toBe(unknownId)
    expect(body.meta.resourceType).toBe('User')
    expect(body.meta.created).not.toMatch(/^1999/)
    expect(body.groups).toBeUndefined()
  })

  test.each([
    ['missing', {}],
    ['empty', { userName: '' }],
    ['null', { userName: null }],
  ])('RFC 7643 §4.1.1: a userName that is %s is 400 invalidValue', async (_, more) => {
    const { status, body } = await fixture.send('POST', '/Users', { schemas: [userUrn], ...more })
    expect([status, body.scimType]).toEqual([400, 'invalidValue'])
    expect(body.detail).toContain('`userName`')
  })

  test('RFC 7643 §4.2: a group without displayName is 400', async () => {
    const { status, body } = await fixture.send('POST', '/Groups', { schemas: [groupUrn] })
    expect([status, body.scimType]).toEqual([400, 'invalidValue'])
  })

  test.each([
    ['missing', undefined],
    ['empty', []],
    ['those of a group', [groupUrn]],
    ['no list', userUrn],
  ])('RFC 7643 §3: schemas that are %s are 400 invalidSyntax', async (_, schemas) => {
    const { status, body } = await post({ schemas })
    expect([status, body.scimType]).toEqual([400, 'invalidSyntax'])
  })

  test('RFC 7643 §2.1: attribute names of any case are taken, and come back canonical', async () => {
    const sent = {
      SCHEMAS: [userUrn],
      USERNAME: newName(),
      Name: { GIVENNAME: 'Ann' },
      eMails: [{ VALUE: 'ann@acme.example', Type: 'work' }],
      [enterpriseUrn.toUpperCase()]: { DEPARTMENT: 'IT' },
    }
    const { status, body } = await fixture.send('POST', '/Users', sent)
    expect(status).toBe(201)
    expect(body).toMatchObject({
      userName: sent.USERNAME,
      name: { givenName: 'Ann' },
      emails: [{ value: 'ann@acme.example', type: 'work' }],
      [enterpriseUrn]: { department: 'IT' },
    })
  })

  test.each([
    ['active', 'perhaps'],
    ['active', 1],
    ['name', 'x'],
    ['displayName', 42],
    ['displayName', { formatted: 'x' }],
    ['emails', 'x'.repeat(70_000)],
    ['emails', [{ value: { a: 'b' } }]],
  ])('RFC 7644 §3.12: %s of the wrong type is 400 invalidValue', async (name, value) => {
    const { status, body } = await post({ [name]: value })
    expect([status, body.scimType]).toEqual([400, 'invalidValue'])
    expect(body.detail).toContain(`\`${name}`)
  })

  test('RFC 7643 §2.4: of two primary values one stays primary', async () => {
    const emails = [
      { value: 'a@acme.example', primary: true },
      { value: 'b@acme.example', primary: true },
    ]
    const { status, body } = await post({ emails })
    expect(status).toBe(201)
    expect(body.emails.filter(({ primary }: { primary?: boolean }) => primary)).toHaveLength(1)
  })

  test('RFC 7643 §2.5: what is unassigned is left out, never null', async () => {
    const { text, body } = await post({
      title: null,
      nickName: '',
      emails: [],
      name: { givenName: null },
      [enterpriseUrn]: { department: null },
    })
    expect(text).not.toMatch(/null|\[\]|\{\}/)
    expect(Object.keys(body).toSorted()).toEqual(['active', 'id', 'meta', 'schemas', 'userName'])
    expect(body.schemas).toEqual([userUrn])
  })

  test('RFC 7643 §3.1: created stays, and lastModified moves on change alone', async () => {
    const { body } = await post()
    const path = `/Users/${body.id}`
    const same = await fixture.send('PUT', path, userBody(body.userName))
    expect(same.body.meta).toEqual(body.meta)
    const other = await fixture.send('PUT', path, userBody(body.userName, { title: 'CEO' }))
    expect(other.body.meta.created).toBe(body.meta.created)
    expect(other.body.meta.version).not.toBe(body.meta.version)
    expect(Date.parse(other.body.meta.lastModified)).toBeGreaterThanOrEqual(
      Date.parse(body.meta.lastModified),
    )
  })

  test('RFC 7643 §4.1.1: a password is accepted, never returned and not searchable', async () => {
    const { status, text } = await post({ password: 'corr3ct horse' })
    expect([status, text.includes('corr3ct'), text.includes('password')]).toEqual([
      201,
      false,
      false,
    ])
    for (const path of ['/Users?attributes=password', '/Users']) {
      expect((await fixture.send('GET', path)).text).not.toContain('corr3ct')
    }
    const search = `/Users?filter=${encodeURIComponent('password eq "corr3ct horse"')}`
    const { body } = await fixture.send('GET', search)
    expect(body.scimType).toBe('invalidFilter')
  })

  test('RFC 7644 §3.3: a userName that is taken, in any case, is 409 uniqueness', async () => {
    const { body } = await post()
    const again = await fixture.send('POST', '/Users', userBody(body.userName.toUpperCase()))
    expect([again.status, again.body.status, again.body.scimType]).toEqual([
      409,
      '409',
      'uniqueness',
    ])
  })

  test('Entra: a displayName of a group that is taken, in any case, is 409 uniqueness', async () => {
    await fixture.send('POST', '/Groups', groupBody('Sales'))
    const { status, body } = await fixture.send('POST', '/Groups', groupBody('SALES'))
    expect([status, body.scimType]).toEqual([409, 'uniqueness'])
  })

  test('RFC 7644 §3.6: the name of who was deleted is free again, under a new id', async () => {
    const { body } = await post()
    await fixture.send('DELETE', `/Users/${body.id}`)
    const again = await fixture.send('POST', '/Users', userBody(body.userName))
    expect(again.status).toBe(201)
    expect(again.body.id).not.toBe(body.id)
  })

  test('Grafana CVE-2025-41115: an externalId in the form of an id names nobody by it', async () => {
    const { body } = await post({ externalId: '1' })
    expect((await fixture.send('GET', '/Users/1')).status).toBe(404)
    const other = await post({ externalId: body.id })
    expect(other.body.id).not.toBe(body.id)
    expect((await fixture.send('GET', `/Users/${body.id}`)).body.userName).toBe(body.userName)
  })
})

describe('retrieving and deleting', () => {
  test('RFC 7644 §3.12: a GET of who is not there is 404 with an Error', async () => {
    const { status, body, headers } = await fixture.send('GET', `/Users/${unknownId}`)
    expect([status, body.status, body.schemas]).toEqual([
      404,
      '404',
      ['urn:ietf:params:scim:api:messages:2.0:Error'],
    ])
    expect(headers.get('content-type')).toBe('application/scim+json')
  })

  test('RFC 7644 §3.6: a DELETE is 204 without a body, and again 404', async () => {
    const { body } = await post()
    const first = await fixture.send('DELETE', `/Users/${body.id}`)
    expect([first.status, first.text]).toEqual([204, ''])
    const second = await fixture.send('DELETE', `/Users/${body.id}`)
    expect([second.status, second.body.status]).toEqual([404, '404'])
  })

  test('RFC 7644 §3.2: the id of a user names no group', async () => {
    const { body } = await post()
    for (const method of ['GET', 'DELETE']) {
      expect((await fixture.send(method, `/Groups/${body.id}`)).status).toBe(404)
    }
    expect((await fixture.send('GET', `/Users/${body.id}`)).status).toBe(200)
  })
})
