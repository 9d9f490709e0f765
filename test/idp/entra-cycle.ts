import {
  enterpriseUrn,
  groupUrn,
  type Json,
  patchBody,
  userUrn,
} from '../scim-http/scim-fixture.ts'
import { type Cycle, eq, type Ids, listOf, type SentRequest, type Step } from './cycle.ts'

/** `classic` is what Entra sends by default; the other comes with its flag in the tenant URL. */
export type EntraDialect = 'classic' | 'aadOptscim062020'

export const ann = 'ann@acme.example'
export const bob = 'bob@acme.example'

/**
 * One provisioning job of Microsoft Entra ID, from the test of the connection to the deletion of
 * everything. Bodies are those of "Develop a SCIM endpoint" and "SCIM 2.0 protocol compliance of
 * the provisioning service" in Microsoft Learn.
 */
export function entraCycle(dialect: EntraDialect): Cycle {
  const flagged = dialect === 'aadOptscim062020'
  const url = (path: string, query = '') => {
    const parts = [...(flagged ? ['aadOptscim062020'] : []), ...(query === '' ? [] : [query])]
    return `${path}${parts.length === 0 ? '' : `?${parts.join('&')}`}`
  }
  const get = (path: string, query = ''): SentRequest => ({ method: 'GET', path: url(path, query) })
  const post = (path: string, body: Json): SentRequest => ({
    method: 'POST',
    path: url(path),
    body,
  })
  const patch = (path: string, ...operations: readonly Json[]): SentRequest => {
    const body = patchBody(...operations)
    return { method: 'PATCH', path: url(path), body }
  }
  const remove = (path: string): SentRequest => ({ method: 'DELETE', path: url(path) })
  const setActive = (active: boolean): Json =>
    flagged
      ? { op: 'replace', path: 'active', value: active }
      : { op: 'Replace', path: 'active', value: active ? 'True' : 'False' }
  const changes: readonly Json[] = flagged
    ? [
        {
          op: 'replace',
          value: {
            displayName: 'Ann B. Smith',
            'name.givenName': 'Ann-Marie',
            [`${enterpriseUrn}:department`]: 'Treasury',
          },
        },
      ]
    : [
        { op: 'Replace', path: 'displayName', value: 'Ann B. Smith' },
        { op: 'Replace', path: 'name.givenName', value: 'Ann-Marie' },
        { op: 'Add', path: `${enterpriseUrn}:department`, value: 'Treasury' },
      ]
  const removeMember = (id: string): Json =>
    flagged
      ? { op: 'remove', path: `members[value eq "${id}"]` }
      : { op: 'Remove', path: 'members', value: [{ $ref: null, value: id }] }
  const isMember = (ids: Ids, name: string): SentRequest => {
    const filter = `id eq "${ids('staff')}" and members eq "${ids(name)}"`
    return get('/Groups', `attributes=id&filter=${encodeURIComponent(filter)}`)
  }
  const staffAnn = { active: true, groups: ['Staff'] }

  const connection: readonly Step[] = [
    {
      name: 'Test Connection asks for a user who cannot exist',
      request: () =>
        get('/Users', `filter=${eq('userName', 'f3b7e1a2-2f0d-4a34-9b7a-1c1f6c0f2d55')}`),
      expect: { status: 200, body: { ...listOf(0), Resources: [] } },
    },
    {
      name: 'and for a group who cannot exist',
      request: () =>
        get('/Groups', `excludedAttributes=members&filter=${eq('displayName', 'f3b7e1a2-2f0d')}`),
      expect: { status: 200, body: listOf(0) },
    },
  ]
  const users: readonly Step[] = [
    {
      name: 'looks for Ann before creating her',
      request: () => get('/Users', `filter=${eq('userName', ann)}`),
      expect: { status: 200, body: listOf(0) },
      state: { [ann]: 'gone', [bob]: 'gone' },
    },
    {
      name: 'creates Ann, naming the enterprise schema without sending it',
      request: () => post('/Users', annBody),
      expect: { status: 201, body: { userName: ann, active: true, externalId: 'ann-object-id' } },
      remember: 'ann',
      state: { [ann]: { active: true, groups: [] } },
    },
    {
      name: 'creates Bob with nulls, as older jobs do',
      request: () => post('/Users', bobBody),
      expect: {
        status: 201,
        check: ({ body, text }) => {
          if (text.includes('null') || 'title' in body) throw new Error(`a null in ${text}`)
        },
      },
      remember: 'bob',
      state: { [bob]: { active: true, groups: [] } },
    },
    {
      name: 'creates Ann again and is told that she is there',
      request: () => post('/Users', annBody),
      expect: { status: 409, body: { scimType: 'uniqueness', status: '409' } },
    },
    {
      name: 'finds Ann by her userName in another case',
      request: () => get('/Users', `filter=${eq('userName', ann.toUpperCase())}`),
      expect: {
        status: 200,
        body: (ids) => ({ totalResults: 1, Resources: [{ id: ids('ann') }] }),
      },
    },
    {
      name: 'finds Ann by externalId',
      request: () => get('/Users', `filter=${eq('externalId', 'ann-object-id')}`),
      expect: {
        status: 200,
        body: (ids) => ({ totalResults: 1, Resources: [{ id: ids('ann') }] }),
      },
    },
    {
      name: 'changes several attributes of Ann',
      request: (ids) => patch(`/Users/${ids('ann')}`, ...changes),
      expect: {
        status: 200,
        body: {
          displayName: 'Ann B. Smith',
          name: { givenName: 'Ann-Marie', familyName: 'Smith' },
          [enterpriseUrn]: { department: 'Treasury' },
        },
      },
    },
    {
      name: 'sets addresses and numbers that are not there yet',
      request: (ids) =>
        patch(
          `/Users/${ids('ann')}`,
          { op: 'Replace', path: 'emails[type eq "work"].value', value: 'ann@work.example' },
          { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+1 555 0100' },
          { op: 'Add', path: 'addresses[type eq "other"].Formatted', value: '1 Main St' },
        ),
      expect: {
        status: 200,
        body: {
          emails: [{ type: 'work', value: 'ann@work.example' }],
          phoneNumbers: [{ type: 'mobile', value: '+1 555 0100' }],
          addresses: [{ type: 'other', formatted: '1 Main St' }],
        },
      },
    },
    {
      name: 'finds Ann by her work e-mail',
      request: () =>
        get('/Users', `filter=${eq('emails[type eq "work"].value', 'ann@work.example')}`),
      expect: { status: 200, body: { totalResults: 1 } },
    },
    {
      name: 'gives Ann an app role',
      request: (ids) =>
        patch(`/Users/${ids('ann')}`, {
          op: 'Add',
          path: 'roles[primary eq "True"].value',
          value: 'Admin',
        }),
      expect: { status: 200, body: { roles: [{ primary: true, value: 'Admin' }] } },
    },
    {
      name: 'names Bob as her manager',
      request: (ids) =>
        patch(`/Users/${ids('ann')}`, {
          op: 'Add',
          path: `${enterpriseUrn}:manager`,
          value: ids('bob'),
        }),
      expect: {
        status: 200,
        body: (ids) => ({ [enterpriseUrn]: { manager: { value: ids('bob') } } }),
      },
    },
    {
      name: 'asks whether Bob is her manager',
      request: (ids) => {
        const filter = `id eq "${ids('ann')}" and manager eq "${ids('bob')}"`
        return get('/Users', `attributes=id&filter=${encodeURIComponent(filter)}`)
      },
      expect: { status: 200, body: { totalResults: 1 } },
    },
    {
      name: 'takes her manager away',
      request: (ids) =>
        patch(`/Users/${ids('ann')}`, {
          op: 'Remove',
          path: `${enterpriseUrn}:manager`,
          value: ids('bob'),
        }),
      expect: {
        status: 200,
        check: ({ body }) => {
          if (body[enterpriseUrn].manager !== undefined) throw new Error('manager is still there')
        },
      },
    },
  ]
  const groups: readonly Step[] = [
    {
      name: 'creates a group, naming a schema that nobody has',
      request: () => post('/Groups', staffBody),
      expect: { status: 201, body: { displayName: 'Staff', externalId: 'staff-object-id' } },
      remember: 'staff',
    },
    {
      name: 'creates the group again and is told that it is there',
      request: () => post('/Groups', staffBody),
      expect: { status: 409, body: { scimType: 'uniqueness' } },
    },
    {
      name: 'reads the group without its members',
      request: (ids) => get(`/Groups/${ids('staff')}`, 'excludedAttributes=members'),
      expect: { status: 200, body: { displayName: 'Staff' } },
    },
    {
      name: 'adds Ann and Bob in one operation',
      request: (ids) => {
        const value = ['ann', 'bob'].map((name) => ({ $ref: null, value: ids(name) }))
        return patch(`/Groups/${ids('staff')}`, { op: 'Add', path: 'members', value })
      },
      expect: { status: 200 },
      state: { [ann]: staffAnn, [bob]: { active: true, groups: ['Staff'] } },
    },
    {
      name: 'adds Ann once more, which is nothing',
      request: (ids) => {
        const value = [{ $ref: null, value: ids('ann') }]
        return patch(`/Groups/${ids('staff')}`, { op: 'Add', path: 'members', value })
      },
      expect: { status: 200 },
    },
    {
      name: 'asks whether Bob is a member: yes',
      request: (ids) => isMember(ids, 'bob'),
      expect: { status: 200, body: { totalResults: 1 } },
    },
    {
      name: 'removes Bob alone',
      request: (ids) => patch(`/Groups/${ids('staff')}`, removeMember(ids('bob'))),
      expect: { status: 200, body: (ids) => ({ members: [{ value: ids('ann') }] }) },
      state: { [bob]: { active: true, groups: [] } },
    },
    {
      name: 'asks whether Bob is a member: no',
      request: (ids) => isMember(ids, 'bob'),
      expect: { status: 200, body: { totalResults: 0 } },
    },
  ]
  const leaving: readonly Step[] = [
    {
      name: 'disables Ann; her membership stays for her return',
      request: (ids) => patch(`/Users/${ids('ann')}`, setActive(false)),
      expect: { status: 200, body: { active: false } },
      state: { [ann]: { active: false, groups: ['Staff'] } },
    },
    {
      name: 'still finds Ann while she is disabled',
      request: (ids) => get(`/Users/${ids('ann')}`),
      expect: { status: 200, body: { active: false } },
    },
    {
      name: 'restores Ann without sending her memberships again',
      request: (ids) => patch(`/Users/${ids('ann')}`, setActive(true)),
      expect: { status: 200, body: { active: true } },
      state: { [ann]: staffAnn },
    },
    {
      name: 'renames the group',
      request: (ids) =>
        patch(`/Groups/${ids('staff')}`, { op: 'Replace', path: 'displayName', value: 'Crew' }),
      expect: { status: 200, body: { displayName: 'Crew' } },
      state: { [ann]: { active: true, groups: ['Crew'] } },
    },
    {
      name: 'deletes Ann for good',
      request: (ids) => remove(`/Users/${ids('ann')}`),
      expect: { status: 204 },
      state: { [ann]: 'gone' },
    },
    {
      name: 'deletes Ann once more and is told that she is gone',
      request: (ids) => remove(`/Users/${ids('ann')}`),
      expect: { status: 404, body: { status: '404' } },
    },
    {
      name: 'sees the group without her',
      request: (ids) => get(`/Groups/${ids('staff')}`),
      expect: {
        status: 200,
        check: ({ body }) => {
          if (body.members !== undefined) throw new Error('a deleted user is a member')
        },
      },
    },
    {
      name: 'deletes the group',
      request: (ids) => remove(`/Groups/${ids('staff')}`),
      expect: { status: 204 },
    },
  ]
  return [...connection, ...users, ...groups, ...leaving]
}

const annBody: Json = {
  schemas: [userUrn, enterpriseUrn],
  externalId: 'ann-object-id',
  userName: ann,
  active: true,
  meta: { resourceType: 'User' },
  name: { formatted: 'Ann Smith', familyName: 'Smith', givenName: 'Ann' },
  roles: [],
}

const bobBody: Json = {
  schemas: [userUrn, enterpriseUrn],
  externalId: 'bob-object-id',
  userName: bob,
  active: 'True',
  addresses: null,
  displayName: null,
  emails: [{ value: bob, type: 'work', primary: 'True' }],
  meta: { resourceType: 'User' },
  name: { familyName: 'Jones', givenName: 'Bob' },
  title: null,
  department: null,
  manager: null,
}

const staffBody: Json = {
  schemas: [groupUrn, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
  externalId: 'staff-object-id',
  displayName: 'Staff',
  meta: { resourceType: 'Group' },
  members: [],
}
