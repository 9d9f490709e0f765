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

/** RFC 7644 §3.5.1, and what Okta, which sends whole objects back, asks of it. */

let fixture: ScimFixture
beforeAll(async () => {
  fixture = await scimFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

let made = 0
const newName = () => `user${++made}@acme.example`
async function created(path: '/Users' | '/Groups', body: Json) {
  const { status, body: answer } = await fixture.send('POST', path, body)
  expect(status).toBe(201)
  return answer
}
const put = (path: string, body: unknown) => fixture.send('PUT', path, body)
const emails = [{ type: 'work', value: 'ann@work.example', primary: true }]
const full: Json = {
  externalId: 'e',
  displayName: 'Ann Smith',
  title: 'Boss',
  name: { givenName: 'Ann', familyName: 'Smith' },
  emails,
  [enterpriseUrn]: { department: 'IT', manager: { value: 'm' } },
}

describe('a PUT of a user', () => {
  test('§3.5.1: is a 200 with the resource as it is now, under a new version', async () => {
    const before = await created('/Users', userBody(newName()))
    const { status, body, headers } = await put(
      `/Users/${before.id}`,
      userBody(before.userName, full),
    )
    expect(status).toBe(200)
    const schemas = [userUrn, enterpriseUrn]
    const { id, userName, active } = before
    expect(body).toEqual({ ...full, schemas, id, userName, active, meta: body.meta })
    expect(body.meta.created).toBe(before.meta.created)
    expect(body.meta.version).not.toBe(before.meta.version)
    expect(headers.get('etag')).toBe(body.meta.version)
    expect((await fixture.send('GET', `/Users/${id}`)).body).toEqual(body)
  })

  test('§3.5.1: makes nobody new', async () => {
    const id = '00000000-0000-4000-8000-000000000000'
    const userName = newName()
    expect((await put(`/Users/${id}`, userBody(userName, { id }))).status).toBe(404)
    const { body } = await fixture.send('GET', `/Users?filter=userName%20eq%20"${userName}"`)
    expect(body.totalResults).toBe(0)
  })

  test.each<[string, Json]>([
    ['does not name', {}],
    ['names null', Object.fromEntries(Object.keys(full).map((name) => [name, null]))],
    [
      'names empty, as Okta does',
      { title: '', displayName: '', externalId: '', name: { givenName: '' }, emails: [] },
    ],
  ])('§3.5.1: clears what it %s', async (_, more) => {
    const before = await created('/Users', userBody(newName(), full))
    const { status, body } = await put(`/Users/${before.id}`, userBody(before.userName, more))
    expect(status).toBe(200)
    const names = ['active', 'id', 'meta', 'schemas', 'userName']
    expect(Object.keys(body).toSorted()).toEqual(names)
    expect(body.schemas).toEqual([userUrn])
  })

  test.each<[string, Json, Json, boolean | undefined]>([
    ['keeps active where it is not sent: dismissed', { active: false }, {}, false],
    ['keeps active where it is not sent: not', { active: true }, {}, true],
    ['brings back who is sent as active', { active: false }, { active: 'True' }, true],
    ['dismisses who is sent as inactive', { active: true }, { ACTIVE: 'false' }, false],
    ['unassigns active by null, which is inactive', { active: true }, { active: null }, undefined],
  ])('Okta: %s', async (_, before, sent, after) => {
    const { id, userName } = await created('/Users', userBody(newName(), before))
    expect((await put(`/Users/${id}`, userBody(userName, sent))).body.active).toBe(after)
  })

  test('Okta: takes the whole object back, readOnly attributes and all', async () => {
    const user = await created('/Users', userBody(newName(), full))
    const group = await created('/Groups', groupBody(`Staff ${made}`, [user.id]))
    const { body: read } = await fixture.send('GET', `/Users/${user.id}`)
    const meta = { resourceType: 'Device', version: 'W/"0"', location: 'https://elsewhere.example' }
    const back = { ...read, id: 'other', meta, groups: [], nickName: '' }
    const { status, body } = await put(`/Users/${user.id}`, back)
    expect([status, body]).toEqual([200, read])
    expect(body.groups).toMatchObject([{ value: group.id }])
  })

  test.each<[string, Json, string]>([
    ['§3.5.1: without userName', { schemas: [userUrn], title: 'x' }, 'invalidValue'],
    ['§3.5.1: with an empty userName', userBody(''), 'invalidValue'],
    ['RFC 7643 §3: without its schema', { userName: 'x' }, 'invalidSyntax'],
    ['RFC 7643 §3: with the schema of a group', groupBody('x'), 'invalidSyntax'],
    ['§3.12: with a value of another type', userBody('x', { name: 'Ann' }), 'invalidValue'],
  ])('%s is refused, and nothing of it is done', async (_, body, scimType) => {
    const before = await created('/Users', userBody(newName(), full))
    const { status, body: error } = await put(`/Users/${before.id}`, body)
    expect([status, error.scimType]).toEqual([400, scimType])
    expect((await fixture.send('GET', `/Users/${before.id}`)).body).toEqual(before)
  })

  test('§3.5.1: with a userName that is taken is a 409, its own in another case is not', async () => {
    const [first, second] = [
      await created('/Users', userBody(newName())),
      await created('/Users', userBody(newName())),
    ]
    const url = `/Users/${second.id}`
    const taken = await put(url, userBody(first.userName.toUpperCase()))
    expect([taken.status, taken.body.scimType]).toEqual([409, 'uniqueness'])
    const own = await put(url, userBody(second.userName.toUpperCase()))
    expect([own.status, own.body.userName]).toEqual([200, second.userName.toUpperCase()])
  })

  test('RFC 7643 §3.1: that changes nothing moves neither version nor lastModified', async () => {
    const before = await created('/Users', userBody(newName(), full))
    const { body } = await put(`/Users/${before.id}`, userBody(before.userName, full))
    expect(body).toEqual(before)
  })

  test('RFC 7643 §2.4: with two primary values keeps the first', async () => {
    const { id, userName } = await created('/Users', userBody(newName()))
    const two = [...emails, { type: 'home', value: 'b', primary: 'True' }]
    const { body } = await put(`/Users/${id}`, userBody(userName, { emails: two }))
    expect(body.emails).toEqual([...emails, { type: 'home', value: 'b', primary: false }])
  })

  test('keeps memberships, though nothing is said of them', async () => {
    const { id, userName } = await created('/Users', userBody(newName()))
    const group = await created('/Groups', groupBody(`Field ${made}`, [id]))
    for (const more of [{}, { groups: [] }, { groups: null }, { groups: [{ value: 'x' }] }]) {
      const { body } = await put(`/Users/${id}`, userBody(userName, more))
      expect(body.groups).toMatchObject([{ value: group.id, display: group.displayName }])
    }
  })
})

describe('a PUT of a group', () => {
  const valuesOf = async (id: string) => {
    const { body } = await fixture.send('GET', `/Groups/${id}`)
    return (body.members ?? []).map(({ value }: { value: string }) => value).toSorted()
  }

  test('§3.5.1: replaces the members by those that are sent, whether they are there or not', async () => {
    const { id, displayName } = await created('/Groups', groupBody(`Put ${++made}`, ['a', 'b']))
    const { status, body } = await put(`/Groups/${id}`, groupBody(displayName, ['b', 'c', 'c']))
    expect(status).toBe(200)
    expect(body.members).toHaveLength(2)
    expect(await valuesOf(id)).toEqual(['b', 'c'])
  })

  test.each<[string, Json]>([
    ['does not name them', {}],
    ['names none', { members: [] }],
    ['names null', { members: null }],
  ])('§3.5.1: empties the group where it %s', async (_, more) => {
    const displayName = `Put ${++made}`
    const { id } = await created('/Groups', groupBody(displayName, ['a', 'b']))
    const { status } = await put(`/Groups/${id}`, { schemas: [groupUrn], displayName, ...more })
    expect([status, await valuesOf(id)]).toEqual([200, []])
  })

  test('§3.5.1: without displayName is refused, and the members stay', async () => {
    const { id } = await created('/Groups', groupBody(`Put ${++made}`, ['a', 'b']))
    expect((await put(`/Groups/${id}`, groupBody(''))).status).toBe(400)
    const member = { schemas: [groupUrn], displayName: 'x', members: [{ display: 'nobody' }] }
    expect((await put(`/Groups/${id}`, member)).status).toBe(400)
    expect(await valuesOf(id)).toEqual(['a', 'b'])
  })

  test('Okta: an AIW app puts the list that it read, with display and $ref', async () => {
    const user = await created('/Users', userBody(newName()))
    const group = await created('/Groups', groupBody(`Put ${++made}`, [user.id]))
    const { status, body } = await put(`/Groups/${group.id}`, group)
    expect([status, body]).toEqual([200, group])
  })
})
