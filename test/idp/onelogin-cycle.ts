import { enterpriseUrn, groupUrn, type Json, userUrn } from '../scim-http/scim-fixture.ts'
import { type Cycle, type Ids, listOf } from './cycle.ts'
import { must, requestsWith } from './requests.ts'

const eve = 'eve@acme.example'
const max = 'max@acme.example'
/** Its User-Agent is empty. */
const { find, post, put, patch, remove } = requestsWith({ 'user-agent': '' })

/**
 * OneLogin, "SCIM Provisioner with SAML (SCIM v2 Enterprise)". The body is a template of the
 * administrator's own, here the one of doc.keepnetlabs.com: every value is rendered into a text,
 * `id` is null, the manager has SCIM 1.1's name, and the enterprise schema is not in `schemas`.
 */
function template(userName: string, values: Record<string, string>): Json {
  return {
    [enterpriseUrn]: {
      department: values.department ?? '',
      manager: { managerId: values.managerId ?? '', displayName: values.managerName ?? ' ' },
    },
    active: values.active ?? 'true',
    emails: [{ value: userName, type: 'work', primary: true }],
    meta: { resourceType: 'User' },
    name: { familyName: 'One', givenName: 'Eve', formatted: values.formatted ?? '' },
    userName,
    id: null,
    schemas: [userUrn],
  }
}

const members = (ids: Ids, ...names: readonly string[]) =>
  names.map((name) => ({ value: ids(name) }))

export function oneLoginCycle(): Cycle {
  return [
    {
      name: 'looks for Eve before creating her',
      request: () => find('/Users', 'userName', eve),
      expect: { status: 200, body: listOf(0) },
      state: { [eve]: 'gone', [max]: 'gone' },
    },
    {
      name: 'creates Max, whose manager and department are empty texts',
      request: () => post('/Users', template(max, {})),
      expect: {
        status: 201,
        body: { active: true, schemas: [userUrn] },
        check: ({ body, text }) => {
          must(!(enterpriseUrn in body), `an empty extension was kept: ${text}`)
          must(!('formatted' in body.name), `an empty text was kept: ${text}`)
        },
      },
      remember: 'max',
      state: { [max]: { active: true, groups: [] } },
    },
    {
      name: 'creates Eve, whose manager is named as in SCIM 1.1',
      request: (ids) =>
        post(
          '/Users',
          template(eve, { department: 'IT', managerId: ids('max'), managerName: 'Max' }),
        ),
      expect: {
        status: 201,
        body: (ids) => ({
          schemas: [userUrn, enterpriseUrn],
          active: true,
          [enterpriseUrn]: { department: 'IT', manager: { value: ids('max') } },
        }),
        check: ({ body }) => must(typeof body.id === 'string', 'the null id was kept'),
      },
      remember: 'eve',
      state: { [eve]: { active: true, groups: [] } },
    },
    {
      name: 'puts Eve with a null id, which stays hers',
      request: (ids) => put(`/Users/${ids('eve')}`, template(eve, { department: 'HR' })),
      expect: {
        status: 200,
        body: (ids) => ({ id: ids('eve'), [enterpriseUrn]: { department: 'HR' } }),
        check: ({ body }) => must(!body[enterpriseUrn].manager, 'the manager is still there'),
      },
    },
    {
      name: 'creates a group',
      request: () => post('/Groups', { schemas: [groupUrn], displayName: 'OneTeam' }),
      expect: { status: 201 },
      remember: 'team',
    },
    {
      name: 'adds both by PATCH',
      request: (ids) =>
        patch(`/Groups/${ids('team')}`, {
          op: 'add',
          path: 'members',
          value: members(ids, 'eve', 'max'),
        }),
      expect: { status: 200 },
      state: {
        [eve]: { active: true, groups: ['OneTeam'] },
        [max]: { active: true, groups: ['OneTeam'] },
      },
    },
    {
      name: 'replaces the members by PATCH',
      request: (ids) =>
        patch(`/Groups/${ids('team')}`, {
          op: 'replace',
          path: 'members',
          value: members(ids, 'eve'),
        }),
      expect: { status: 200 },
      state: { [max]: { active: true, groups: [] } },
    },
    {
      name: 'suspends Eve by PATCH',
      request: (ids) =>
        patch(`/Users/${ids('eve')}`, { op: 'replace', path: 'active', value: false }),
      expect: { status: 200, body: { active: false } },
      state: { [eve]: { active: false, groups: ['OneTeam'] } },
    },
    {
      name: 'puts Eve as active, a text again',
      request: (ids) => put(`/Users/${ids('eve')}`, template(eve, { active: 'true' })),
      expect: { status: 200, body: { active: true } },
      state: { [eve]: { active: true, groups: ['OneTeam'] } },
    },
    {
      name: 'puts Eve as inactive, a text too',
      request: (ids) => put(`/Users/${ids('eve')}`, template(eve, { active: 'False' })),
      expect: { status: 200, body: { active: false } },
      state: { [eve]: { active: false, groups: ['OneTeam'] } },
    },
    {
      name: 'deletes Eve',
      request: (ids) => remove(`/Users/${ids('eve')}`),
      expect: { status: 204 },
      state: { [eve]: 'gone' },
    },
  ]
}
