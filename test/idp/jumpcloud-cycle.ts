import { groupUrn, type Json, userUrn } from '../scim-http/scim-fixture.ts'
import { type Cycle, listOf } from './cycle.ts'
import { must, requestsWith } from './requests.ts'

const probe = 'jumpcloud.test@acme.example'
const fay = 'fay@acme.example'
const { get, find, post, put, patch, remove } = requestsWith({ 'user-agent': 'JumpCloud' })

const person = (userName: string, more: Json = {}): Json => ({
  schemas: [userUrn],
  userName,
  name: { givenName: 'Fay', familyName: 'Cloud' },
  emails: [{ value: userName, type: 'work', primary: true }],
  active: true,
  ...more,
})

/**
 * JumpCloud (support.jumpcloud.com, "SCIM Identity Management"): activation tries everything on a
 * user and a group of its own; later users are put whole, and members are named in the value.
 */
export function jumpCloudCycle(): Cycle {
  return [
    {
      name: 'asks whether its test user is left over',
      request: () => find('/Users', 'userName', probe),
      expect: { status: 200, body: listOf(0) },
      state: { [probe]: 'gone', [fay]: 'gone' },
    },
    {
      name: 'creates its test user',
      request: () => post('/Users', person(probe)),
      expect: { status: 201 },
      remember: 'probe',
      state: { [probe]: { active: true, groups: [] } },
    },
    {
      name: 'puts it as changed',
      request: (ids) => put(`/Users/${ids('probe')}`, person(probe, { displayName: 'Test User' })),
      expect: { status: 200, body: { displayName: 'Test User' } },
    },
    {
      name: 'creates its test group with it',
      request: (ids) =>
        post('/Groups', {
          schemas: [groupUrn],
          displayName: 'JumpCloud test',
          members: [{ value: ids('probe') }],
        }),
      expect: { status: 201, body: (ids) => ({ members: [{ value: ids('probe') }] }) },
      remember: 'probes',
      state: { [probe]: { active: true, groups: ['JumpCloud test'] } },
    },
    {
      name: 'deletes the group',
      request: (ids) => remove(`/Groups/${ids('probes')}`),
      expect: { status: 204 },
      state: { [probe]: { active: true, groups: [] } },
    },
    {
      name: 'deletes the user',
      request: (ids) => remove(`/Users/${ids('probe')}`),
      expect: { status: 204 },
      state: { [probe]: 'gone' },
    },
    {
      name: 'sees that both are gone',
      request: (ids) => get(`/Users/${ids('probe')}`),
      expect: { status: 404 },
    },
    {
      name: 'creates Fay',
      request: () => post('/Users', person(fay)),
      expect: { status: 201 },
      remember: 'fay',
      state: { [fay]: { active: true, groups: [] } },
    },
    {
      name: 'creates a group',
      request: () => post('/Groups', { schemas: [groupUrn], displayName: 'Cloud', members: [] }),
      expect: { status: 201 },
      remember: 'cloud',
    },
    {
      name: 'adds Fay',
      request: (ids) =>
        patch(`/Groups/${ids('cloud')}`, {
          op: 'add',
          path: 'members',
          value: [{ value: ids('fay') }],
        }),
      expect: { status: 200 },
      state: { [fay]: { active: true, groups: ['Cloud'] } },
    },
    {
      name: 'removes Fay by the value, which leaves whoever else is there',
      request: (ids) =>
        patch(
          `/Groups/${ids('cloud')}`,
          { op: 'add', path: 'members', value: [{ value: 'somebody' }] },
          { op: 'remove', path: 'members', value: [{ value: ids('fay') }] },
        ),
      expect: {
        status: 200,
        check: ({ body, text }) => must(body.members?.length === 1, `not one member: ${text}`),
      },
      state: { [fay]: { active: true, groups: [] } },
    },
    {
      name: 'puts the whole group back with Fay',
      request: (ids) =>
        put(`/Groups/${ids('cloud')}`, {
          schemas: [groupUrn],
          displayName: 'Cloud',
          members: [{ value: ids('fay') }],
        }),
      expect: { status: 200 },
      state: { [fay]: { active: true, groups: ['Cloud'] } },
    },
    {
      name: 'deactivates Fay by PUT when she leaves',
      request: (ids) => put(`/Users/${ids('fay')}`, person(fay, { active: false })),
      expect: { status: 200, body: { active: false } },
      state: { [fay]: { active: false, groups: ['Cloud'] } },
    },
  ]
}
