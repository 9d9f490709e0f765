import { groupUrn, type Json, userUrn } from '../scim-http/scim-fixture.ts'
import type { Cycle } from './cycle.ts'
import { requestsWith } from './requests.ts'

const ida = 'ida@acme.example'
const { get, post, put, patch, remove } = requestsWith({})
const person = (more: Json = {}): Json => ({
  schemas: [userUrn],
  userName: ida,
  displayName: 'Ida',
  active: true,
  ...more,
})

/**
 * What is scripted against the SCIM API of Zscaler Private Access ("About SCIM APIs"): PUT and PATCH
 * for users and for groups, and groups in the order of their names.
 */
export function zscalerCycle(): Cycle {
  return [
    ...['/ServiceProviderConfig', '/ResourceTypes', '/Schemas'].map((path) => ({
      name: `reads ${path}`,
      request: () => get(path),
      expect: { status: 200 },
    })),
    {
      name: 'creates Ida',
      request: () => post('/Users', person()),
      expect: { status: 201 },
      remember: 'ida',
      state: { [ida]: { active: true, groups: [] } },
    },
    ...['Alpha', 'Beta'].map((displayName) => ({
      name: `creates the group ${displayName}`,
      request: () => post('/Groups', { schemas: [groupUrn], displayName }),
      expect: { status: 201 },
      remember: displayName,
    })),
    {
      name: 'reads the groups in the order of their names, and is answered',
      request: () => get('/Groups?sortBy=displayName&sortOrder=descending&startIndex=1&count=10'),
      expect: { status: 200, body: { totalResults: 2, itemsPerPage: 2, startIndex: 1 } },
    },
    {
      name: 'puts Ida into the first by PUT',
      request: (ids) =>
        put(`/Groups/${ids('Alpha')}`, {
          schemas: [groupUrn],
          displayName: 'Alpha',
          members: [{ value: ids('ida') }],
        }),
      expect: { status: 200 },
      state: { [ida]: { active: true, groups: ['Alpha'] } },
    },
    {
      name: 'and into the second by PATCH',
      request: (ids) =>
        patch(`/Groups/${ids('Beta')}`, {
          op: 'add',
          path: 'members',
          value: [{ value: ids('ida') }],
        }),
      expect: { status: 200 },
      state: { [ida]: { active: true, groups: ['Alpha', 'Beta'] } },
    },
    {
      name: 'changes Ida by PUT',
      request: (ids) => put(`/Users/${ids('ida')}`, person({ title: 'Boss' })),
      expect: { status: 200, body: { title: 'Boss', displayName: 'Ida' } },
    },
    {
      name: 'and by PATCH',
      request: (ids) =>
        patch(`/Users/${ids('ida')}`, { op: 'replace', value: { title: 'Chief', active: false } }),
      expect: { status: 200, body: { title: 'Chief', displayName: 'Ida' } },
      state: { [ida]: { active: false, groups: ['Alpha', 'Beta'] } },
    },
    {
      name: 'deletes a group',
      request: (ids) => remove(`/Groups/${ids('Beta')}`),
      expect: { status: 204 },
      state: { [ida]: { active: false, groups: ['Alpha'] } },
    },
    {
      name: 'deletes Ida',
      request: (ids) => remove(`/Users/${ids('ida')}`),
      expect: { status: 204 },
      state: { [ida]: 'gone' },
    },
  ]
}
