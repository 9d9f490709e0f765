import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterpriseUrn, type Json, userUrn } from '../scim-http/scim-fixture.ts'
import {
  add,
  badgeUrn,
  home,
  name,
  other,
  type Patching,
  patching,
  remove,
  replace,
  work,
} from './patching-fixture.ts'

/** RFC 7644 §3.5.2: what a PATCH does. */

let users: Patching
beforeAll(async () => {
  users = await patching()
})
afterAll(() => users[Symbol.asyncDispose]())

type Case = readonly [sentence: string, before: Json, operations: readonly Json[], after: Json]

const cases: Record<string, readonly Case[]> = {
  '§3.5.2: operations are done in their order, each on what those before it left': [
    [
      'an element that was added is written and removed',
      { emails: [work] },
      [
        add('emails', [home]),
        replace('emails[type eq "home"].type', 'other'),
        add('emails[type eq "other"].display', 'O'),
        remove('emails[type eq "work"]'),
      ],
      { emails: [{ ...home, type: 'other', display: 'O' }] },
    ],
    [
      'what was cleared is set again',
      { title: 'x', name },
      [remove('title'), replace('title', 'y'), remove('name'), add('name.givenName', 'B')],
      { title: 'y', name: { givenName: 'B' } },
    ],
  ],
  '§3.5.2.1: add': [
    ['sets a single value', {}, [add('title', 'x')], { title: 'x' }],
    ['takes the place of a single value', { title: 'x' }, [add('title', 'y')], { title: 'y' }],
    ['appends to a list', { emails: [work] }, [add('emails', [home])], { emails: [work, home] }],
    ['takes a list of one as one', {}, [add('emails', home)], { emails: [home] }],
    [
      'leaves the sub-attributes of a complex value that it does not name',
      { name },
      [add('name', { middleName: 'M', familyName: 'Jones' })],
      { name: { givenName: 'Ann', familyName: 'Jones', middleName: 'M' } },
    ],
    [
      'goes to every value that the filter matches',
      { emails: [work, home, other] },
      [add('emails[type ne "home"].display', 'D')],
      { emails: [{ ...work, display: 'D' }, home, { ...other, display: 'D' }] },
    ],
  ],
  '§3.5.2.2: remove': [
    ['unassigns a single value', { title: 'x' }, [remove('title')], {}],
    ['unassigns a list', { emails: [work, home] }, [remove('emails')], {}],
    ['of what is not there is nothing', {}, [remove('emails[type eq "fax"]'), remove('title')], {}],
    ['of the last value unassigns the list', { emails: [work] }, [remove('emails[value pr]')], {}],
    [
      'of a sub-attribute goes through all values',
      { emails: [work, home] },
      [remove('emails.type')],
      { emails: [{ value: work.value, primary: true }, { value: home.value }] },
    ],
    [
      'of the last sub-attribute unassigns a complex value',
      { name: { givenName: 'Ann' } },
      [remove('name.givenName')],
      {},
    ],
    [
      'takes those that a compound filter names',
      { emails: [work, home, other] },
      [remove('emails[(type eq "home" or type eq "other") and value co "@HOME."]')],
      { emails: [work, other] },
    ],
    [
      'takes those that a negation names',
      { emails: [work, home, other] },
      [remove('emails[not (primary eq true)]')],
      { emails: [work] },
    ],
    [
      'takes those that have a sub-attribute, or have none',
      { emails: [{ ...work, display: 'W' }, home, other] },
      [remove('emails[display pr]'), remove('emails[not (display pr) and type eq "home"]')],
      { emails: [other] },
    ],
  ],
  '§3.5.2.3: replace': [
    ['adds what is not there', {}, [replace('title', 'x')], { title: 'x' }],
    ['replaces a whole list', { emails: [work] }, [replace('emails', [home])], { emails: [home] }],
    [
      'replaces it by a single object',
      { emails: [work] },
      [replace('emails', home)],
      { emails: [home] },
    ],
    [
      'leaves the sub-attributes of a complex value that it does not name',
      { name },
      [replace('name', { familyName: 'Jones' })],
      { name: { givenName: 'Ann', familyName: 'Jones' } },
    ],
    [
      'clears the sub-attributes that it names null',
      { name },
      [replace('name', { familyName: null, givenName: 'B' })],
      { name: { givenName: 'B' } },
    ],
    [
      'clears a complex value whose sub-attributes are null',
      { name },
      [replace('name', { familyName: null, givenName: '' })],
      {},
    ],
    [
      'replaces all values that the filter matches, and leaves what the filter says of them',
      { emails: [work, home, { ...home, value: 'b@home.example', display: 'B' }] },
      [replace('emails[type eq "home"]', { value: 'n@home.example' })],
      {
        emails: [
          work,
          { type: 'home', value: 'n@home.example' },
          { type: 'home', value: 'n@home.example' },
        ],
      },
    ],
    [
      'of a sub-attribute goes to all values without a filter',
      { emails: [work, home] },
      [replace('emails.type', 'other')],
      {
        emails: [
          { ...work, type: 'other' },
          { ...home, type: 'other' },
        ],
      },
    ],
    [
      'of a sub-attribute goes to all that match',
      { emails: [work, home, other] },
      [replace('emails[type eq "home" or type eq "other"].display', 'D')],
      { emails: [work, { ...home, display: 'D' }, { ...other, display: 'D' }] },
    ],
  ],
  'RFC 7643 §2.4: one value is primary': [
    [
      'the one that add appends',
      { emails: [work, home] },
      [add('emails', [{ ...other, primary: true }])],
      { emails: [{ ...work, primary: false }, home, { ...other, primary: true }] },
    ],
    [
      'the one that add makes primary',
      { emails: [work, home] },
      [add('emails', [{ ...home, primary: true }])],
      {
        emails: [
          { ...work, primary: false },
          { ...home, primary: true },
        ],
      },
    ],
    [
      'the one that a filter makes primary',
      { emails: [work, home] },
      [replace('emails[type eq "home"].primary', true)],
      {
        emails: [
          { ...work, primary: false },
          { ...home, primary: true },
        ],
      },
    ],
    [
      'the one that is replaced by a primary',
      { emails: [work, home] },
      [replace('emails[type eq "home"]', { ...home, primary: true })],
      {
        emails: [
          { ...work, primary: false },
          { ...home, primary: true },
        ],
      },
    ],
    [
      'the one that is created as primary',
      { emails: [work] },
      [replace('emails[type eq "home" and primary eq true].value', 'n@x')],
      {
        emails: [
          { ...work, primary: false },
          { type: 'home', primary: true, value: 'n@x' },
        ],
      },
    ],
    [
      'the first of a new list with two',
      {},
      [replace('emails', [{ ...home, primary: true }, work])],
      {
        emails: [
          { ...home, primary: true },
          { ...work, primary: false },
        ],
      },
    ],
    [
      'the last of all that are made primary at once',
      { emails: [work, home] },
      [replace('emails.primary', 'True')],
      {
        emails: [
          { ...work, primary: false },
          { ...home, primary: true },
        ],
      },
    ],
    [
      'or none',
      { emails: [work, home] },
      [replace('emails[primary eq true].primary', false)],
      { emails: [{ ...work, primary: false }, home] },
    ],
  ],
  'RFC 7643 §2.5: null, an empty list and, as Okta sends it, "" unassign': [
    [
      'a value by its path',
      { title: 'x', nickName: 'x', emails: [work], name },
      [
        replace('title', null),
        replace('nickName', ''),
        replace('emails', []),
        replace('name', null),
      ],
      {},
    ],
    [
      'a value by its key',
      { title: 'x', emails: [work], name },
      [{ op: 'replace', value: { title: '', emails: null, 'name.givenName': null } }],
      { name: { familyName: 'Smith' } },
    ],
    [
      'the element or the sub-attribute that a filter chooses',
      { emails: [work, home, { ...other, display: 'O' }] },
      [
        replace('emails[type eq "work"]', null),
        replace('emails[type eq "home"].value', ''),
        replace('emails[type eq "other"].display', null),
      ],
      { emails: [other] },
    ],
  ],
  '§3.5.2: a value without a path': [
    [
      'names attributes in every form that a path has',
      { emails: [home] },
      [
        {
          op: 'replace',
          value: {
            title: 'x',
            'name.familyName': 'Smith',
            name: { givenName: 'Ann' },
            'emails[type eq "work"].value': 'w@x',
            [`${userUrn}:nickName`]: 'A',
            [`${userUrn}:emails[type eq "home"].display`]: 'H',
            [`${enterpriseUrn}:department`]: 'IT',
            [`${enterpriseUrn}:manager.value`]: 'boss',
            [badgeUrn]: { doors: ['front'] },
          },
        },
      ],
      {
        title: 'x',
        nickName: 'A',
        name,
        emails: [
          { ...home, display: 'H' },
          { type: 'work', value: 'w@x' },
        ],
        [enterpriseUrn]: { department: 'IT', manager: { value: 'boss' } },
        [badgeUrn]: { doors: ['front'] },
      },
    ],
    [
      'passes over what is readOnly among it',
      {},
      [
        {
          op: 'add',
          value: { id: 'x', meta: { version: 'y' }, groups: [{ value: 'g' }], title: 'x' },
        },
      ],
      { title: 'x' },
    ],
  ],
  'RFC 7643 §2.1: names are taken in any case': [
    [
      'of operations, paths, filters, sub-attributes and URNs',
      { emails: [work] },
      [
        { OP: 'Replace', PATH: 'EMAILS[TYPE EQ "WORK"].DISPLAY', VALUE: 'D' },
        { op: 'ADD', path: `${enterpriseUrn.toUpperCase()}:DEPARTMENT`, value: 'IT' },
        { op: 'add', value: { NAME: { GIVENNAME: 'Ann' } } },
      ],
      {
        emails: [{ ...work, display: 'D' }],
        [enterpriseUrn]: { department: 'IT' },
        name: { givenName: 'Ann' },
      },
    ],
  ],
  '§3.10: a path by the URN of its schema': [
    [
      'reaches core attributes, brackets too',
      { emails: [work] },
      [
        add(`${userUrn}:title`, 'x'),
        replace(`${userUrn}:name.givenName`, 'Ann'),
        replace(`${userUrn}:emails[type eq "work"].value`, 'n@x'),
      ],
      { title: 'x', name: { givenName: 'Ann' }, emails: [{ ...work, value: 'n@x' }] },
    ],
    [
      'reaches an extension whose version has dots',
      { [badgeUrn]: { issuer: { value: 'a', office: 'B' } } },
      [add(`${badgeUrn}:issuer.office`, 'C'), add(`${badgeUrn}:expires`, '2027-01-01T00:00:00Z')],
      { [badgeUrn]: { issuer: { value: 'a', office: 'C' }, expires: '2027-01-01T00:00:00Z' } },
    ],
  ],
  'RFC 7643 §3.3: an extension': [
    [
      'is merged as an object by its URN as a path',
      { [enterpriseUrn]: { department: 'IT', division: 'D' } },
      [replace(enterpriseUrn, { department: 'HR', division: null, costCenter: '1' })],
      { [enterpriseUrn]: { department: 'HR', costCenter: '1' } },
    ],
    [
      'is removed by its URN',
      { [enterpriseUrn]: { department: 'IT' } },
      [remove(enterpriseUrn)],
      {},
    ],
    [
      'is unassigned by null',
      { [enterpriseUrn]: { department: 'IT' } },
      [replace(enterpriseUrn, null)],
      {},
    ],
    [
      'disappears with its last attribute',
      { [enterpriseUrn]: { department: 'IT', manager: { value: 'a' } } },
      [remove(`${enterpriseUrn}:manager`), remove(`${enterpriseUrn}:department`)],
      {},
    ],
  ],
  '§3.5.2: a list of simple values': [
    [
      'takes each value once',
      { [badgeUrn]: { doors: ['front'] } },
      [add(`${badgeUrn}:doors`, ['back', 'front']), add(`${badgeUrn}:doors`, 'side')],
      { [badgeUrn]: { doors: ['front', 'back', 'side'] } },
    ],
    [
      'is chosen from by `value`',
      { [badgeUrn]: { doors: ['front', 'back', 'side'], floors: [1, 2, 3] } },
      [
        remove(`${badgeUrn}:doors[value sw "b"]`),
        remove(`${badgeUrn}:floors[value ge 2]`),
        replace(`${badgeUrn}:doors[value eq "SIDE"]`, 'cellar'),
      ],
      { [badgeUrn]: { doors: ['front', 'cellar'], floors: [1] } },
    ],
    [
      'loses the values that a removal names, as Entra and JumpCloud do with members',
      { [badgeUrn]: { doors: ['front', 'back'], floors: [1, 2] } },
      [
        { op: 'Remove', path: `${badgeUrn}:doors`, value: ['front'] },
        { op: 'Remove', path: `${badgeUrn}:floors`, value: '2' },
      ],
      { [badgeUrn]: { doors: ['back'], floors: [1] } },
    ],
    [
      'is found without its URN where no other schema has its name',
      { [badgeUrn]: { doors: ['front', 'back'] } },
      [remove('doors[value eq "front"]'), add('floors', 4)],
      { [badgeUrn]: { doors: ['back'], floors: [4] } },
    ],
  ],
}

for (const [title, rows] of Object.entries(cases)) {
  describe(title, () => {
    test.each(rows)('%s', async (_, before, operations, after) => {
      const { id } = await users.newUser(before)
      const { status, body, text } = await users.patch(id, operations)
      expect([status, text]).toEqual([200, text])
      expect(await users.attributesOf(id)).toEqual(after)
      const extensions = [enterpriseUrn, badgeUrn].filter((urn) => urn in after)
      expect(body.schemas).toEqual([userUrn, ...extensions])
    })
  })
}
