import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  bulkBody,
  enterpriseUrn,
  groupBody,
  type Json,
  patchBody,
  type ScimFixture,
  scimFixture,
  userBody,
} from './scim-fixture.ts'

let fixture: ScimFixture
beforeAll(async () => {
  fixture = await scimFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

describe('a reference', () => {
  test('of a new group to a new user is the id of that user (RFC 7644 §3.7.2)', async () => {
    const [alice, guides] = await done([
      post('/Users', 'qwerty', userBody('Alice')),
      post('/Groups', 'ytrewq', groupBody('Tour Guides', ['bulkId:qwerty'])),
    ])
    const group = await get(guides)
    expect(group.members).toMatchObject([{ value: idOf(alice), type: 'User' }])
  })

  test('of a new user to a new manager is the id of the manager (RFC 7644 §3.7.2)', async () => {
    const [manager, report] = await done([
      post('/Users', 'qwerty', userBody('Manager')),
      post('/Users', 'ytrewq', reportOf('bulkId:qwerty', 'Report')),
    ])
    expect((await get(report))[enterpriseUrn].manager.value).toBe(idOf(manager))
  })

  test('may come before what it refers to, and the answer keeps the order sent', async () => {
    const [outer, inner, user] = await done([
      post('/Groups', 'outer', groupBody('Outer', ['bulkId:inner', 'bulkId:user'])),
      post('/Groups', 'inner', groupBody('Inner', ['bulkId:user'])),
      post('/Users', 'user', userBody('forward')),
    ])
    expect([outer.bulkId, inner.bulkId, user.bulkId]).toEqual(['outer', 'inner', 'user'])
    const members = (await get(outer)).members.map(({ value }: Json) => value)
    expect(new Set(members)).toEqual(new Set([idOf(inner), idOf(user)]))
  })

  test('in a path names what was created, before or after', async () => {
    const [patched, , deleted] = await done([
      { method: 'PATCH', path: '/Users/bulkId:path', data: patchBody(add('title', 'New')) },
      post('/Users', 'path', userBody('by-path')),
      { method: 'DELETE', path: 'Groups/bulkId:a/b?c"d', bulkId: 'other' },
      post('/Groups', 'a/b?c"d', groupBody('By path')),
    ])
    expect(await get(patched)).toMatchObject({ userName: 'by-path', title: 'New' })
    expect(deleted).toMatchObject({ bulkId: 'other', status: '204' })
    expect((await get(deleted)).status).toBe('404')
  })

  test('works in every place of a PATCH: values, bare values, filters, names', async () => {
    const old = await created('/Groups', groupBody('Patched'))
    const [, a, b, c, d] = await done([
      {
        method: 'PATCH',
        path: `/Groups/${old.id}`,
        data: patchBody(
          add('members', [{ value: 'bulkId:a' }, { value: 'bulkId:b' }]),
          add('members', 'bulkId:c'),
          { op: 'remove', path: 'members[value eq "bulkId:a"]' },
          { op: 'Replace', path: 'members[value eq "bulkId:b"]', value: { value: 'bulkId:d' } },
          { op: 'add', value: { members: [{ value: 'bulkId:e"\\' }] } },
          {
            op: 'replace',
            value: { 'members[value eq "bulkId:e\\"\\\\"]': { value: 'bulkId:b' } },
          },
        ),
      },
      ...['a', 'b', 'c', 'd', 'e"\\'].map((name) =>
        post('/Users', name, userBody(`in-patch-${name}`)),
      ),
    ])
    const members = (await get({ location: old.meta.location })).members
    expect(new Set(members.map(({ value }: Json) => value))).toEqual(
      new Set([b, c, d].map((entry) => idOf(entry))),
    )
    expect(idOf(a)).not.toBe(idOf(b))
  })

  test('is a whole text: what only looks like one stays as it was sent', async () => {
    const filter = String.raw`emails[value eq "x\"bulkId:none\""].value`
    const [user] = await done([
      post(
        '/Users',
        'plain',
        userBody('plain', { title: 'see bulkId:none', nickName: '"bulkId:n"' }),
      ),
      {
        method: 'PATCH',
        path: '/Users/bulkId:plain',
        data: patchBody(add(filter, 'y@acme.example')),
      },
    ])
    expect(await get(user)).toMatchObject({ title: 'see bulkId:none', nickName: '"bulkId:n"' })
  })

  test('never lets an operation overtake an earlier one on the same resource', async () => {
    const { id, meta } = await created('/Groups', groupBody('Same'))
    await done([
      { method: 'PATCH', path: `/Groups/${id}`, data: patchBody(add('members', 'bulkId:late')) },
      { method: 'PATCH', path: `Groups/${id}`, data: patchBody({ op: 'remove', path: 'members' }) },
      post('/Users', 'late', userBody('late')),
    ])
    expect((await get(meta)).members).toBeUndefined()
  })

  test('moves nothing else: a name that becomes free further up can be taken', async () => {
    const { id } = await created('/Users', userBody('taken'))
    await done([
      post('/Groups', 'g', groupBody('Waits', ['bulkId:u'])),
      { method: 'DELETE', path: `/Users/${id}` },
      post('/Users', 'u', userBody('taken')),
    ])
  })
})

describe('a reference that cannot be followed', () => {
  test('to a bulkId that no POST has is a 400 of its operation alone, and names it', async () => {
    const operations = await bulk([
      post('/Groups', 'g', groupBody('Unknown', ['bulkId:nobody'])),
      { method: 'DELETE', path: '/Users/bulkId:g2', bulkId: 'nobody' },
      post('/Users', 'u', userBody('beside-unknown')),
    ])
    expect(operations.map(({ status }) => status)).toEqual(['400', '400', '201'])
    expect(operations[0]?.response).toMatchObject({
      scimType: 'invalidValue',
      detail: expect.stringContaining('"nobody"'),
    })
    expect(operations[1]).not.toHaveProperty('location')
  })

  test('to an operation that failed is a 409 that names it, along the whole chain', async () => {
    await created('/Users', userBody('exists'))
    const operations = await bulk([
      post('/Groups', 'two', groupBody('Two', ['bulkId:one'])),
      post('/Groups', 'one', groupBody('One', ['bulkId:exists'])),
      post('/Users', 'exists', userBody('EXISTS')),
      { method: 'PATCH', path: '/Users/bulkId:exists', data: patchBody(add('title', 'x')) },
      post('/Groups', 'healthy', groupBody('Healthy')),
    ])
    expect(operations.map(({ status }) => status)).toEqual(['409', '409', '409', '409', '201'])
    expect(operations.map(({ response }) => response?.scimType)).toEqual([
      undefined,
      undefined,
      'uniqueness',
      undefined,
      undefined,
    ])
    expect(operations[0]?.response?.detail).toContain('"one"')
    expect(operations[3]?.response?.detail).toContain('"exists"')
    expect(operations[3]).not.toHaveProperty('location')
  })

  test('to a bulkId that two POSTs have is refused, and so are the two', async () => {
    const operations = await bulk([
      post('/Users', 'twice', userBody('twice-1')),
      post('/Users', 'twice', userBody('twice-2')),
      post('/Groups', 'g', groupBody('Twice', ['bulkId:twice'])),
    ])
    expect(operations.map(({ status }) => status)).toEqual(['400', '400', '409'])
  })

  test('to a user as a group is what the id of a user is there: not found', async () => {
    const operations = await bulk([
      post('/Users', 'u', userBody('no-group')),
      { method: 'DELETE', path: '/Groups/bulkId:u' },
    ])
    expect(operations.map(({ status }) => status)).toEqual(['201', '404'])
  })
})

describe('references in a circle (RFC 7644 §3.7.1)', () => {
  test.each([
    ['of one group that has itself as a member', [group('a', 'a')]],
    ['of one user who is his own manager', [user('a', 'a')]],
    ['of two', [group('a', 'b'), group('b', 'a')]],
    ['of three, users among them', [user('a', 'b'), user('b', 'c'), user('c', 'a')]],
    [
      'of two, and who waits for them',
      [group('a', 'b'), group('b', 'a'), group('c', 'b'), group('d', 'c')],
    ],
    ['of two, between two others', [group('x', 'b', 'a'), group('a', 'b'), group('b', 'a', 'x')]],
  ])('%s are refused with 409, and nothing of them is done', async (_, circle) => {
    const before = await totals()
    const operations = await bulk(circle)
    expect(operations.map(({ status }) => status)).toEqual(circle.map(() => '409'))
    expect(operations[0]?.response?.detail).toMatch(/circle/)
    expect(await totals()).toEqual(before)
  })

  test('leave alone what stands beside them', async () => {
    const operations = await bulk([
      group('beside-1', 'beside-user'),
      group('a', 'b', 'beside-user'),
      user('beside-user'),
      group('b', 'a'),
      group('beside-2', 'beside-1'),
      { method: 'PATCH', path: '/Groups/bulkId:a', data: patchBody(add('externalId', 'x')) },
    ])
    const expected = ['201', '409', '201', '409', '201', '409']
    expect(operations.map(({ status }) => status)).toEqual(expected)
  })

  test('are closed by a PATCH after the POSTs, which is no circle of operations', async () => {
    const [a, b] = await done([
      group('closed-a', 'closed-b'),
      group('closed-b'),
      {
        method: 'PATCH',
        path: '/Groups/bulkId:closed-b',
        data: patchBody(add('members', [{ value: 'bulkId:closed-a' }])),
      },
    ])
    expect((await get(b)).members).toMatchObject([{ value: idOf(a), type: 'Group' }])
  })

  test('of a thousand operations, and chains as long, are answered', async () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `long-${index}`)
    const circle = names.map((name, index) => group(name, names[(index + 1) % names.length]!))
    const refused = await bulk(circle)
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set(['409']))
    const broken = [...circle.slice(0, -1), { ...group(names.at(-1)!), data: {} }]
    const chain = await bulk(broken)
    expect([chain.length, chain[0]?.status, chain.at(-1)?.status]).toEqual([1_000, '409', '400'])
  })
})

interface Entry {
  readonly status: string
  readonly location?: string
  readonly bulkId?: string
  readonly response?: { readonly scimType?: string; readonly detail: string }
}

async function bulk(operations: readonly unknown[]): Promise<readonly Entry[]> {
  const { status, body } = await fixture.send('POST', '/Bulk', bulkBody(operations))
  expect(status).toBe(200)
  return body.Operations
}

/** Of a bulk in which nothing fails. */
async function done(operations: readonly unknown[]) {
  const entries = await bulk(operations)
  expect(entries.filter(({ status }) => !status.startsWith('2'))).toEqual([])
  expect(entries).toHaveLength(operations.length)
  return entries as readonly [Entry, Entry, Entry, Entry, Entry]
}

function post(path: string, bulkId: string, data: unknown): Json {
  return { method: 'POST', path, bulkId, data }
}

function group(name: string, ...members: readonly string[]): Json {
  const references = members.map((member) => `bulkId:${member}`)
  return post('/Groups', name, groupBody(name, references))
}

function user(name: string, manager?: string): Json {
  return post('/Users', name, manager ? reportOf(`bulkId:${manager}`, name) : userBody(name))
}

function reportOf(manager: string, userName: string): Json {
  return userBody(userName, { [enterpriseUrn]: { manager: { value: manager } } })
}

function add(path: string, value: unknown): Json {
  return { op: 'add', path, value }
}

function idOf({ location }: Entry): string {
  return location!.split('/').at(-1)!
}

async function created(path: string, sent: Json) {
  return (await fixture.send('POST', path, sent)).body
}

async function get({ location }: Pick<Entry, 'location'>) {
  const path = location!.slice('https://scim.test/scim/entra/v2'.length)
  return (await fixture.send('GET', path)).body
}

async function totals(): Promise<readonly number[]> {
  const lists = [
    await fixture.send('GET', '/Users?count=0'),
    await fixture.send('GET', '/Groups?count=0'),
  ]
  return lists.map(({ body }) => body.totalResults)
}
