import { enterpriseUrn, groupUrn, type Json, userUrn } from '../scim-http/scim-fixture.ts'
import { type Cycle, listOf } from './cycle.ts'
import { must, requestsWith } from './requests.ts'

const jan = 'jan@acme.example'
const { get, find, post, patch, remove } = requestsWith({ accept: 'application/scim+json' })
const attributes = 'attributes=userName,active,groups,name.familyName'

const person: Json = {
  schemas: [userUrn, enterpriseUrn],
  userName: jan,
  active: true,
  name: { givenName: 'Jan', familyName: 'Sail' },
  emails: [
    { type: 'work', value: jan, primary: true },
    { type: 'home', value: 'jan@home.example' },
  ],
  [enterpriseUrn]: { employeeNumber: '7', department: 'IT' },
}

/**
 * A client that follows RFC 7644 to the letter, as SailPoint's connector for any SCIM 2.0 server: it
 * reads everybody page by page, asks for attributes, and writes one attribute an operation. A
 * complex value that it replaces keeps what it leaves out (Captain-P-Goldfish/SCIM-SDK#327).
 */
export function genericCycle(): Cycle {
  return [
    {
      name: 'creates Jan',
      request: () => post('/Users', person),
      expect: { status: 201, body: { [enterpriseUrn]: { department: 'IT' } } },
      remember: 'jan',
      state: { [jan]: { active: true, groups: [] } },
    },
    {
      name: 'creates a group',
      request: () => post('/Groups', { schemas: [groupUrn], displayName: 'Sailors' }),
      expect: { status: 201 },
      remember: 'sailors',
    },
    {
      name: 'reads everybody, in the attributes that it collects',
      request: () => get(`/Users?startIndex=1&count=50&${attributes}`),
      expect: {
        status: 200,
        body: { ...listOf(1), Resources: [{ userName: jan, name: { familyName: 'Sail' } }] },
        check: ({ text }) => must(!text.includes('givenName'), `more than was asked for: ${text}`),
      },
    },
    {
      name: 'reads the page after the last',
      request: () => get(`/Users?startIndex=51&count=50&${attributes}`),
      expect: { status: 200, body: { totalResults: 1, itemsPerPage: 0, Resources: [] } },
    },
    {
      name: 'grants the group',
      request: (ids) =>
        patch(`/Groups/${ids('sailors')}`, {
          op: 'add',
          path: 'members',
          value: [{ value: ids('jan') }],
        }),
      expect: { status: 200 },
      state: { [jan]: { active: true, groups: ['Sailors'] } },
    },
    {
      name: 'replaces one part of the name, the other stays',
      request: (ids) =>
        patch(`/Users/${ids('jan')}`, {
          op: 'replace',
          path: 'name',
          value: { familyName: 'Boat' },
        }),
      expect: { status: 200, body: { name: { givenName: 'Jan', familyName: 'Boat' } } },
    },
    {
      name: 'replaces a work e-mail as a whole',
      request: (ids) =>
        patch(`/Users/${ids('jan')}`, {
          op: 'replace',
          path: 'emails[type eq "work"]',
          value: { type: 'work', value: 'jan@boat.example', primary: true },
        }),
      expect: {
        status: 200,
        body: {
          emails: [
            { type: 'work', value: 'jan@boat.example', primary: true },
            { type: 'home', value: 'jan@home.example' },
          ],
        },
      },
    },
    {
      name: 'replaces an attribute of the extension by its URN',
      request: (ids) =>
        patch(`/Users/${ids('jan')}`, {
          op: 'replace',
          path: `${enterpriseUrn}:department`,
          value: 'HR',
        }),
      expect: { status: 200, body: { [enterpriseUrn]: { department: 'HR', employeeNumber: '7' } } },
    },
    {
      name: 'removes an attribute and an e-mail',
      request: (ids) =>
        patch(
          `/Users/${ids('jan')}`,
          { op: 'remove', path: `${enterpriseUrn}:employeeNumber` },
          { op: 'remove', path: 'emails[type eq "home"]' },
        ),
      expect: {
        status: 200,
        body: { [enterpriseUrn]: { department: 'HR' } },
        check: ({ body }) => must(body.emails.length === 1, 'the e-mail is still there'),
      },
    },
    {
      name: 'disables Jan',
      request: (ids) =>
        patch(`/Users/${ids('jan')}`, { op: 'replace', path: 'active', value: false }),
      expect: { status: 200, body: { active: false } },
      state: { [jan]: { active: false, groups: ['Sailors'] } },
    },
    {
      name: 'finds Jan disabled, by the group',
      request: (ids) => find('/Users', 'groups.value', ids('sailors')),
      expect: { status: 200, body: { totalResults: 1, Resources: [{ active: false }] } },
    },
    {
      name: 'revokes the group',
      request: (ids) =>
        patch(`/Groups/${ids('sailors')}`, {
          op: 'remove',
          path: `members[value eq "${ids('jan')}"]`,
        }),
      expect: { status: 200 },
      state: { [jan]: { active: false, groups: [] } },
    },
    {
      name: 'deletes Jan',
      request: (ids) => remove(`/Users/${ids('jan')}`),
      expect: { status: 204 },
      state: { [jan]: 'gone' },
    },
  ]
}
