import { groupUrn, type Json, patchBody, userUrn } from '../scim-http/scim-fixture.ts'
import { type Cycle, eq, type Ids, listOf, type SentRequest, type Step } from './cycle.ts'

export const cara = 'cara@okta.acme.example'
export const dan = 'dan@okta.acme.example'

/**
 * What Okta's integration does: users by PUT, groups by PATCH, deactivation instead of deletion.
 * Bodies are those of "SCIM 2.0" in Okta's developer documentation.
 */
export function oktaCycle(): Cycle {
  return [...connection, ...users, ...groups, ...leaving]
}

const get = (path: string): SentRequest => ({ method: 'GET', path, headers: agent })
const agent = { 'user-agent': 'Okta SCIM Client 1.0.0' }
const post = (path: string, body: Json): SentRequest => ({
  method: 'POST',
  path,
  body,
  headers: agent,
})
const put = (path: string, body: Json): SentRequest => ({
  method: 'PUT',
  path,
  body,
  headers: agent,
})
const patch = (path: string, ...operations: readonly Json[]): SentRequest => ({
  method: 'PATCH',
  path,
  body: patchBody(...operations),
  headers: agent,
})
const match = (path: string, attribute: string, value: string): SentRequest =>
  get(`${path}?filter=${eq(attribute, value)}&startIndex=1&count=100`)

function personBody(userName: string, more: Json = {}): Json {
  const [name = ''] = userName.split('@')
  return {
    schemas: [userUrn],
    userName,
    name: { givenName: name, familyName: 'Okta' },
    emails: [{ primary: true, value: userName, type: 'work' }],
    displayName: `${name} Okta`,
    locale: 'en-US',
    externalId: `00u-${name}`,
    groups: [],
    active: true,
    ...more,
  }
}

/** The whole object back, as Okta makes it from a GET, readOnly attributes and "" included. */
function returned(ids: Ids, more: Json): Json {
  const body = personBody(cara, more)
  return {
    ...body,
    id: ids('cara'),
    name: { givenName: 'cara', familyName: 'Okta', middleName: '' },
    meta: { resourceType: 'User', version: 'W/"1"', location: 'https://elsewhere.example' },
  }
}

const connection: readonly Step[] = [
  {
    name: 'tests the connection with a small page',
    request: () => get('/Users?startIndex=1&count=2'),
    expect: { status: 200, body: { startIndex: 1, Resources: [] } },
  },
  {
    name: 'tests that a wrong token is refused',
    request: () => ({ ...get('/Users'), headers: { authorization: 'non-token' } }),
    expect: { status: 401, body: { status: '401' } },
  },
  {
    name: 'asks for a user who does not exist',
    request: () => get('/Users/00919288221112222'),
    expect: { status: 404, body: { status: '404' } },
  },
]

const users: readonly Step[] = [
  {
    name: 'looks for Cara before creating her',
    request: () => match('/Users', 'userName', cara),
    expect: { status: 200, body: listOf(0) },
    state: { [cara]: 'gone', [dan]: 'gone' },
  },
  {
    name: 'creates Cara with a password and her groups, which are ignored',
    request: () => post('/Users', personBody(cara, { password: '1mz050nq' })),
    expect: {
      status: 201,
      body: { userName: cara, active: true, emails: [{ value: cara, primary: true }] },
      check: ({ text }) => {
        if (text.includes('1mz050nq')) throw new Error('the password came back')
      },
    },
    remember: 'cara',
    state: { [cara]: { active: true, groups: [] } },
  },
  {
    name: 'creates Dan',
    request: () => post('/Users', personBody(dan)),
    expect: { status: 201 },
    remember: 'dan',
    state: { [dan]: { active: true, groups: [] } },
  },
  {
    name: 'creates Cara again and is told that she is there',
    request: () => post('/Users', personBody(cara)),
    expect: { status: 409, body: { scimType: 'uniqueness' } },
  },
  {
    name: 'puts the whole of Cara back with a new title',
    request: (ids) => put(`/Users/${ids('cara')}`, returned(ids, { title: 'Engineer' })),
    expect: {
      status: 200,
      body: (ids) => ({ id: ids('cara'), title: 'Engineer', active: true }),
      check: ({ body }) => {
        if ('middleName' in body.name) throw new Error('an empty string was kept')
      },
    },
  },
]

const groups: readonly Step[] = [
  {
    name: 'looks for the group before pushing it',
    request: () => match('/Groups', 'displayName', 'Field'),
    expect: { status: 200, body: listOf(0) },
  },
  {
    name: 'pushes an empty group',
    request: () => post('/Groups', { schemas: [groupUrn], displayName: 'Field', members: [] }),
    expect: { status: 201, body: { displayName: 'Field' } },
    remember: 'field',
  },
  {
    name: 'sends the name with every change of members',
    request: (ids) =>
      patch(
        `/Groups/${ids('field')}`,
        { op: 'replace', value: { id: ids('field'), displayName: 'Field' } },
        { op: 'add', path: 'members', value: [{ value: ids('cara'), display: cara }] },
      ),
    expect: { status: 200, body: (ids) => ({ members: [{ value: ids('cara') }] }) },
    state: { [cara]: { active: true, groups: ['Field'] } },
  },
  {
    name: 'swaps one member for another in one request',
    request: (ids) =>
      patch(
        `/Groups/${ids('field')}`,
        { op: 'remove', path: `members[value eq "${ids('cara')}"]` },
        { op: 'add', path: 'members', value: [{ value: ids('dan'), display: dan }] },
      ),
    expect: { status: 200, body: (ids) => ({ members: [{ value: ids('dan') }] }) },
    state: { [cara]: { active: true, groups: [] }, [dan]: { active: true, groups: ['Field'] } },
  },
  {
    name: 'pushes the whole list',
    request: (ids) => {
      const value = ['cara', 'dan'].map((name) => ({ value: ids(name), display: name }))
      return patch(`/Groups/${ids('field')}`, { op: 'replace', path: 'members', value })
    },
    expect: { status: 200 },
    state: { [cara]: { active: true, groups: ['Field'] } },
  },
  {
    name: 'puts Cara back with `groups: []`, which takes no membership',
    request: (ids) => put(`/Users/${ids('cara')}`, returned(ids, {})),
    expect: { status: 200 },
    state: { [cara]: { active: true, groups: ['Field'] } },
  },
  {
    name: 'renames the group',
    request: (ids) =>
      patch(`/Groups/${ids('field')}`, {
        op: 'replace',
        value: { id: ids('field'), displayName: 'Field Sales' },
      }),
    expect: { status: 200, body: { displayName: 'Field Sales' } },
    state: {
      [cara]: { active: true, groups: ['Field Sales'] },
      [dan]: { active: true, groups: ['Field Sales'] },
    },
  },
]

const leaving: readonly Step[] = [
  {
    name: 'deactivates Cara; her membership stays',
    request: (ids) => patch(`/Users/${ids('cara')}`, { op: 'replace', value: { active: false } }),
    expect: { status: 200, body: { active: false } },
    state: { [cara]: { active: false, groups: ['Field Sales'] } },
  },
  {
    name: 'puts Cara back without `active`, which does not bring her back',
    request: (ids) => {
      const { active: _, ...body } = returned(ids, {})
      return put(`/Users/${ids('cara')}`, body)
    },
    expect: { status: 200, body: { active: false } },
  },
  {
    name: 'imports everybody, inactive users too, in the order of before',
    request: () => get('/Users?startIndex=1&count=100'),
    expect: {
      status: 200,
      body: { totalResults: 2, Resources: [{ userName: cara, active: false }, { userName: dan }] },
    },
  },
  {
    name: 'reactivates Cara',
    request: (ids) => put(`/Users/${ids('cara')}`, returned(ids, { active: true })),
    expect: { status: 200, body: { active: true } },
    state: { [cara]: { active: true, groups: ['Field Sales'] } },
  },
  {
    name: 'puts the whole group, as custom apps do',
    request: (ids) =>
      put(`/Groups/${ids('field')}`, {
        schemas: [groupUrn],
        id: ids('field'),
        displayName: 'Field Sales',
        members: [{ value: ids('dan'), display: dan }],
      }),
    expect: { status: 200 },
    state: { [cara]: { active: true, groups: [] } },
  },
  {
    name: 'pushes the group when nobody is left in it',
    request: (ids) =>
      patch(`/Groups/${ids('field')}`, { op: 'replace', path: 'members', value: [] }),
    expect: { status: 200 },
    state: { [dan]: { active: true, groups: [] } },
  },
  {
    name: 'deletes the group when it is unlinked',
    request: (ids) => ({ method: 'DELETE', path: `/Groups/${ids('field')}`, headers: agent }),
    expect: { status: 204 },
  },
]
