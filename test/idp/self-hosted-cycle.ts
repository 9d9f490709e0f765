import { groupUrn, type Json, userUrn } from '../scim-http/scim-fixture.ts'
import { type Cycle, listOf } from './cycle.ts'
import { must, requestsWith } from './requests.ts'

const hal = 'hal@acme.example'
const { get, find, post, put, patch, remove } = requestsWith({})

const person: Json = {
  schemas: [userUrn],
  userName: hal,
  externalId: 'uid-hal',
  name: { formatted: 'Hal', givenName: 'Hal', familyName: '' },
  displayName: 'Hal',
  photos: null,
  emails: [{ value: hal, type: 'other', primary: true }],
  active: true,
  locale: null,
  enterprise_user: null,
}

/**
 * Those that people run themselves: authentik (goauthentik/authentik#23950: older versions have the
 * readOnly `id` in the value of a PATCH, and a null path), Keycloak and WSO2 Identity Server
 * (wso2/product-is#5333: an `add` without a path that says `members` again).
 */
export function selfHostedCycle(): Cycle {
  const join = (id: string, ref: string): Json => ({
    op: 'add',
    value: { members: [{ display: hal, value: id, $ref: ref }] },
  })
  return [
    {
      name: 'authentik reads what the server can do',
      request: () => get('/ServiceProviderConfig'),
      expect: { status: 200, body: { patch: { supported: true }, filter: { supported: true } } },
    },
    {
      name: 'looks for Hal',
      request: () => find('/Users', 'userName', hal),
      expect: { status: 200, body: listOf(0) },
      state: { [hal]: 'gone' },
    },
    {
      name: 'authentik creates Hal, nulls and unknown names included',
      request: () => post('/Users', person),
      expect: {
        status: 201,
        check: ({ text }) => must(!text.includes('null'), `a null in ${text}`),
      },
      remember: 'hal',
      state: { [hal]: { active: true, groups: [] } },
    },
    {
      name: 'authentik creates a group with an externalId',
      request: () =>
        post('/Groups', {
          schemas: [groupUrn],
          displayName: 'Hosts',
          externalId: 'gid',
          members: null,
        }),
      expect: { status: 201, body: { externalId: 'gid' } },
      remember: 'hosts',
    },
    {
      name: 'authentik renames it, with its id in the value and a null path',
      request: (ids) =>
        patch(`/Groups/${ids('hosts')}`, {
          op: 'replace',
          path: null,
          value: { id: ids('hosts'), displayName: 'Hosters', externalId: 'gid' },
        }),
      expect: { status: 200, body: (ids) => ({ id: ids('hosts'), displayName: 'Hosters' }) },
    },
    {
      name: 'authentik adds Hal',
      request: (ids) =>
        patch(`/Groups/${ids('hosts')}`, {
          op: 'add',
          path: 'members',
          value: [{ value: ids('hal') }],
        }),
      expect: { status: 200 },
      state: { [hal]: { active: true, groups: ['Hosters'] } },
    },
    {
      name: 'WSO2 adds Hal twice without a path, who is one member',
      request: (ids) => {
        const ref = `https://localhost:9443/scim2/Users/${ids('hal')}`
        return patch(`/Groups/${ids('hosts')}`, join(ids('hal'), ref), join(ids('hal'), ref))
      },
      expect: {
        status: 200,
        check: ({ body, text }) => must(body.members.length === 1, `not one member: ${text}`),
      },
    },
    {
      name: 'authentik removes Hal by a filter',
      request: (ids) =>
        patch(`/Groups/${ids('hosts')}`, {
          op: 'remove',
          path: `members[value eq "${ids('hal')}"]`,
        }),
      expect: { status: 200 },
      state: { [hal]: { active: true, groups: [] } },
    },
    {
      name: 'authentik puts Hal as inactive',
      request: (ids) => put(`/Users/${ids('hal')}`, { ...person, id: ids('hal'), active: false }),
      expect: { status: 200, body: { active: false } },
      state: { [hal]: { active: false, groups: [] } },
    },
    {
      name: 'Keycloak enables Hal by a value without a path',
      request: (ids) => patch(`/Users/${ids('hal')}`, { op: 'replace', value: { active: true } }),
      expect: { status: 200, body: { active: true } },
      state: { [hal]: { active: true, groups: [] } },
    },
    {
      name: 'Keycloak puts Hal into the group again without a path',
      request: (ids) => patch(`/Groups/${ids('hosts')}`, join(ids('hal'), 'x')),
      expect: { status: 200 },
      state: { [hal]: { active: true, groups: ['Hosters'] } },
    },
    {
      name: 'deletes Hal',
      request: (ids) => remove(`/Users/${ids('hal')}`),
      expect: { status: 204 },
      state: { [hal]: 'gone' },
    },
  ]
}
