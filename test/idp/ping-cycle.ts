import { groupUrn, type Json, userUrn } from '../scim-http/scim-fixture.ts'
import { type Cycle, listOf } from './cycle.ts'
import { must, requestsWith } from './requests.ts'

const gus = 'gus@acme.example'
const { get, find, post, put, patch, remove } = requestsWith({ 'user-agent': 'PingFederate' })

const person = (more: Json = {}): Json => ({
  schemas: [userUrn],
  userName: gus,
  externalId: 'ping-gus',
  name: { givenName: 'Gus', familyName: 'Ping' },
  emails: [{ type: 'work', value: gus, primary: true }],
  active: true,
  ...more,
})
const filtered = (filter: string) => get(`/Users?filter=${encodeURIComponent(filter)}`)

/**
 * PingFederate's SCIM connector puts users and patches groups, which it finds by reading them all.
 * PingOne lets the administrator override the filter that finds users.
 */
export function pingCycle(): Cycle {
  return [
    {
      name: 'looks for Gus by the default filter',
      request: () => find('/Users', 'userName', gus),
      expect: { status: 200, body: listOf(0) },
      state: { [gus]: 'gone' },
    },
    {
      name: 'creates Gus',
      request: () => post('/Users', person()),
      expect: { status: 201 },
      remember: 'gus',
      state: { [gus]: { active: true, groups: [] } },
    },
    {
      name: 'finds Gus by an overridden filter on either name',
      request: () => filtered(`(userName eq "${gus}") or (emails.value eq "${gus}")`),
      expect: {
        status: 200,
        body: (ids) => ({ totalResults: 1, Resources: [{ id: ids('gus') }] }),
      },
    },
    {
      name: 'finds Gus by an overridden filter on the externalId of those who are active',
      request: () => filtered('externalId eq "ping-gus" and active eq true'),
      expect: {
        status: 200,
        body: (ids) => ({ totalResults: 1, Resources: [{ id: ids('gus') }] }),
      },
    },
    {
      name: 'puts Gus with a title',
      request: (ids) => put(`/Users/${ids('gus')}`, person({ id: ids('gus'), title: 'Boss' })),
      expect: { status: 200, body: { title: 'Boss' } },
    },
    {
      name: 'reads all groups, to see whether its own is there',
      request: () => get('/Groups?startIndex=1&count=100'),
      expect: { status: 200, body: listOf(0) },
    },
    {
      name: 'creates the group',
      request: () => post('/Groups', { schemas: [groupUrn], displayName: 'Pingers' }),
      expect: { status: 201 },
      remember: 'pingers',
    },
    {
      name: 'reads all groups again and finds it',
      request: () => get('/Groups'),
      expect: {
        status: 200,
        body: (ids) => ({ Resources: [{ id: ids('pingers'), displayName: 'Pingers' }] }),
      },
    },
    {
      name: 'adds Gus to it',
      request: (ids) =>
        patch(`/Groups/${ids('pingers')}`, {
          op: 'add',
          path: 'members',
          value: [{ value: ids('gus'), display: gus }],
        }),
      expect: { status: 200 },
      state: { [gus]: { active: true, groups: ['Pingers'] } },
    },
    {
      name: 'takes Gus out of it',
      request: (ids) =>
        patch(`/Groups/${ids('pingers')}`, {
          op: 'remove',
          path: `members[value eq "${ids('gus')}"]`,
        }),
      expect: { status: 200, check: ({ body }) => must(!body.members, 'Gus is still there') },
      state: { [gus]: { active: true, groups: [] } },
    },
    {
      name: 'adds Gus to it once more',
      request: (ids) =>
        patch(`/Groups/${ids('pingers')}`, {
          op: 'add',
          path: 'members',
          value: [{ value: ids('gus') }],
        }),
      expect: { status: 200 },
      state: { [gus]: { active: true, groups: ['Pingers'] } },
    },
    {
      name: 'disables Gus by PUT',
      request: (ids) => put(`/Users/${ids('gus')}`, person({ active: false })),
      expect: { status: 200, body: { active: false } },
      state: { [gus]: { active: false, groups: ['Pingers'] } },
    },
    {
      name: 'does not find Gus among the active ones',
      request: () => filtered('externalId eq "ping-gus" and active eq true'),
      expect: { status: 200, body: listOf(0) },
    },
    {
      name: 'deletes Gus',
      request: (ids) => remove(`/Users/${ids('gus')}`),
      expect: { status: 204 },
      state: { [gus]: 'gone' },
    },
  ]
}
