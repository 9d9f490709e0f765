import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { text } from '../../src/directory/attribute-builders.ts'
import { createSchemaRegistry, type ExtensionSchema } from '../../src/directory/schema-registry.ts'
import {
  enterpriseUrn,
  groupUrn,
  type Json,
  patchBody,
  type ScimFixture,
  scimFixture,
  userUrn,
} from '../scim-http/scim-fixture.ts'
import { openDoor } from '../support/door.ts'
import { eq, listOf } from './cycle.ts'

/**
 * The shapes of Microsoft Entra ID that its cycle does not come by: older samples, mappings of an
 * administrator's own, app roles. Each is a request of "Develop a SCIM endpoint", "Customize
 * attribute mappings" or "SCIM 2.0 protocol compliance" in Microsoft Learn.
 */
const customUrn = 'urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User'
const custom: ExtensionSchema = {
  urn: customUrn,
  name: 'CustomExtensionName',
  description: "An administrator's own.",
  attributes: [text('CustomAttribute', 'Of text.')],
}

let fixture: ScimFixture
beforeAll(async () => {
  const registry = createSchemaRegistry([custom])
  fixture = await scimFixture({ registryOf: () => registry })
})
afterAll(() => fixture[Symbol.asyncDispose]())

let made = 0
const created = async (more: Json = {}) => {
  const body = { schemas: [userUrn], userName: `entra${++made}@acme.example`, ...more }
  const reply = await fixture.send('POST', '/Users', body)
  expect([reply.status, reply.text]).toEqual([201, reply.text])
  return reply.body
}
const patched = async (id: string, ...operations: readonly Json[]) => {
  const reply = await fixture.send('PATCH', `/Users/${id}`, patchBody(...operations))
  expect([reply.status, reply.text]).toEqual([200, reply.text])
  return reply.body
}

const adminRole = {
  primary: false,
  type: 'WindowsAzureActiveDirectoryRole',
  display: 'Admin',
  value: 'Admin',
}
const asText = (...values: readonly string[]) =>
  values.map((value) => ({
    value: JSON.stringify({ id: '06b07648-ecfe', value, displayName: value }),
  }))

describe('app roles', () => {
  test('SingleAppRoleAssignment: the primary role is created, and replaced by each of its parts', async () => {
    const role = { primary: true, type: 'WindowsAzureActiveDirectoryRole', value: 'Admin' }
    const { id, roles } = await created({ roles: [role] })
    expect(roles).toEqual([role])
    const path = (part: string) => `roles[primary eq "True"].${part}`
    const after = await patched(
      id,
      { op: 'Replace', path: path('value'), value: 'Reader' },
      { op: 'Add', path: path('display'), value: 'Reader' },
      { op: 'Add', path: path('type'), value: 'Custom' },
    )
    expect(after.roles).toEqual([
      { primary: true, type: 'Custom', value: 'Reader', display: 'Reader' },
    ])
  })

  test('SingleAppRoleAssignment: creates the primary role of who has none', async () => {
    const { id } = await created({ roles: [{ ...adminRole }] })
    const operation = { op: 'Add', path: 'roles[primary eq "True"].value', value: 'Reader' }
    expect((await patched(id, operation)).roles).toEqual([
      adminRole,
      { primary: true, value: 'Reader' },
    ])
  })

  test('AppRoleAssignmentsComplex: what PATCH has as JSON text are the roles that POST names', async () => {
    const { display: displayName, ...rest } = adminRole
    const posted = { ...rest, displayName }
    const { id, roles } = await created({ roles: [posted] })
    expect(roles).toEqual([adminRole])
    const operation = { op: 'Add', path: 'roles', value: asText('Admin', 'User') }
    const after = [adminRole, { value: 'User', display: 'User' }]
    expect((await patched(id, operation)).roles).toEqual(after)
    // Sent with every change, it changes nothing more.
    const { meta } = (await fixture.send('GET', `/Users/${id}`)).body
    expect((await patched(id, operation)).meta).toEqual(meta)
    expect(fixture.requests.at(-1)?.notes).toEqual([
      '`Operations[0].value[0]`: a role as JSON text is kept as its value',
      '`Operations[0].value[1]`: a role as JSON text is kept as its value',
    ])
  })

  test('AssertiveAppRoleAssignmentsComplex: replaces all roles', async () => {
    const { id } = await created({ roles: [adminRole] })
    const value = ['User', 'Test'].map((role) => ({ ...adminRole, display: role, value: role }))
    const { roles } = await patched(id, { op: 'replace', path: 'roles', value })
    expect(roles).toEqual(value)
    const asOlderJobs = await patched(id, { op: 'Replace', path: 'roles', value: asText('Test') })
    expect(asOlderJobs.roles).toEqual([{ value: 'Test', display: 'Test' }])
  })

  test('a rule on roles lets in who has the role by POST and by PATCH alike', async () => {
    await using door = await openDoor({ policy: adminsOnly })
    const decide = async () =>
      (await door.gateway.check({ user: 'ada@acme.example', app: 'wiki', timeoutMs: 5000 })).reason
    const user = { schemas: [userUrn], userName: 'ada@acme.example', active: true }
    const { body } = await door.scim('POST', '/Users', user)
    const patch = (operation: Json) => door.scim('PATCH', `/Users/${body.id}`, patchBody(operation))
    const decisions = [await decide()]
    await patch({ op: 'Add', path: 'roles', value: asText('Reader', 'Admin') })
    decisions.push(await decide())
    await patch({ op: 'Replace', path: 'roles', value: asText('Reader') })
    decisions.push(await decide())
    expect(decisions).toEqual(['NO_RULE', 'RULE', 'NO_RULE'])
  })
})

const adminsOnly = `
version: 1
applications: { wiki: { hosts: [wiki.acme.example] } }
rules:
  - { id: admins, effect: allow, apps: { names: [wiki] }, when: { user.roles.value: { in: [Admin] } } }
`

describe('manager', () => {
  const path = `${enterpriseUrn}:manager`
  test.each<[string, Json]>([
    ['the bare id, as the Validator sends it', { op: 'Add', path, value: 'm2' }],
    ['a list with $ref', { op: 'Replace', path, value: [{ $ref: null, value: 'm2' }] }],
    ['the object of the RFC', { op: 'Replace', path, value: { value: 'm2' } }],
    ['the sub-attribute', { op: 'Replace', path: `${path}.value`, value: 'm2' }],
    ['a key with a URN', { op: 'replace', value: { [path]: 'm2' } }],
    [
      'the name alone',
      { op: 'Add', path: 'manager', value: [{ $ref: '../Users/m2', value: 'm2' }] },
    ],
  ])('is replaced by %s', async (_, operation) => {
    const { id } = await created({
      [enterpriseUrn]: { manager: { value: 'm1', $ref: '../Users/m1' } },
    })
    const after = await patched(id, operation)
    expect(after[enterpriseUrn].manager).toMatchObject({ value: 'm2' })
    expect(after[enterpriseUrn].manager.$ref).not.toBe('../Users/m1')
  })

  test.each<[string, Json]>([
    ['a removal', { op: 'Remove', path }],
    ['a removal with the old value', { op: 'Remove', path, value: 'm1' }],
    ['an empty text', { op: 'Replace', path, value: '' }],
    ['null', { op: 'Replace', path, value: null }],
    ['an empty list', { op: 'Replace', path, value: [] }],
    ['a null within', { op: 'Replace', path, value: { value: null } }],
    ['a list of an empty one', { op: 'Replace', path, value: [{ $ref: null, value: '' }] }],
  ])('is taken away by %s', async (_, operation) => {
    const { id } = await created({ [enterpriseUrn]: { manager: { value: 'm1', $ref: 'x' } } })
    const after = await patched(id, operation)
    expect([after[enterpriseUrn], after.schemas]).toEqual([undefined, [userUrn]])
  })
})

describe('a removal with the old value', () => {
  test.each([
    ['emails[type eq "work"].value', 'emails'],
    ['phoneNumbers[type eq "mobile"].value', 'phoneNumbers'],
    ['name.givenName', 'name'],
    ['title', 'title'],
    [`${enterpriseUrn}:department`, enterpriseUrn],
  ])('of %s removes, and never sets (AzureAD/SCIMReferenceCode#87)', async (path, name) => {
    const { id } = await created()
    const set = await patched(id, { op: 'Add', path, value: 'old' })
    expect(name in set).toBe(true)
    expect(name in (await patched(id, { op: 'Remove', path, value: 'old' }))).toBe(false)
    expect(name in (await patched(id, { op: 'Remove', path, value: 'new' }))).toBe(false)
  })
})

describe('what is not there yet is created by Add and by Replace', () => {
  const paths = [
    ...['work', 'home', 'other'].map((type) => `emails[type eq "${type}"].value`),
    ...['work', 'mobile', 'fax', 'home', 'other', 'pager'].map(
      (type) => `phoneNumbers[type eq "${type}"].value`,
    ),
    ...['streetAddress', 'locality', 'region', 'postalCode', 'country', 'formatted'].map(
      (part) => `addresses[type eq "work"].${part}`,
    ),
    'addresses[type eq "other"].Formatted',
    'ims[type eq "skype"].value',
    'roles[primary eq "True"].display',
  ]
  test.each(['Add', 'Replace'])('%s', async (op) => {
    const { id } = await created()
    const operations = paths.map((path) => ({ op, path, value: `${path} value` }))
    const after = await patched(id, ...operations)
    expect(after.emails.map(({ type }: Json) => type)).toEqual(['work', 'home', 'other'])
    expect(after.phoneNumbers).toHaveLength(6)
    expect(after.addresses).toEqual([
      expect.objectContaining({ type: 'work', region: 'addresses[type eq "work"].region value' }),
      { type: 'other', formatted: 'addresses[type eq "other"].Formatted value' },
    ])
    expect(after.roles).toEqual([{ primary: true, display: expect.any(String) }])
    // Again, each is found and none is added.
    expect(await patched(id, ...operations)).toEqual(after)
  })
})

describe('extensions', () => {
  test("an administrator's own come without their URN in `schemas`, and by a path with version dots", async () => {
    const user = await created({ [customUrn]: { CustomAttribute: '701984' } })
    expect(user[customUrn]).toEqual({ CustomAttribute: '701984' })
    expect(user.schemas).toEqual([userUrn, customUrn])
    const path = `${customUrn}:CustomAttribute`
    const replaced = await patched(user.id, { op: 'Replace', path, value: 'x' })
    expect(replaced[customUrn]).toEqual({ CustomAttribute: 'x' })
    const flagged = await patched(user.id, { op: 'replace', value: { [path]: 'y', title: 't' } })
    expect([flagged[customUrn], flagged.title]).toEqual([{ CustomAttribute: 'y' }, 't'])
    const { body } = await fixture.send('GET', `/Users?filter=${eq(path, 'Y')}`)
    expect(body).toMatchObject({ ...listOf(1), Resources: [{ id: user.id }] })
    expect((await patched(user.id, { op: 'Remove', path })).schemas).toEqual([userUrn])
  })

  test('one that nobody knows is passed over and said so, and the rest counts', async () => {
    const unknown = 'urn:ietf:params:scim:schemas:extension:Other:2.0:User'
    const user = await created({ title: 't', [unknown]: { a: 'b' } })
    expect([user.title, unknown in user]).toEqual(['t', false])
    const after = await patched(
      user.id,
      { op: 'Add', path: `${unknown}:a`, value: 'b' },
      { op: 'Add', path: 'nickName', value: 'n' },
    )
    expect(after.nickName).toBe('n')
    expect(fixture.requests.at(-1)?.notes).toMatchObject([
      expect.stringContaining('unknown attribute'),
    ])
  })

  test('the enterprise one may be named in `schemas` and not be there', async () => {
    const user = await created({ schemas: [userUrn, enterpriseUrn] })
    expect(user.schemas).toEqual([userUrn])
  })

  test('its attributes count outside of it, in POST, PUT and PATCH', async () => {
    const user = await created({ department: 'IT', manager: null, costCenter: '1' })
    expect(user[enterpriseUrn]).toEqual({ department: 'IT', costCenter: '1' })
    const body = { schemas: [userUrn], userName: user.userName, department: 'HR' }
    const put = await fixture.send('PUT', `/Users/${user.id}`, body)
    expect(put.body[enterpriseUrn]).toEqual({ department: 'HR' })
    const after = await patched(user.id, { op: 'Replace', path: 'department', value: 'Sales' })
    expect(after[enterpriseUrn]).toEqual({ department: 'Sales' })
  })
})

describe('groups', () => {
  test('are found by externalId, in its own case alone', async () => {
    const body = { schemas: [groupUrn], displayName: 'Ext', externalId: 'Object-Id', members: [] }
    const { body: group } = await fixture.send('POST', '/Groups', body)
    const found = async (value: string) =>
      (await fixture.send('GET', `/Groups?filter=${eq('externalId', value)}`)).body
    expect(await found('Object-Id')).toMatchObject({ ...listOf(1), Resources: [{ id: group.id }] })
    expect(await found('object-id')).toMatchObject(listOf(0))
  })

  test('take hundreds of members in one operation, several at a time, and lose one', async () => {
    const { body: group } = await fixture.send('POST', '/Groups', {
      schemas: [groupUrn],
      displayName: 'Many',
    })
    const value = Array.from({ length: 150 }, (_, at) => ({ $ref: null, value: `member-${at}` }))
    const url = `/Groups/${group.id}`
    const add = { op: 'Add', path: 'members', value }
    expect((await fixture.send('PATCH', url, patchBody(add, add))).body.members).toHaveLength(150)
    const one = { op: 'Remove', path: 'members', value: [{ $ref: null, value: 'member-7' }] }
    expect((await fixture.send('PATCH', url, patchBody(one))).body.members).toHaveLength(149)
  })
})

test('unknown parameters of the URL are ignored, wherever the flag stands', async () => {
  const flags = ['aadOptscim062020', 'AzureAdScimPatch2017', 'aadOptscim062020=true&x=y']
  const { id, userName } = await created()
  for (const flag of flags) {
    const found = await fixture.send('GET', `/Users?${flag}&filter=${eq('userName', userName)}`)
    expect(found.body.totalResults).toBe(1)
    const body = patchBody({ op: 'Replace', path: 'active', value: 'False' })
    expect((await fixture.send('PATCH', `/Users/${id}?${flag}`, body)).status).toBe(200)
    expect((await fixture.send('GET', `/Users/${id}/?${flag}`)).body.active).toBe(false)
  }
})
