import { describe, expect, test } from 'vitest'
import type { Reference } from '../../src/directory/directory.ts'
import { patched, refusalOf } from './patch-fixture.ts'

const staff = { displayName: 'Staff' }
const edit = (add: string[], remove: string[] = []) => ({ kind: 'edit', add, remove })
const whole = (...members: string[]) => ({ kind: 'replace', members })

const cases: readonly (readonly [sentence: string, operations: object[], edit: unknown])[] = [
  [
    'Entra: adds several in one operation',
    [
      {
        op: 'Add',
        path: 'members',
        value: [
          { $ref: null, value: 'a' },
          { $ref: null, value: 'b' },
        ],
      },
    ],
    edit(['a', 'b']),
  ],
  [
    'Entra: removes by a list in the value',
    [{ op: 'Remove', path: 'members', value: [{ $ref: null, value: 'a' }] }],
    edit([], ['a']),
  ],
  [
    'Entra: removes by a filter',
    [{ op: 'remove', path: 'members[value eq "a"]' }],
    edit([], ['a']),
  ],
  [
    'removes all that a filter with `or` names',
    [{ op: 'remove', path: 'members[value eq "a" or value eq "b"]' }],
    edit([], ['a', 'b']),
  ],
  [
    'Okta: removes and adds in one request',
    [
      { op: 'remove', path: 'members[value eq "a"]' },
      { op: 'add', path: 'members', value: [{ value: 'b', display: 'B' }] },
    ],
    edit(['b'], ['a']),
  ],
  [
    'Okta: replaces the whole list',
    [{ op: 'replace', path: 'members', value: [{ value: 'a' }] }],
    whole('a'),
  ],
  [
    'Okta: Push Now of an empty group empties it',
    [{ op: 'replace', path: 'members', value: [] }],
    whole(),
  ],
  [
    'Okta: a rename leaves the members alone',
    [{ op: 'replace', value: { id: 'x', displayName: 'Crew' } }],
    undefined,
  ],
  ['adds without a path', [{ op: 'add', value: { members: [{ value: 'a' }] } }], edit(['a'])],
  [
    'adds a member named twice once',
    [{ op: 'add', path: 'members', value: [{ value: 'a' }, { value: 'a' }] }],
    edit(['a']),
  ],
  [
    'takes a single member and a bare id',
    [
      { op: 'add', path: 'members', value: { VALUE: 'a' } },
      { op: 'add', path: 'members', value: ['b'] },
    ],
    edit(['a', 'b']),
  ],
  ['adds nobody from an empty list', [{ op: 'add', path: 'members', value: [] }], undefined],
  ['removes nobody by an empty list', [{ op: 'remove', path: 'members', value: [] }], undefined],
  ['empties the group by remove alone', [{ op: 'remove', path: 'members' }], whole()],
  [
    'an addition after a removal counts',
    [
      { op: 'remove', path: 'members', value: [{ value: 'a' }] },
      { op: 'add', path: 'members', value: [{ value: 'a' }] },
    ],
    edit(['a']),
  ],
  [
    'a removal after an addition counts',
    [
      { op: 'add', path: 'members', value: [{ value: 'a' }] },
      { op: 'remove', path: 'members[value eq "a"]' },
    ],
    edit([], ['a']),
  ],
  [
    'a removal after a replacement counts',
    [
      { op: 'replace', path: 'members', value: ['a', 'b'] },
      { op: 'remove', path: 'members[value eq "a"]' },
    ],
    whole('b'),
  ],
  [
    'one member takes the place of another',
    [{ op: 'replace', path: 'members[value eq "a"]', value: { value: 'b' } }],
    edit(['b'], ['a']),
  ],
  [
    'an id that names nobody is taken',
    [{ op: 'add', path: 'members', value: [{ value: 'not a uuid' }] }],
    edit(['not a uuid']),
  ],
]

describe('PATCH of a group', () => {
  test.each(cases)('%s', (_, operations, expected) => {
    expect(patched('groups', staff, operations).members).toEqual(expected)
  })

  test('asks who the members are only where a filter is about more than ids', () => {
    const stored: readonly Reference[] = [
      { value: 'u', type: 'User' },
      { value: 'g', type: 'Group' },
    ]
    const operations = [
      { op: 'add', path: 'members', value: ['n'] },
      { op: 'remove', path: 'members[type eq "Group"]' },
    ]
    expect(patched('groups', staff, operations, stored).members).toEqual(edit(['n'], ['g']))
  })

  test.each([
    [
      'a member without a value',
      { op: 'add', path: 'members', value: [{ display: 'A' }] },
      '400 invalidValue',
    ],
    ['a number as a member', { op: 'add', path: 'members', value: [5] }, '400 invalidValue'],
    ['an endless id', { op: 'add', path: 'members', value: ['a'.repeat(300)] }, '400 invalidValue'],
    [
      'a change within a member',
      { op: 'replace', path: 'members[value eq "a"].display', value: 'x' },
      '400 mutability',
    ],
    [
      'an empty displayName',
      { op: 'replace', path: 'displayName', value: null },
      '400 invalidValue',
    ],
    ['no displayName', { op: 'remove', path: 'displayName' }, '400 mutability'],
  ])('refuses %s', (_, operation, refusal) => {
    expect(refusalOf(() => patched('groups', staff, [operation]))).toBe(refusal)
  })
})
