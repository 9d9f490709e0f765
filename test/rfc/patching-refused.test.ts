import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  enterpriseUrn,
  errorUrn,
  type Json,
  patchBody,
  patchUrn,
  userUrn,
} from '../scim-http/scim-fixture.ts'
import {
  add,
  badgeUrn,
  home,
  type Patching,
  patching,
  remove,
  replace,
} from './patching-fixture.ts'

/** RFC 7644 §3.5.2 and §3.12: what a PATCH may not do, and that it then does nothing. */

let users: Patching
beforeAll(async () => {
  users = await patching()
})
afterAll(() => users[Symbol.asyncDispose]())

describe('a PATCH is refused', () => {
  const title = { op: 'add', path: 'title', value: 'x' }
  const bodies: readonly (readonly [string, unknown, string])[] = [
    ['§3.5.2: without its schema', { Operations: [title] }, 'invalidSyntax'],
    ['§3.5.2: with another schema', { schemas: [userUrn], Operations: [title] }, 'invalidSyntax'],
    ['§3.5.2: without operations', { schemas: [patchUrn] }, 'invalidSyntax'],
    ['§3.5.2: with none', patchBody(), 'invalidSyntax'],
    [
      '§3.5.2: with operations that are no list',
      { schemas: [patchUrn], Operations: title },
      'invalidSyntax',
    ],
    ['§3.5.2: with an operation that is none', patchBody('add'), 'invalidSyntax'],
    ['§3.5.2: with an op that is none', patchBody({ ...title, op: 'move' }), 'invalidSyntax'],
    ['§3.5.2: without an op', patchBody({ path: 'title', value: 'x' }), 'invalidSyntax'],
    [
      '§3.5.2.1: with an add without a value',
      patchBody({ op: 'add', path: 'title' }),
      'invalidValue',
    ],
    ['§3.5.2.2: with a remove without a path', patchBody({ op: 'remove' }), 'noTarget'],
    [
      'with more operations than anybody sends',
      patchBody(...new Array(10_000).fill(title)),
      'invalidValue',
    ],
  ]
  test.each(bodies)('%s', async (_, body, scimType) => {
    const { id } = await users.newUser()
    const { status, body: error, headers } = await users.send('PATCH', `/Users/${id}`, body)
    expect([status, error.scimType]).toEqual([400, scimType])
    expect(error.schemas).toEqual([errorUrn])
    expect(headers.get('content-type')).toBe('application/scim+json')
    expect(await users.attributesOf(id)).toEqual({})
  })

  const operations: readonly (readonly [string, Json, string])[] = [
    ...[
      '.title',
      'title.',
      'name..givenName',
      'na me',
      'title title',
      'emails[type eq "work"]value',
      '"title"',
      'urn:',
      '1st',
    ].map((path) => [`§3.10: with the path ${path}`, add(path, 'x'), 'invalidPath'] as const),
    ...[
      'emails[type eq "work"',
      'emails[]',
      'emails[type]',
      'emails[type eq work]',
      'emails[shoe eq "1"]',
      'emails[primary gt true]',
      'title[value eq "x"]',
      'emails[emails[type eq "x"]]',
    ].map((path) => [`§3.5.2: with the path ${path}`, add(path, 'x'), 'invalidFilter'] as const),
    [
      '§3.5.2.3: with a replace of what its filter does not find',
      replace('emails[value co "z"].value', 'x'),
      'noTarget',
    ],
    [
      '§3.5.2.3: with a replace of what a negation does not find',
      replace('emails[not (type pr)].value', 'x'),
      'noTarget',
    ],
    ['§3.5.2: with a path to what is readOnly', replace('id', 'x'), 'mutability'],
    ['§3.5.2: with a path to groups', add('groups', [{ value: 'x' }]), 'mutability'],
    ['§3.5.2: with a path to a readOnly sub-attribute', replace('meta.version', 'x'), 'mutability'],
    ['§3.5.2.2: with a removal of what is required', remove('userName'), 'mutability'],
    ['§3.5.2.3: with null for what is required', replace('userName', null), 'invalidValue'],
    ['§3.12: with a value of another type', replace('displayName', 42), 'invalidValue'],
    ['§3.12: with a text for a complex value', replace('name', 'Ann Smith'), 'invalidValue'],
    [
      '§3.12: with a text for a list of objects without `value`',
      replace('addresses', 'x'),
      'invalidValue',
    ],
    ['§3.12: with a boolean that is none', replace('active', 'perhaps'), 'invalidValue'],
    ['§3.12: with a date that is none', replace(`${badgeUrn}:expires`, 'tomorrow'), 'invalidValue'],
    ['§3.12: with a part of a number', add(`${badgeUrn}:floors`, [1.5]), 'invalidValue'],
    ['§3.12: with a text in place of an extension', replace(enterpriseUrn, 'x'), 'invalidValue'],
    ['§3.12: with a list in place of a single value', replace('title', ['a', 'b']), 'invalidValue'],
  ]
  test.each(operations)('%s, and nothing of it is done', async (_, operation, scimType) => {
    const { id, meta } = await users.newUser({ title: 'before', emails: [home] })
    // The others could be done; the last cannot.
    const { status, body } = await users.patch(id, [
      replace('title', 'after'),
      remove('emails'),
      add(`${enterpriseUrn}:department`, 'IT'),
      add('emails', [home]),
      operation,
    ])
    expect([status, body.scimType]).toEqual([400, scimType])
    expect(await users.attributesOf(id)).toEqual({ title: 'before', emails: [home] })
    expect((await users.send('GET', `/Users/${id}`)).body.meta).toEqual(meta)
  })

  test('§3.5.2: where a userName is taken, and nothing of it is done', async () => {
    const [first, second] = [await users.newUser(), await users.newUser({ title: 'before' })]
    const { status, body } = await users.patch(second.id, [
      replace('title', 'after'),
      replace('userName', String(first.userName).toUpperCase()),
    ])
    expect([status, body.scimType]).toEqual([409, 'uniqueness'])
    expect((await users.send('GET', `/Users/${second.id}`)).body).toEqual(second)
  })

  test('§3.12: where nobody has the id', async () => {
    for (const path of ['/Users', '/Groups']) {
      const url = `${path}/00000000-0000-4000-8000-000000000000`
      const { status, body } = await users.send('PATCH', url, patchBody(add('title', 'x')))
      expect([status, body.schemas]).toEqual([404, [errorUrn]])
    }
  })
})
