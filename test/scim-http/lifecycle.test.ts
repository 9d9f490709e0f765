import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  groupBody,
  patchBody,
  type ScimFixture,
  scimFixture,
  userBody,
  userUrn,
} from './scim-fixture.ts'

let fixture: ScimFixture
beforeAll(async () => {
  fixture = await scimFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

describe('a user', () => {
  test('is created, found where Location says, and gone after a DELETE', async () => {
    const { send } = fixture
    const created = await send('POST', '/Users', userBody('life@acme.example'))
    expect(created.status).toBe(201)
    expect(created.headers.get('content-type')).toBe('application/scim+json')
    const location = created.headers.get('location')!
    expect(location).toBe(`https://scim.test/scim/entra/v2/Users/${created.body.id}`)
    expect(created.body.meta).toMatchObject({ resourceType: 'User', location })
    expect(created.headers.get('etag')).toBe(created.body.meta.version)
    expect(created.headers.get('x-directory-revision')).toMatch(/^[\w-]{20}$/)

    const read = await send('GET', `/Users/${created.body.id}`)
    expect(read.body).toEqual(created.body)
    const gone = await send('DELETE', `/Users/${created.body.id}`)
    expect([gone.status, gone.text]).toEqual([204, ''])
    expect(gone.headers.get('x-directory-revision')).toMatch(/^[\w-]{20}$/)
    expect((await send('GET', `/Users/${created.body.id}`)).status).toBe(404)
    expect((await send('DELETE', `/Users/${created.body.id}`)).status).toBe(404)
  })

  test('keeps `created`, and moves its version only when something changes', async () => {
    const { send } = fixture
    const { body: first } = await send('POST', '/Users', userBody('meta@acme.example'))
    const same = patchBody({ op: 'replace', path: 'userName', value: 'meta@acme.example' })
    const noop = await send('PATCH', `/Users/${first.id}`, same)
    expect(noop.body.meta).toEqual(first.meta)
    const other = patchBody({ op: 'replace', path: 'title', value: 'Boss' })
    const changed = await send('PATCH', `/Users/${first.id}`, other)
    expect(changed.body.meta.created).toBe(first.meta.created)
    expect(changed.body.meta.version).not.toBe(first.meta.version)
  })

  test('cannot take a userName that another one has, in any case', async () => {
    const { send } = fixture
    await send('POST', '/Users', userBody('Twice@acme.example'))
    const second = await send('POST', '/Users', userBody('tWICE@acme.example'))
    expect([second.status, second.body.scimType]).toEqual([409, 'uniqueness'])
  })

  test('can take the userName of a deleted one, under a new id', async () => {
    const { send } = fixture
    const first = await send('POST', '/Users', userBody('again@acme.example'))
    await send('DELETE', `/Users/${first.body.id}`)
    const second = await send('POST', '/Users', userBody('again@acme.example'))
    expect(second.status).toBe(201)
    expect(second.body.id).not.toBe(first.body.id)
  })

  test('is replaced by PUT: what is not sent is cleared, but `active`', async () => {
    const { send } = fixture
    const sent = userBody('put@acme.example', { title: 'Boss', active: false })
    const { body: first } = await send('POST', '/Users', sent)
    const put = await send('PUT', `/Users/${first.id}`, userBody('put@acme.example'))
    expect(put.status).toBe(200)
    expect(put.body.title).toBeUndefined()
    expect(put.body.active).toBe(false)
    const nobody = await send('PUT', `/Users/${randomUUID()}`, userBody('nobody@acme.example'))
    expect(nobody.status).toBe(404)
  })
})

describe('conditions', () => {
  test('answer 304 to who has the version, and 412 to who has an old one', async () => {
    const { send } = fixture
    const { body: user } = await send('POST', '/Users', userBody('etag@acme.example'))
    const url = `/Users/${user.id}`
    const old = user.meta.version
    expect((await send('GET', url, undefined, { 'if-none-match': old })).status).toBe(304)
    const patch = patchBody({ op: 'add', path: 'title', value: 'x' })
    expect((await send('PATCH', url, patch, { 'if-match': old })).status).toBe(200)
    expect((await send('PATCH', url, patch, { 'if-match': old })).status).toBe(412)
    const put = await send('PUT', url, userBody('etag@acme.example'), { 'if-match': old })
    expect(put.status).toBe(412)
    expect((await send('DELETE', url, undefined, { 'if-match': old })).status).toBe(412)
    expect((await send('DELETE', url, undefined, { 'if-match': '*' })).status).toBe(204)
  })
})

describe('a group', () => {
  test('shows its members, and its members show the group', async () => {
    const { send } = fixture
    const { body: user } = await send('POST', '/Users', userBody('member@acme.example'))
    const group = await send('POST', '/Groups', groupBody('Staff', [user.id]))
    expect(group.status).toBe(201)
    const [member] = group.body.members
    expect(member).toMatchObject({ value: user.id, type: 'User' })
    expect(member.$ref).toBe(`https://scim.test/scim/entra/v2/Users/${user.id}`)
    const read = await send('GET', `/Users/${user.id}`)
    expect(read.body.groups).toEqual([
      expect.objectContaining({ value: group.body.id, display: 'Staff', type: 'direct' }),
    ])
  })

  test('keeps every member that concurrent writers add', async () => {
    const { send } = fixture
    const { body: group } = await send('POST', '/Groups', groupBody('Crowd'))
    const ids = Array.from({ length: 20 }, () => randomUUID())
    const answers = await Promise.all(
      ids.map((value) =>
        send(
          'PATCH',
          `/Groups/${group.id}`,
          patchBody({ op: 'add', path: 'members', value: [{ value }] }),
        ),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const { body } = await send('GET', `/Groups/${group.id}`)
    expect(new Set(body.members.map((member: { value: string }) => member.value))).toEqual(
      new Set(ids),
    )
  })

  test('is sent back by a PATCH while it is small, or where attributes are asked for', async () => {
    const { send } = fixture
    const ids = Array.from({ length: 200 }, () => randomUUID())
    const { body } = await send('POST', '/Groups', groupBody('Growing', ids))
    const url = `/Groups/${body.id}`
    const touch = patchBody({ op: 'replace', path: 'displayName', value: 'Growing' })
    expect((await send('PATCH', url, touch)).body.members).toHaveLength(200)
    const add = patchBody({ op: 'add', path: 'members', value: [{ value: randomUUID() }] })
    expect(await statusAndText(send('PATCH', url, add))).toEqual([204, ''])
    expect(await statusAndText(send('PATCH', url, add))).toEqual([204, ''])
    const asked = await send('PATCH', `${url}?attributes=displayName`, touch)
    expect([asked.status, asked.body.displayName]).toEqual([200, 'Growing'])
    const shrink = patchBody({ op: 'replace', path: 'members', value: [] })
    await send('PATCH', url, shrink)
    await send('GET', url)
    expect((await send('PATCH', url, touch)).status).toBe(200)
  })

  test('cannot share its displayName, and needs one', async () => {
    const { send } = fixture
    await send('POST', '/Groups', groupBody('Finance'))
    expect((await send('POST', '/Groups', groupBody('FINANCE'))).status).toBe(409)
    const { status, body } = await send('POST', '/Groups', groupBody(''))
    expect([status, body.scimType]).toEqual([400, 'invalidValue'])
  })
})

test('every answer is told to the observer once, with what was ignored', async () => {
  const { send, requests } = fixture
  requests.length = 0
  await send('POST', '/Users', userBody('noted@acme.example', { shoeSize: 43 }))
  await send('POST', '/Users', { schemas: [userUrn] })
  expect(requests).toMatchObject([
    { directory: 'entra', operation: 'create', method: 'POST', status: 201 },
    { status: 400, detail: '`userName` is required and must not be empty' },
  ])
  expect(requests[0]!.notes).toEqual(['unknown attribute `shoeSize` ignored'])
  expect(requests[0]!.route).toBe('/scim/:directory/v2/Users')
})

test('what a client sent is repeated to it, and to nobody else', async () => {
  const { send, requests } = fixture
  const canary = 'CANARY@acme.example'
  const { body: ann } = await send('POST', '/Users', userBody('quiet@acme.example'))
  const filters = [`userName eq ${canary}`, `userName eq "${canary}" or x eq "${canary}"`]
  const operations = [
    { op: canary },
    { op: 'add', path: [canary], value: canary },
    { op: 'add', path: canary, value: canary },
    { op: 'add', path: `emailz[value eq "${canary}"].display`, value: canary },
    { op: 'add', path: `emails[valuez eq "${canary}"].display`, value: canary },
    { op: 'add', path: `emails[value eq ${canary}].display`, value: canary },
    { op: 'add', path: 'active', value: canary },
    { op: 'add', value: canary },
    { op: 'add', value: { [`emailz[value eq "${canary}"].display`]: canary } },
    { op: 'remove', path: `groups[value eq "${canary}"]` },
  ]
  requests.length = 0
  const answers = await Promise.all([
    send('POST', '/Users', userBody('x', { name: canary })),
    send('POST', '/Users', userBody('x', { active: canary })),
    send('POST', '/Users', userBody('y', { [`emails[value eq "${canary}"].display`]: canary })),
    send('POST', '/Users', canary),
    send('POST', '/Groups', groupBody('x', [canary.repeat(20)])),
    send('GET', `/Users/${canary}`),
    send('GET', `/Users?count=${canary}`),
    ...filters.map((filter) => send('GET', `/Users?filter=${encodeURIComponent(filter)}`)),
    ...operations.map((operation) => send('PATCH', `/Users/${ann.id}`, patchBody(operation))),
  ])
  expect(answers[1]!.body.detail).toBe('`active` must be true or false, not "CANARY@acme.example"')
  expect(requests).toHaveLength(answers.length)
  expect(JSON.stringify(requests)).not.toContain('CANARY')
  expect(JSON.stringify(await fixture.log())).not.toContain('CANARY')
})

async function statusAndText(reply: ReturnType<ScimFixture['send']>) {
  const { status, text } = await reply
  return [status, text]
}

test('twenty writers of one user at once all have their way', async () => {
  await using fixture = await scimFixture()
  const { send } = fixture
  const { body } = await send('POST', '/Users', userBody('busy@acme.example'))
  const types = Array.from({ length: 20 }, (_, at) => `t${at}`)
  const answers = await Promise.all(
    types.map((type) =>
      send('PATCH', `/Users/${body.id}`, patchBody({ op: 'add', path: 'roles', value: { type } })),
    ),
  )
  expect(answers.map(({ status }) => status)).toEqual(types.map(() => 200))
  const { body: after } = await send('GET', `/Users/${body.id}`)
  const kept = after.roles.map((role: { type: string }) => role.type)
  expect(kept.toSorted()).toEqual(types.toSorted())
})
