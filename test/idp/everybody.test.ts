import { request as httpRequest } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Json,
  patchBody,
  type ScimFixture,
  scimFixture,
  userBody,
} from '../scim-http/scim-fixture.ts'
import { allowEverybodyOnWiki, openDoor } from '../support/door.ts'
import { eq } from './cycle.ts'

/** The answers that satisfy every identity provider and conformance suite at once. */
let fixture: ScimFixture
beforeAll(async () => {
  fixture = await scimFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

describe('a list', () => {
  test('has the five keys of the RFC and none beside: scim2-client breaks on a `meta`', async () => {
    const keys = ['Resources', 'itemsPerPage', 'schemas', 'startIndex', 'totalResults']
    for (const path of ['/Users', '/Groups', '/Schemas', '/ResourceTypes', '/Users?count=0']) {
      const { body } = await fixture.send('GET', path)
      expect([path, Object.keys(body).toSorted()]).toEqual([path, keys])
    }
  })
})

describe('a resource', () => {
  test('has its location from the configuration, whatever Host says', async () => {
    const { token, base } = fixture
    const request = httpRequest(`${base}/Users`, {
      method: 'POST',
      headers: {
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
        authorization: `Bearer ${token}`,
        'content-type': 'application/scim+json',
      },
    })
    request.end(JSON.stringify(userBody('host@acme.example')))
    const { promise, resolve } = Promise.withResolvers<string>()
    request.on('response', async (response) => {
      resolve(`${JSON.stringify(response.headers)}${await textOf(response)}`)
    })
    const answer = await promise
    expect(answer).not.toContain('evil')
    expect(answer).toContain('"location":"https://scim.test/scim/entra/v2/Users/')
  })

  test('has "True" as a boolean only where the schema says so', async () => {
    const more = { title: 'True', nickName: 'false', roles: [{ value: 'True', primary: 'tRUE' }] }
    const { body } = await fixture.send('POST', '/Users', userBody('true@acme.example', more))
    expect(body).toMatchObject({ ...more, roles: [{ value: 'True', primary: true }] })
    const found = await fixture.send('GET', `/Users?filter=${eq('title', 'True')}`)
    expect(found.body.totalResults).toBe(1)
  })

  test('may share its externalId, which the RFC does not make unique', async () => {
    const sent = (name: string): Json => userBody(`${name}@acme.example`, { externalId: '42' })
    const statuses = await Promise.all(
      ['one', 'two'].map(async (name) => (await fixture.send('POST', '/Users', sent(name))).status),
    )
    expect(statuses).toEqual([201, 201])
    const { body } = await fixture.send('GET', `/Users?filter=${eq('externalId', '42')}`)
    expect(body.totalResults).toBe(2)
  })
})

describe('active', () => {
  const cases: readonly (readonly [how: string, operation: Json, reason: string])[] = [
    [
      '"False", as Entra says it',
      { op: 'Replace', path: 'active', value: 'False' },
      'USER_INACTIVE',
    ],
    ['"false"', { op: 'replace', path: 'active', value: 'false' }, 'USER_INACTIVE'],
    [
      'false without a path, as Okta says it',
      { op: 'replace', value: { active: false } },
      'USER_INACTIVE',
    ],
    ['null', { op: 'replace', path: 'active', value: null }, 'USER_INACTIVE'],
    ['""', { op: 'replace', path: 'active', value: '' }, 'USER_INACTIVE'],
    ['a removal, after which it is absent', { op: 'remove', path: 'active' }, 'USER_INACTIVE'],
    [
      'a removal with the old value',
      { op: 'Remove', path: 'active', value: 'True' },
      'USER_INACTIVE',
    ],
    ['0, which is refused', { op: 'replace', path: 'active', value: 0 }, 'RULE'],
    ['"perhaps", which is refused', { op: 'replace', path: 'active', value: 'perhaps' }, 'RULE'],
    ['an object, which is refused', { op: 'replace', path: 'active', value: { x: 1 } }, 'RULE'],
    ['"True"', { op: 'Replace', path: 'active', value: 'True' }, 'RULE'],
  ]
  test('decides as it is said in every way, and only an explicit true lets in', async () => {
    await using door = await openDoor({ policy: allowEverybodyOnWiki })
    for (const [at, [how, operation, reason]] of cases.entries()) {
      const userName = `active${at}@acme.example`
      const { body } = await door.scim('POST', '/Users', userBody(userName))
      expect(body.active).toBe(true)
      const { status } = await door.scim('PATCH', `/Users/${body.id}`, patchBody(operation))
      expect([how, status]).toEqual([how, how.includes('refused') ? 400 : 200])
      const decision = await door.gateway.check({ user: userName, app: 'wiki', timeoutMs: 5000 })
      expect([how, decision.reason]).toEqual([how, reason])
    }
  })
})
