import { describe, expect, test } from 'vitest'
import { enterpriseUserUrn } from '../../src/directory/core-schemas.ts'
import type { Document } from '../../src/directory/directory.ts'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { Notes } from '../../src/scim/json-object.ts'
import { readNewUser, readUserReplacement } from '../../src/scim/user-resource.ts'
import { refusalOf } from './patch-fixture.ts'

const registry = createSchemaRegistry()
const schemas = ['URN:ietf:params:scim:schemas:core:2.0:user']

/** What is kept of a user sent with these attributes, `userName` aside. */
function kept(more: object, notes = new Notes()): Record<string, unknown> {
  const { userName, ...rest } = readNewUser({ schemas, userName: 'ann', ...more }, registry, notes)
  expect(userName).toBe('ann')
  return JSON.parse(JSON.stringify(rest))
}

describe('a new user', () => {
  test.each<[string, object, object]>([
    ['is active unless it says otherwise', {}, { active: true }],
    ['is not active where it says null', { active: null }, {}],
    ['is as active as a string says', { active: 'fAlSe' }, { active: false }],
    [
      'has its attributes in canonical case',
      { ACTIVE: true, DisplayName: 'A' },
      { active: true, displayName: 'A' },
    ],
    [
      'has nothing unassigned',
      { title: null, nickName: '', emails: [], name: {} },
      { active: true },
    ],
    [
      'has none of what is ours to say',
      { id: 'x', meta: {}, groups: [{ value: 'g' }] },
      { active: true },
    ],
    ['has no password', { password: 5 }, { active: true }],
    [
      'has random strings where formats are',
      { locale: '??', profileUrl: 'no url', timezone: 'x' },
      { active: true, locale: '??', profileUrl: 'no url', timezone: 'x' },
    ],
    [
      'has an empty value in a list left out',
      { emails: [null, '', { value: 'a@x', type: '' }] },
      { active: true, emails: [{ value: 'a@x' }] },
    ],
    [
      "has Entra's string booleans as booleans",
      { roles: [{ primary: 'True' }] },
      { active: true, roles: [{ primary: true }] },
    ],
    [
      'keeps the first of two primaries',
      {
        emails: [
          { value: 'a', primary: true },
          { value: 'b', primary: true },
        ],
      },
      {
        active: true,
        emails: [
          { value: 'a', primary: true },
          { value: 'b', primary: false },
        ],
      },
    ],
    [
      'has an extension though its URN is not in `schemas`',
      { [enterpriseUserUrn]: { DEPARTMENT: 'IT', manager: { displayName: 'M' } } },
      { active: true, [enterpriseUserUrn]: { department: 'IT' } },
    ],
    [
      'has no extension where nothing is in it',
      { [enterpriseUserUrn]: { department: null } },
      { active: true },
    ],
    [
      'has its manager from a list',
      { [enterpriseUserUrn]: { manager: [{ value: 'm' }] } },
      { active: true, [enterpriseUserUrn]: { manager: { value: 'm' } } },
    ],
    [
      'has its manager by the name of SCIM 1.1, as OneLogin sends it',
      { [enterpriseUserUrn]: { manager: { managerId: 'm', displayName: 'Max Ford' } } },
      { active: true, [enterpriseUserUrn]: { manager: { value: 'm' } } },
    ],
    [
      "has Entra's app roles, whose names stand in `displayName`",
      { roles: [{ primary: false, displayName: 'Administrator', value: 'Admin' }] },
      { active: true, roles: [{ primary: false, display: 'Administrator', value: 'Admin' }] },
    ],
    [
      'has the name of the schema where another stands beside it',
      {
        roles: [
          { displayName: 'B', display: 'A', value: 'r' },
          { display: 'A', displayName: 'B' },
        ],
      },
      { active: true, roles: [{ display: 'A', value: 'r' }, { display: 'A' }] },
    ],
    [
      'has what stands outside of its extension, unless the extension says otherwise',
      {
        department: 'IT',
        costCenter: '1',
        manager: null,
        [enterpriseUserUrn]: { costcenter: '2' },
      },
      { active: true, [enterpriseUserUrn]: { costCenter: '2', department: 'IT' } },
    ],
    [
      'has an externalId, whatever it looks like',
      { externalId: '1' },
      { active: true, externalId: '1' },
    ],
  ])('%s', (_, sent, expected) => {
    expect(kept(sent)).toEqual(expected)
  })

  test.each<[string, object]>([
    ['active: "perhaps"', { active: 'perhaps' }],
    ['active: 1', { active: 1 }],
    ['name: "x"', { name: 'x' }],
    ['displayName: 42', { displayName: 42 }],
    ['title: ["a", "b"]', { title: ['a', 'b'] }],
    ['emails: 5', { emails: 5 }],
    ['emails: [[]]', { emails: [[['x']]] }],
    ['an extension that is a string', { [enterpriseUserUrn]: 'x' }],
    ['userName: null', { userName: null }],
  ])('is refused with %s', (_, sent) => {
    const user = { schemas, userName: 'ann', ...sent }
    expect(refusalOf(() => readNewUser(user, registry, new Notes()))).toBe('400 invalidValue')
  })

  test('says what was ignored, at most twenty times', () => {
    const notes = new Notes()
    kept({ shoeSize: 5, 'urn:x:y': {}, name: { initials: 'A' } }, notes)
    expect(notes.lines).toEqual([
      'unknown attribute `shoeSize` ignored',
      'unknown schema `urn:x:y` ignored',
      'unknown attribute `name.initials` ignored',
    ])
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x${index}`, 1]))
    kept(many, notes)
    expect(notes.lines).toHaveLength(20)
  })
})

describe('a user sent in place of another', () => {
  const stored = { userName: 'ann', active: false, title: 'Boss' } as unknown as Document
  const replaced = (more: object) =>
    readUserReplacement({ schemas, userName: 'ann', ...more }, stored, registry, new Notes())

  test('is cleared of what is not sent, but stays dismissed', () => {
    expect({ ...replaced({}) }).toEqual({ userName: 'ann', active: false })
  })

  test('is active again only by saying so, and unassigned by null', () => {
    expect(replaced({ active: 'True' }).active).toBe(true)
    expect('active' in replaced({ active: null })).toBe(false)
  })
})
