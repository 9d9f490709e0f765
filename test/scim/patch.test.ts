import { describe, expect, test } from 'vitest'
import { enterpriseUserUrn } from '../../src/directory/core-schemas.ts'
import { patched, refusalOf } from './patch-fixture.ts'

const ann = { userName: 'ann@acme.example', active: true }
const core = 'urn:ietf:params:scim:schemas:core:2.0:User'
const ent = enterpriseUserUrn
const work = { value: 'ann@work.example', type: 'work', primary: true }
const home = { value: 'ann@home.example', type: 'home' }

type Case = readonly [sentence: string, before: object, operations: object[], after: object]

const cases: readonly Case[] = [
  ['`op` is read in any case', {}, [{ op: 'ADD', path: 'title', value: 'x' }], { title: 'x' }],
  ['add sets a single value', {}, [{ op: 'Add', path: 'nickName', value: 'A' }], { nickName: 'A' }],
  [
    'replace sets a value that was not there',
    {},
    [{ op: 'Replace', path: 'title', value: 'x' }],
    { title: 'x' },
  ],
  [
    'paths are read in any case',
    {},
    [{ op: 'add', path: 'NICKNAME', value: 'A' }],
    { nickName: 'A' },
  ],
  ['remove takes the value away', { title: 'x' }, [{ op: 'remove', path: 'title' }], {}],
  ['remove of what is not there is nothing', {}, [{ op: 'remove', path: 'title' }], {}],
  [
    'Entra: `"False"` is false',
    {},
    [{ op: 'Replace', path: 'active', value: 'False' }],
    { active: false },
  ],
  [
    'Entra: `"true"` is true',
    { active: false },
    [{ op: 'Replace', path: 'active', value: 'true' }],
    { active: true },
  ],
  [
    'active can be removed, which is not active',
    {},
    [{ op: 'remove', path: 'active' }],
    { active: undefined },
  ],
  ['null unassigns', { title: 'x' }, [{ op: 'replace', path: 'title', value: null }], {}],
  ['Okta: `""` unassigns', { title: 'x' }, [{ op: 'replace', path: 'title', value: '' }], {}],
  ['[] unassigns', { emails: [work] }, [{ op: 'replace', path: 'emails', value: [] }], {}],
  [
    'an unknown attribute is passed over, the others count',
    {},
    [
      { op: 'add', path: 'shoeSize', value: 43 },
      { op: 'add', path: 'title', value: 'x' },
    ],
    { title: 'x' },
  ],
  [
    'a sub-attribute leaves its siblings',
    { name: { givenName: 'Ann', familyName: 'B' } },
    [{ op: 'replace', path: 'name.givenName', value: 'Anna' }],
    { name: { givenName: 'Anna', familyName: 'B' } },
  ],
  [
    'a complex value is merged',
    { name: { givenName: 'Ann', familyName: 'B' } },
    [{ op: 'replace', path: 'name', value: { FAMILYNAME: 'C' } }],
    { name: { givenName: 'Ann', familyName: 'C' } },
  ],
  [
    'a null within a complex value clears what it names',
    { name: { givenName: 'Ann', familyName: 'B' } },
    [{ op: 'replace', path: 'name', value: { givenName: null } }],
    { name: { familyName: 'B' } },
  ],
  [
    'a complex value without sub-attributes is gone',
    { name: { givenName: 'Ann' } },
    [{ op: 'remove', path: 'name.givenName' }],
    {},
  ],
  [
    'a core attribute may be qualified',
    {},
    [{ op: 'add', path: `${core}:title`, value: 'x' }],
    { title: 'x' },
  ],
  [
    'a qualified path may have brackets',
    { emails: [work] },
    [{ op: 'replace', path: `${core}:emails[type eq "work"].value`, value: 'n@x' }],
    { emails: [{ ...work, value: 'n@x' }] },
  ],

  [
    'without a path each key is an attribute',
    {},
    [{ op: 'replace', value: { title: 'x', nickName: 'A' } }],
    { title: 'x', nickName: 'A' },
  ],
  [
    'Entra: keys may be dotted',
    {},
    [{ op: 'replace', value: { 'name.givenName': 'Ann' } }],
    { name: { givenName: 'Ann' } },
  ],
  [
    'Entra: keys may be qualified',
    {},
    [{ op: 'replace', value: { [`${ent}:department`]: 'IT' } }],
    { [ent]: { department: 'IT' } },
  ],
  [
    'keys may have brackets',
    {},
    [{ op: 'add', value: { 'emails[type eq "work"].value': 'a@x' } }],
    { emails: [{ type: 'work', value: 'a@x' }] },
  ],
  [
    'Okta: a value without a path turns a user off',
    {},
    [{ op: 'replace', value: { active: false } }],
    { active: false },
  ],
  [
    'readOnly keys are passed over',
    {},
    [{ op: 'replace', value: { id: 'x', meta: {}, groups: [], schemas: [core], title: 'x' } }],
    { title: 'x' },
  ],
  [
    'a password is accepted and not kept',
    {},
    [{ op: 'replace', value: { password: 'secret' } }],
    {},
  ],

  [
    'add appends to a list',
    { emails: [work] },
    [{ op: 'add', path: 'emails', value: [home] }],
    { emails: [work, home] },
  ],
  [
    'add takes one element without a list',
    { emails: [work] },
    [{ op: 'add', path: 'emails', value: home }],
    { emails: [work, home] },
  ],
  [
    'add of an equal value is nothing',
    { emails: [work] },
    [{ op: 'add', path: 'emails', value: [work] }],
    { emails: [work] },
  ],
  [
    'add of a known value takes on what is new',
    { emails: [home] },
    [{ op: 'add', path: 'emails', value: [{ ...home, display: 'Ann' }] }],
    { emails: [{ ...home, display: 'Ann' }] },
  ],
  [
    'add of [] is nothing',
    { emails: [work] },
    [{ op: 'add', path: 'emails', value: [] }],
    { emails: [work] },
  ],
  [
    'replace replaces a whole list',
    { emails: [work] },
    [{ op: 'replace', path: 'emails', value: [home] }],
    { emails: [home] },
  ],
  ['remove takes a whole list', { emails: [work, home] }, [{ op: 'remove', path: 'emails' }], {}],
  [
    'remove with values takes those alone',
    { emails: [work, home] },
    [{ op: 'remove', path: 'emails', value: [{ value: work.value }] }],
    { emails: [home] },
  ],
  [
    'a filter chooses whom to remove',
    { emails: [work, home] },
    [{ op: 'remove', path: 'emails[type eq "work"]' }],
    { emails: [home] },
  ],
  [
    'a compound filter chooses too',
    { emails: [work, home] },
    [{ op: 'remove', path: 'emails[type eq "home" and value ew "home.example"]' }],
    { emails: [work] },
  ],
  [
    'a filter which matches nothing removes nothing',
    { emails: [work] },
    [{ op: 'remove', path: 'emails[type eq "fax"]' }],
    { emails: [work] },
  ],
  [
    'all matches are written',
    { emails: [home, { ...home, value: 'b@x' }] },
    [{ op: 'replace', path: 'emails[type eq "home"].display', value: 'D' }],
    {
      emails: [
        { ...home, display: 'D' },
        { ...home, value: 'b@x', display: 'D' },
      ],
    },
  ],
  [
    'replace takes the place of a whole element, of which what its filter says stays',
    { emails: [work, home] },
    [{ op: 'replace', path: 'emails[type eq "work"]', value: { value: 'n@x' } }],
    { emails: [{ type: 'work', value: 'n@x' }, home] },
  ],
  [
    'nothing stays of an element whose filter says what many are',
    { emails: [work, home] },
    [{ op: 'replace', path: 'emails[type sw "wo"]', value: { value: 'n@x' } }],
    { emails: [{ value: 'n@x' }, home] },
  ],
  [
    'add leaves the sub-attributes of an element that it does not name',
    { emails: [work] },
    [{ op: 'add', path: 'emails[type eq "work"]', value: { value: 'n@x' } }],
    { emails: [{ ...work, value: 'n@x' }] },
  ],
  [
    'a sub-attribute without brackets goes to all elements',
    { emails: [work, home] },
    [{ op: 'replace', path: 'emails.display', value: 'D' }],
    {
      emails: [
        { ...work, display: 'D' },
        { ...home, display: 'D' },
      ],
    },
  ],
  [
    'Entra: Add creates the element its filter describes',
    {},
    [{ op: 'Add', path: 'emails[type eq "work"].value', value: 'a@x' }],
    { emails: [{ type: 'work', value: 'a@x' }] },
  ],
  [
    'Entra: Replace creates it too',
    { emails: [home] },
    [{ op: 'Replace', path: 'emails[type eq "work"].value', value: 'a@x' }],
    { emails: [home, { type: 'work', value: 'a@x' }] },
  ],
  [
    'Entra: sub-attributes may be capitalised',
    {},
    [{ op: 'Add', path: 'addresses[type eq "other"].Formatted', value: 'Here 1' }],
    { addresses: [{ type: 'other', formatted: 'Here 1' }] },
  ],
  [
    'Entra: `primary eq "True"` is a boolean',
    {},
    [
      { op: 'Add', path: 'roles[primary eq "True"].value', value: 'Admin' },
      { op: 'Add', path: 'roles[primary eq "True"].display', value: 'A' },
    ],
    { roles: [{ primary: true, value: 'Admin', display: 'A' }] },
  ],
  [
    'Entra: Remove with the old value removes',
    { emails: [work, home] },
    [{ op: 'Remove', path: 'emails[type eq "work"].value', value: 'ann@work.example' }],
    { emails: [home] },
  ],
  [
    'Entra: roles may share a type',
    {},
    [
      {
        op: 'Add',
        path: 'roles',
        value: [
          { value: 'a', type: 't' },
          { value: 'b', type: 't' },
        ],
      },
    ],
    {
      roles: [
        { value: 'a', type: 't' },
        { value: 'b', type: 't' },
      ],
    },
  ],
  [
    'Entra: an app role as JSON text is the role that its POST names',
    { roles: [{ value: 'Admin', display: 'Admin', type: 'WindowsAzureActiveDirectoryRole' }] },
    [
      {
        op: 'Add',
        path: 'roles',
        value: ['Admin', 'User'].map((value) => ({
          value: JSON.stringify({ id: '06b07648', value, displayName: value }),
        })),
      },
    ],
    {
      roles: [
        { value: 'Admin', display: 'Admin', type: 'WindowsAzureActiveDirectoryRole' },
        { value: 'User', display: 'User' },
      ],
    },
  ],
  ...[
    '{"id":"1"}',
    '{"value":"Admin","scope":"all"}',
    '{"value":5}',
    '{"value":""}',
    '{"value":"Admin"',
    '{}',
    '["Admin"]',
    `{"value":"${'x'.repeat(3_000)}"}`,
    `{"value":"Admin","id":${'['.repeat(20)}${']'.repeat(20)}}`,
    `{"__proto__":{"value":"Admin"}}`,
  ].map(
    (value): Case => [
      `other text of a role is kept as it is: ${value.slice(0, 40)}`,
      {},
      [{ op: 'Add', path: 'roles', value: [{ value }] }],
      { roles: [{ value }] },
    ],
  ),
  [
    'JSON text of anything but a role is kept as it is',
    {},
    [{ op: 'Add', path: 'entitlements', value: [{ value: '{"value":"Admin"}' }] }],
    { entitlements: [{ value: '{"value":"Admin"}' }] },
  ],
  [
    'nothing is created from an empty value',
    {},
    [{ op: 'Replace', path: 'emails[type eq "work"].value', value: '' }],
    {},
  ],
  [
    'a new primary takes the place of the old one',
    { emails: [work] },
    [{ op: 'add', path: 'emails', value: [{ ...home, primary: true }] }],
    {
      emails: [
        { ...work, primary: false },
        { ...home, primary: true },
      ],
    },
  ],
  [
    'a new primary that is sent twice still takes it',
    { emails: [work] },
    [{ op: 'add', path: 'emails', value: [{ ...home, primary: true }, home] }],
    {
      emails: [
        { ...work, primary: false },
        { ...home, primary: true },
      ],
    },
  ],
  [
    'so it does by a sub-attribute',
    { emails: [work, home] },
    [{ op: 'replace', path: 'emails[type eq "home"].primary', value: 'True' }],
    {
      emails: [
        { ...work, primary: false },
        { ...home, primary: true },
      ],
    },
  ],

  [
    'manager is read from a bare id',
    {},
    [{ op: 'Add', path: `${ent}:manager`, value: 'boss' }],
    { [ent]: { manager: { value: 'boss' } } },
  ],
  [
    'manager is read from an object',
    {},
    [{ op: 'Add', path: `${ent}:manager`, value: { value: 'boss' } }],
    { [ent]: { manager: { value: 'boss' } } },
  ],
  [
    'manager is read from a list of one',
    {},
    [{ op: 'Add', path: `${ent}:manager`, value: [{ $ref: null, value: 'boss' }] }],
    { [ent]: { manager: { value: 'boss' } } },
  ],
  [
    'another manager does not keep the reference of the first',
    { [ent]: { manager: { value: 'a', $ref: '/a' } } },
    [{ op: 'Replace', path: `${ent}:manager`, value: 'b' }],
    { [ent]: { manager: { value: 'b' } } },
  ],
  [
    '`""` removes the manager, and the emptied extension',
    { [ent]: { manager: { value: 'a' } } },
    [{ op: 'Replace', path: `${ent}:manager`, value: '' }],
    {},
  ],
  [
    'manager.value removes it as well',
    { [ent]: { manager: { value: 'a', $ref: '/a' } } },
    [{ op: 'remove', path: `${ent}:manager.value` }],
    {},
  ],
  [
    'an extension is merged as an object',
    { [ent]: { department: 'IT' } },
    [{ op: 'replace', value: { [ent]: { costCenter: '1' } } }],
    { [ent]: { department: 'IT', costCenter: '1' } },
  ],
  [
    'an extension is merged by its path',
    { [ent]: { department: 'IT' } },
    [{ op: 'add', path: ent, value: { division: 'X' } }],
    { [ent]: { department: 'IT', division: 'X' } },
  ],
  [
    'an extension is removed whole',
    { [ent]: { department: 'IT' } },
    [{ op: 'remove', path: ent }],
    {},
  ],
  [
    'the URN is read in any case',
    {},
    [{ op: 'add', path: `${ent.toUpperCase()}:department`, value: 'IT' }],
    { [ent]: { department: 'IT' } },
  ],
  [
    'operations see what those before them did',
    {},
    [
      { op: 'add', path: 'emails', value: [home] },
      { op: 'replace', path: 'emails[type eq "home"].value', value: 'z@x' },
      { op: 'add', path: 'title', value: 'x' },
      { op: 'remove', path: 'title' },
    ],
    { emails: [{ ...home, value: 'z@x' }] },
  ],
  [
    'finds what Entra names without the URN of its extension',
    {},
    [
      { op: 'Add', path: 'manager', value: [{ $ref: '../Users/m', value: 'm' }] },
      { op: 'Add', path: 'department', value: 'Sales' },
      { op: 'Add', value: { costCenter: '7', 'manager.value': 'n' } },
    ],
    { [ent]: { manager: { value: 'n' }, department: 'Sales', costCenter: '7' } },
  ],
]

describe('PATCH of a user', () => {
  test.each(cases)('%s', (_, before, operations, after) => {
    const { document } = patched('users', { ...ann, ...before }, operations)
    const expected = { ...ann, ...after }
    expect(JSON.parse(JSON.stringify(document))).toEqual(JSON.parse(JSON.stringify(expected)))
  })

  test('says what it passed over', () => {
    const { notes } = patched('users', ann, [
      { op: 'add', path: 'nickname2', value: 'x' },
      { op: 'add', path: 'name', value: { initials: 'A' } },
    ])
    expect(notes).toEqual([
      expect.stringMatching(/^unknown attribute `nickname2` ignored: .*nickName/),
      'unknown attribute `Operations[1].value.initials` ignored',
    ])
  })

  test.each([
    ['no list of operations', {}, '400 invalidSyntax'],
    ['an operation that is no object', 'x', '400 invalidSyntax'],
    ['an unknown op', { op: 'move', path: 'title' }, '400 invalidSyntax'],
    ['add without a value', { op: 'add', path: 'title' }, '400 invalidValue'],
    ['remove without a path', { op: 'remove' }, '400 noTarget'],
    ['a value that is no object, without a path', { op: 'add', value: 'x' }, '400 invalidValue'],
    ['a path that is no string', { op: 'add', path: 5, value: 'x' }, '400 invalidPath'],
    ['a path with two dots', { op: 'add', path: 'name..givenName', value: 'x' }, '400 invalidPath'],
    ['a path that ends in a dot', { op: 'add', path: 'name.', value: 'x' }, '400 invalidPath'],
    ['a path with blanks', { op: 'add', path: 'name givenName', value: 'x' }, '400 invalidPath'],
    [
      'brackets left open',
      { op: 'add', path: 'emails[type eq "work"', value: 'x' },
      '400 invalidFilter',
    ],
    ['empty brackets', { op: 'add', path: 'emails[]', value: 'x' }, '400 invalidFilter'],
    [
      'an unknown name in brackets',
      { op: 'remove', path: 'emails[x eq "1"]' },
      '400 invalidFilter',
    ],
    [
      'brackets behind a single value',
      { op: 'add', path: 'title[value eq "1"]', value: 'x' },
      '400 invalidFilter',
    ],
    [
      'a filter that matches nothing and describes nothing',
      { op: 'replace', path: 'emails[value co "z"].value', value: 'x' },
      '400 noTarget',
    ],
    ['a readOnly path', { op: 'replace', path: 'id', value: 'x' }, '400 mutability'],
    ['a readOnly list', { op: 'add', path: 'groups', value: [{ value: 'x' }] }, '400 mutability'],
    ['removing what is required', { op: 'remove', path: 'userName' }, '400 mutability'],
    [
      'emptying what is required',
      { op: 'replace', path: 'userName', value: '' },
      '400 invalidValue',
    ],
    [
      'a boolean that is none',
      { op: 'replace', path: 'active', value: 'perhaps' },
      '400 invalidValue',
    ],
    ['a number for a boolean', { op: 'replace', path: 'active', value: 0 }, '400 invalidValue'],
    [
      'a number for a string',
      { op: 'replace', path: 'displayName', value: 42 },
      '400 invalidValue',
    ],
    ['a string for an object', { op: 'replace', path: 'name', value: 'x' }, '400 invalidValue'],
    ['half a character', { op: 'replace', path: 'title', value: '\ud800' }, '400 invalidValue'],
  ])('refuses %s', (sentence, operation, refusal) => {
    const operations = sentence === 'no list of operations' ? [] : [operation]
    expect(refusalOf(() => patched('users', ann, operations))).toBe(refusal)
  })

  test('refuses more operations than anybody sends', () => {
    const many = Array.from({ length: 1_001 }, () => ({ op: 'remove', path: 'title' }))
    expect(refusalOf(() => patched('users', ann, many))).toBe('400 invalidValue')
  })
})
