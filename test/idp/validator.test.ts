import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  enterpriseUrn,
  groupUrn,
  type Json,
  patchBody,
  type Reply,
  type ScimFixture,
  scimFixture,
  userUrn,
} from '../scim-http/scim-fixture.ts'
import { eq, listOf } from './cycle.ts'

/**
 * The tests of Microsoft's SCIM Validator, which can be had as a web page alone, as its published
 * logs show them: random texts everywhere, and after each write the resource must hold every value
 * as it was sent.
 */
let fixture: ScimFixture
beforeAll(async () => {
  fixture = await scimFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

const send = (...request: Parameters<ScimFixture['send']>) => fixture.send(...request)
const nobody = 'ZKPJXOYAQNFM'
let counter = 0
/** A text as the Validator makes them, whatever the attribute is. */
const random = () => `VDKNQWZTRLSB${counter++}`

const addressParts = ['formatted', 'streetAddress', 'locality', 'region', 'postalCode', 'country']
const nameParts = [
  'formatted',
  'familyName',
  'givenName',
  'middleName',
  'honorificPrefix',
  'honorificSuffix',
]
const texts = [
  'externalId',
  'displayName',
  'nickName',
  'profileUrl',
  'title',
  'userType',
  'preferredLanguage',
  'locale',
  'timezone',
]
const enterpriseTexts = ['employeeNumber', 'costCenter', 'organization', 'division', 'department']
const randomOf = (names: readonly string[]): Json =>
  Object.fromEntries(names.map((name) => [name, random()]))

function fullUser(): Json {
  return {
    schemas: [userUrn, enterpriseUrn],
    userName: `${random()}@acme.example`,
    active: true,
    ...randomOf(texts),
    name: randomOf(nameParts),
    emails: [{ type: 'work', value: 'kari@acme.example', primary: true }],
    phoneNumbers: ['work', 'mobile', 'fax'].map((type, at) => ({
      type,
      value: random(),
      primary: at === 0,
    })),
    addresses: [{ type: 'work', ...randomOf(addressParts), primary: true }],
    roles: [{ primary: true, display: random(), value: random(), type: random() }],
    [enterpriseUrn]: { ...randomOf(enterpriseTexts), manager: { value: random() } },
  }
}
const minimalUser = () => ({ schemas: [userUrn], userName: `${random()}@acme.example` })
const fullGroup = (): Json => ({
  schemas: [groupUrn],
  displayName: random(),
  externalId: random(),
})

async function created(endpoint: '/Users' | '/Groups', body: Json): Promise<Json & { id: string }> {
  const { status, body: answer } = await send('POST', endpoint, body)
  expect(status).toBe(201)
  return answer
}

/** The resource, read again, holds all that is named, to the letter. */
async function expectStored(url: string, wanted: Json) {
  const { status, body } = await send('GET', url)
  expect(status).toBe(200)
  for (const [name, value] of Object.entries(wanted)) expect(body[name]).toEqual(value)
}

const find = (endpoint: string, path: string, value: string, more = '') =>
  send('GET', `${endpoint}?filter=${eq(path, value)}${more}`)
const ids = ({ body }: Reply) => body.Resources.map(({ id }: { id: string }) => id)
const replaceAll = (values: Json) =>
  patchBody(...Object.entries(values).map(([path, value]) => ({ op: 'replace', path, value })))

describe('Users', () => {
  test('a new user is answered with everything that was sent', async () => {
    const sent = fullUser()
    const { status, body } = await send('POST', '/Users', sent)
    expect(status).toBe(201)
    expect(body).toEqual({ ...sent, id: expect.any(String), meta: expect.any(Object) })
    await expectStored(`/Users/${body.id}`, sent)
  })

  test('a role that is primary by the string "True" creates the user all the same', async () => {
    const roles = [{ primary: 'True', value: random() }]
    const { roles: kept } = await created('/Users', { ...minimalUser(), roles })
    expect(kept).toEqual([{ ...roles[0], primary: true }])
  })

  test('the same user again is a 409', async () => {
    const user = fullUser()
    await created('/Users', user)
    const { status, body } = await send('POST', '/Users', user)
    expect([status, body.scimType]).toEqual([409, 'uniqueness'])
  })

  test('is found by userName, in another case too, and nobody is where nobody is', async () => {
    const { id, userName } = await created('/Users', fullUser())
    expect(ids(await find('/Users', 'userName', String(userName)))).toEqual([id])
    const lower = String(userName).toLowerCase()
    expect(ids(await find('/Users', 'userName', lower))).toEqual([id])
    const none = await find('/Users', 'userName', nobody)
    expect([none.status, none.body]).toMatchObject([200, { ...listOf(0), Resources: [] }])
  })

  test('has every attribute replaced by one PATCH', async () => {
    const { id } = await created('/Users', fullUser())
    const values: Json = {
      'emails[type eq "work"].value': 'new@acme.example',
      'emails[type eq "work"].primary': true,
      'phoneNumbers[type eq "mobile"].value': random(),
      'addresses[type eq "work"].locality': random(),
      'roles[primary eq "True"].value': random(),
      ...randomOf(nameParts.map((part) => `name.${part}`)),
      ...randomOf(texts),
      ...randomOf(enterpriseTexts.map((name) => `${enterpriseUrn}:${name}`)),
    }
    expect((await send('PATCH', `/Users/${id}`, replaceAll(values))).status).toBe(200)
    await expectStored(
      `/Users/${id}`,
      Object.fromEntries(texts.map((name) => [name, values[name]])),
    )
    const { body } = await send('GET', `/Users/${id}`)
    expect(body.name).toEqual(
      Object.fromEntries(nameParts.map((part) => [part, values[`name.${part}`]])),
    )
    expect(body.emails).toEqual([{ type: 'work', value: 'new@acme.example', primary: true }])
    expect(body.roles).toMatchObject([{ value: values['roles[primary eq "True"].value'] }])
    expect(body.addresses[0].locality).toBe(values['addresses[type eq "work"].locality'])
    expect(body[enterpriseUrn].department).toBe(values[`${enterpriseUrn}:department`])
  })

  test('has its userName replaced, and is found by the new one alone', async () => {
    const { id, userName } = await created('/Users', minimalUser())
    const renamed = `${random()}@acme.example`
    const patch = patchBody({ op: 'replace', path: 'userName', value: renamed })
    expect((await send('PATCH', `/Users/${id}`, patch)).status).toBe(200)
    expect(ids(await find('/Users', 'userName', renamed))).toEqual([id])
    expect(ids(await find('/Users', 'userName', String(userName)))).toEqual([])
  })

  test.each([false, 'False'])('is disabled by %j, and still there', async (value) => {
    const { id } = await created('/Users', fullUser())
    const patch = patchBody({ op: 'replace', path: 'active', value })
    expect((await send('PATCH', `/Users/${id}`, patch)).status).toBe(200)
    await expectStored(`/Users/${id}`, { active: false })
  })

  test('takes 36 additions at once, from a name and nothing else', async () => {
    const { id } = await created('/Users', minimalUser())
    const elements: Record<string, Json> = {
      'emails[type eq "work"]': { value: 'add@acme.example', primary: true },
      'phoneNumbers[type eq "work"]': { value: random(), primary: true },
      'phoneNumbers[type eq "mobile"]': { value: random() },
      'phoneNumbers[type eq "fax"]': { value: random() },
      'addresses[type eq "work"]': { ...randomOf(addressParts), primary: true },
      'roles[primary eq "True"]': { display: random(), value: random(), type: random() },
    }
    const values: Json = {
      ...randomOf(texts),
      ...randomOf(nameParts.map((part) => `name.${part}`)),
      ...Object.fromEntries(
        Object.entries(elements).flatMap(([path, element]) =>
          Object.entries(element).map(([name, value]) => [`${path}.${name}`, value]),
        ),
      ),
      ...randomOf(enterpriseTexts.map((name) => `${enterpriseUrn}:${name}`)),
    }
    const additions = Object.entries(values).map(([path, value]) => ({ op: 'add', path, value }))
    expect(additions).toHaveLength(36)
    const { status } = await send('PATCH', `/Users/${id}`, patchBody(...additions))
    expect(status).toBe(200)
    const [mail, ...others] = Object.values(elements)
    await expectStored(`/Users/${id}`, {
      active: true,
      ...Object.fromEntries(texts.map((name) => [name, values[name]])),
      name: Object.fromEntries(nameParts.map((part) => [part, values[`name.${part}`]])),
      emails: [{ type: 'work', ...mail }],
      phoneNumbers: ['work', 'mobile', 'fax'].map((type, at) => ({ type, ...others[at] })),
      addresses: [{ type: 'work', ...others[3] }],
      roles: [{ primary: true, ...others[4] }],
      [enterpriseUrn]: Object.fromEntries(
        enterpriseTexts.map((name) => [name, values[`${enterpriseUrn}:${name}`]]),
      ),
    })
  })

  test('has a manager added, replaced and removed', async () => {
    const { id } = await created('/Users', minimalUser())
    const [first, second] = [
      await created('/Users', minimalUser()),
      await created('/Users', minimalUser()),
    ]
    const path = `${enterpriseUrn}:manager`
    const steps = [
      [{ op: 'add', path, value: first.id }, { manager: { value: first.id } }],
      [{ op: 'replace', path, value: second.id }, { manager: { value: second.id } }],
      [{ op: 'remove', path }, undefined],
    ] as const
    for (const [operation, wanted] of steps) {
      expect((await send('PATCH', `/Users/${id}`, patchBody(operation))).status).toBe(200)
      await expectStored(`/Users/${id}`, { [enterpriseUrn]: wanted })
    }
  })

  test('takes several operations on one attribute, the last of which counts', async () => {
    const { id } = await created('/Users', minimalUser())
    const [first, last] = [random(), random()]
    const operation = (value: string) => ({ op: 'replace', path: 'title', value })
    await send('PATCH', `/Users/${id}`, patchBody(operation(first), operation(last)))
    await expectStored(`/Users/${id}`, { title: last })
  })

  test('is deleted once; then, and whoever never was, is a 404', async () => {
    const { id } = await created('/Users', fullUser())
    expect((await send('DELETE', `/Users/${id}`)).status).toBe(204)
    expect((await send('GET', `/Users/${id}`)).status).toBe(404)
    expect((await send('DELETE', `/Users/${id}`)).status).toBe(404)
    expect((await send('DELETE', `/Users/${crypto.randomUUID()}`)).status).toBe(404)
  })
})

describe('Groups', () => {
  test('a new group is answered with everything that was sent, once', async () => {
    const sent = fullGroup()
    const { id, meta, ...rest } = await created('/Groups', sent)
    expect(rest).toEqual(sent)
    const { status, body } = await send('POST', '/Groups', sent)
    expect([status, body.scimType]).toEqual([409, 'uniqueness'])
  })

  test('is read by its id and by a filter without its members', async () => {
    const member = await created('/Users', minimalUser())
    const { id, displayName } = await created('/Groups', {
      ...fullGroup(),
      members: [{ value: member.id }],
    })
    const { body } = await send('GET', `/Groups/${id}?excludedAttributes=members`)
    expect([body.id, 'members' in body]).toEqual([id, false])
    const more = '&excludedAttributes=members'
    const found = await find('/Groups', 'displayName', String(displayName), more)
    expect(found.body.Resources).toMatchObject([{ id, displayName }])
    expect(found.text).not.toContain('members')
  })

  test('is found by displayName, in another case too, and none is where none is', async () => {
    const { id, displayName } = await created('/Groups', fullGroup())
    const lower = String(displayName).toLowerCase()
    expect(ids(await find('/Groups', 'displayName', String(displayName)))).toEqual([id])
    expect(ids(await find('/Groups', 'displayName', lower))).toEqual([id])
    expect((await find('/Groups', 'displayName', nobody)).body).toMatchObject(listOf(0))
  })

  test('has its attributes replaced, together and each for itself', async () => {
    const { id } = await created('/Groups', fullGroup())
    const both = randomOf(['displayName', 'externalId'])
    for (const values of [both, randomOf(['displayName']), randomOf(['externalId'])]) {
      const { status } = await send('PATCH', `/Groups/${id}`, replaceAll(values))
      expect([200, 204]).toContain(status)
      await expectStored(`/Groups/${id}`, values)
    }
  })

  test('has a member added and removed', async () => {
    const { id } = await created('/Groups', fullGroup())
    const member = await created('/Users', minimalUser())
    const add = { op: 'add', path: 'members', value: [{ value: member.id }] }
    expect([200, 204]).toContain((await send('PATCH', `/Groups/${id}`, patchBody(add))).status)
    await expectStored(`/Groups/${id}`, {
      members: [expect.objectContaining({ value: member.id, type: 'User' })],
    })
    const remove = { op: 'remove', path: `members[value eq "${member.id}"]` }
    expect([200, 204]).toContain((await send('PATCH', `/Groups/${id}`, patchBody(remove))).status)
    await expectStored(`/Groups/${id}`, { members: undefined })
    await send('PATCH', `/Groups/${id}`, patchBody(add, remove))
    await expectStored(`/Groups/${id}`, { members: undefined })
  })

  test('is deleted once; then, and what never was, is a 404', async () => {
    const { id } = await created('/Groups', fullGroup())
    expect((await send('DELETE', `/Groups/${id}`)).status).toBe(204)
    expect((await send('GET', `/Groups/${id}`)).status).toBe(404)
    expect((await send('DELETE', `/Groups/${id}`)).status).toBe(404)
    expect((await send('DELETE', `/Groups/${crypto.randomUUID()}`)).status).toBe(404)
  })
})
