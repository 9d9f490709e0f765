import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterpriseUrn, groupBody, type Json, patchBody } from '../scim-http/scim-fixture.ts'
import {
  add,
  home,
  name,
  type Patching,
  patching,
  remove,
  replace,
  work,
} from './patching-fixture.ts'

/** RFC 7644 §3.5.2: what a PATCH answers, when it changes nothing, and the members of groups. */

let users: Patching
beforeAll(async () => {
  users = await patching()
})
afterAll(() => users[Symbol.asyncDispose]())

describe('§3.5.2.1: a PATCH that says what is so already', () => {
  test.each<[string, Json]>([
    ['a single value', replace('title', 'x')],
    ['a single value by its key', { op: 'add', value: { title: 'x', name: {} } }],
    ['a value of a list', add('emails', [work])],
    ['a value of a list without its type', add('emails', [{ value: work.value }])],
    ['a whole list', replace('emails', [work, home])],
    ['a value chosen by a filter', replace('emails[type eq "home"].value', home.value)],
    ['a part of a complex value', add('name', { givenName: 'Ann' })],
    ['a part of an extension', add(enterpriseUrn, { department: 'IT' })],
    ['that nothing is there', remove('nickName')],
    ['that an unknown attribute is set', add('shoeSize', 43)],
    ['a password, which is not kept', replace('password', 'secret')],
  ])('as %s, succeeds and moves neither version nor lastModified', async (_, operation) => {
    const more = { title: 'x', name, emails: [work, home], [enterpriseUrn]: { department: 'IT' } }
    const before = await users.newUser(more)
    const { status, body, headers } = await users.patch(before.id, [operation])
    expect([status, body]).toEqual([200, before])
    expect(headers.get('etag')).toBe((before.meta as Json).version)
  })
})

describe('the answer to a PATCH', () => {
  test('§3.5.2: holds the attributes that are asked for, and is a 200 then', async () => {
    const { id } = await users.newUser()
    const { status, body } = await users.patch(id, [add('title', 'x')], '?attributes=title')
    expect([status, Object.keys(body).toSorted()]).toEqual([200, ['id', 'schemas', 'title']])
  })

  test('§3.14: has the new version, which the next one may ask for', async () => {
    const { id, meta } = await users.newUser()
    const first = await users.patch(id, [add('title', 'x')])
    expect(first.headers.get('etag')).toBe(first.body.meta.version)
    expect(first.body.meta.version).not.toBe((meta as Json).version)
    const ifMatch = { 'if-match': first.body.meta.version }
    const again = patchBody(add('title', 'y'))
    expect((await users.send('PATCH', `/Users/${id}`, again, ifMatch)).status).toBe(200)
    expect((await users.send('PATCH', `/Users/${id}`, again, ifMatch)).status).toBe(412)
  })
})

describe('§3.5.2: members of a group', () => {
  let groups = 0
  const groupWith = async (...members: string[]) => {
    const { body } = await users.send('POST', '/Groups', groupBody(`Group ${++groups}`, members))
    return body.id as string
  }
  const membersAfter = async (id: string, ...operations: readonly Json[]) => {
    const { status } = await users.send('PATCH', `/Groups/${id}`, patchBody(...operations))
    expect(status).toBe(200)
    const { body } = await users.send('GET', `/Groups/${id}`)
    return (body.members ?? []).map(({ value }: { value: string }) => value).toSorted()
  }

  test.each<[string, readonly Json[], readonly string[]]>([
    [
      'added twice are there once',
      [add('members', [{ value: 'c' }, { value: 'a' }])],
      ['a', 'b', 'c'],
    ],
    ['are removed by a filter', [remove('members[value eq "a"]')], ['b']],
    ['are removed by several', [remove('members[value eq "a" or value eq "b"]')], []],
    ['are removed by a value', [{ op: 'Remove', path: 'members', value: [{ value: 'b' }] }], ['a']],
    ['who are not there are removed all the same', [remove('members[value eq "z"]')], ['a', 'b']],
    ['are all removed by a bare removal', [remove('members')], []],
    ['are replaced as a whole', [replace('members', [{ value: 'z' }])], ['z']],
    ['are all removed by an empty list', [replace('members', [])], []],
    ['are named by a single object', [add('members', { value: 'c' })], ['a', 'b', 'c']],
    [
      'are added without a path',
      [{ op: 'add', value: { Members: [{ value: 'c' }] } }],
      ['a', 'b', 'c'],
    ],
    [
      'are removed and added at once',
      [remove('members[value eq "a"]'), add('members', [{ value: 'a' }])],
      ['a', 'b'],
    ],
    ['are told apart by case, as ids are', [remove('members[value eq "A"]')], ['a', 'b']],
    ['are removed by what is not true of them', [remove('members[not (value eq "a")]')], ['a']],
  ])('%s', async (_, operations, after) => {
    expect(await membersAfter(await groupWith('a', 'b'), ...operations)).toEqual(after)
  })

  test('are removed by their kind', async () => {
    const user = await users.newUser()
    const inner = await groupWith()
    const outer = await groupWith(user.id, inner)
    expect(await membersAfter(outer, remove('members[type eq "Group"]'))).toEqual([user.id])
  })

  test('are left alone where a later operation cannot be done', async () => {
    const id = await groupWith('a')
    const operations = [add('members', [{ value: 'b' }]), replace('displayName', '')]
    const { status } = await users.send('PATCH', `/Groups/${id}`, patchBody(...operations))
    expect(status).toBe(400)
    expect(await membersAfter(id, remove('externalId'))).toEqual(['a'])
  })
})
