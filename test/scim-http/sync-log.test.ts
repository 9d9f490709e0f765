import { describe, expect, test } from 'vitest'
import type { SyncEntry } from '../../src/directory/sync-entry.ts'
import { type KeepNotes, SyncLog } from '../../src/scim-http/sync-log.ts'
import { type Clock, systemClock } from '../../src/std/clock.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { NoteStore, Store } from '../../src/store/store.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { entra } from '../support/store-fixture.ts'
import { quietRead, syncEntry } from '../support/sync-entries.ts'
import {
  bulkBody,
  enterpriseUrn,
  groupBody,
  patchBody,
  request,
  type ScimFixture,
  scimFixture,
  userBody,
  withMethods,
} from './scim-fixture.ts'

const [ann, bob] = ['ann@acme.example', 'bob@acme.example']

describe('the sync log tells of', () => {
  test('a create: who, by which token, with which attributes, and no value of them', async () => {
    await using fixture = await scimFixture()
    const name = { givenName: 'Geheim' }
    const body = userBody(ann, { title: 'Geheim', active: true, name, password: 'hunter2' })
    const { body: created } = await fixture.send('POST', '/Users?aadOptscim062020', body, {
      'user-agent': 'x'.repeat(500),
    })

    const [entry] = await fixture.log()

    expect(entry).toMatchObject({
      ...{ operation: 'create', method: 'POST', route: '/scim/:directory/v2/Users', status: 201 },
      ...{ of: 'users', id: created.id, name: ann, signs: ['aadOptscim062020'], times: 1 },
      changes: { what: 'created', attributes: ['userName', 'title', 'active', 'name.givenName'] },
      userAgent: 'x'.repeat(120),
    })
    expect(fixture.token).toContain(`_${entry!.tokenId}_`)
    expect(entry!.durationMs).toBeGreaterThan(0)
    expect(JSON.stringify(entry)).not.toMatch(/Geheim|hunter2|Bearer/)
    expect(JSON.stringify(entry)).not.toContain(fixture.token)
  })

  test('a change: the names that changed, sub-attributes too, and `active` with its values', async () => {
    await using fixture = await scimFixture()
    const id = await createUser(fixture, ann, { name: { givenName: 'Ann', familyName: 'S' } })
    await fixture.send(
      'PATCH',
      `/Users/${id}`,
      patchBody(
        { op: 'Replace', path: 'active', value: 'False' },
        { op: 'Replace', path: 'name.givenName', value: 'Anna' },
        { op: 'Add', path: `${enterpriseUrn}:department`, value: 'Sales' },
        { op: 'Add', path: 'title', value: 'Clerk' },
      ),
    )

    expect((await fixture.log())[1]).toMatchObject({
      ...{ operation: 'patch', name: ann, signs: ['capital op', 'value as text'] },
      changes: {
        what: 'changed',
        attributes: ['name.givenName', 'active', `${enterpriseUrn}:department`, 'title'],
        active: { from: true, to: false },
      },
      remarks: { coerced: ['active'] },
    })
  })

  test('what changes nothing as that, also where only the store can know', async () => {
    await using fixture = await scimFixture()
    const id = await createUser(fixture, ann, { title: 'Clerk' })
    const { body: staff } = await fixture.send('POST', '/Groups', groupBody('Staff', [id]))
    const title = { op: 'replace', path: 'title', value: 'Clerk' }
    const member = { op: 'add', path: 'members', value: [{ value: id }] }
    await fixture.send('PATCH', `/Users/${id}`, patchBody(title))
    await fixture.send('PATCH', `/Groups/${staff.id}`, patchBody(member))

    const nothing = { what: 'nothing', attributes: [] }
    expect((await fixture.log()).slice(2).map(({ changes }) => changes)).toEqual([nothing, nothing])
  })

  test('memberships in numbers', async () => {
    await using fixture = await scimFixture()
    const { body: staff } = await fixture.send('POST', '/Groups', groupBody('Staff', ['1', '2']))
    await fixture.send(
      'PATCH',
      `/Groups/${staff.id}`,
      patchBody(
        { op: 'Add', path: 'members', value: ['3', '4', '5'].map((value) => ({ value })) },
        { op: 'Remove', path: 'members', value: [{ value: '1' }] },
      ),
    )
    await fixture.send('PUT', `/Groups/${staff.id}`, groupBody('Staff', ['9']))

    expect((await fixture.log()).map(({ name, changes }) => [name, changes?.members])).toEqual([
      ['Staff', { kind: 'edit', added: 2, removed: 0 }],
      ['Staff', { kind: 'edit', added: 3, removed: 1 }],
      ['Staff', { kind: 'replace', count: 1 }],
    ])
  })

  test('a deletion: who it was, and whether they were active until then', async () => {
    await using fixture = await scimFixture()
    const [one, two] = [await createUser(fixture, ann), await createUser(fixture, bob)]
    const off = patchBody({ op: 'replace', value: { active: false } })
    await fixture.send('PATCH', `/Users/${two}`, off)
    await fixture.send('DELETE', `/Users/${one}`)
    await fixture.send('DELETE', `/Users/${two}`)

    const deletions = (await fixture.log()).filter(({ operation }) => operation === 'delete')
    expect(deletions.map(({ name, changes }) => [name, changes?.active])).toEqual([
      [ann, { from: true, to: null }],
      [bob, { from: false, to: null }],
    ])
  })

  test('a refusal: who failed and why, whether their name was sent or is stored', async () => {
    await using fixture = await scimFixture()
    const id = await createUser(fixture, ann)
    await createUser(fixture, bob)
    await fixture.send('POST', '/Users', userBody(ann.toUpperCase()))
    const rename = patchBody({ op: 'replace', path: 'userName', value: bob })
    await fixture.send('PATCH', `/Users/${id}`, rename)
    await fixture.send('POST', '/Users', userBody('eve@acme.example', { active: 'perhaps' }))
    const filter = encodeURIComponent('userName eq ann')
    await fixture.send('GET', `/Users?filter=${filter}`)

    expect((await fixture.log()).slice(2)).toMatchObject([
      { status: 409, scimType: 'uniqueness', name: 'ANN@ACME.EXAMPLE', error: taken },
      { status: 409, scimType: 'uniqueness', name: ann, id, error: taken },
      { status: 400, name: 'eve@acme.example', error: '`active` must be true or false' },
      { status: 400, scimType: 'invalidFilter', error: '`filter` at character 13 cannot be read' },
    ])
    expect(JSON.stringify(await fixture.log())).not.toContain('perhaps')
  })
  const taken = 'another User has this `userName`, letter case aside'

  test('what was sent in vain and what was taken for granted, by attribute', async () => {
    await using fixture = await scimFixture()
    await fixture.send('POST', '/Users', userBody(ann, { shoeSize: 43, emails: [{ seal: 1 }] }))

    expect((await fixture.log())[0]!.remarks).toEqual({
      ignored: ['shoeSize', 'emails.seal'],
      coerced: [],
      assumed: ['active'],
    })
  })

  test('a request that came too fast, and none whose token is refused: those are counted', async () => {
    await using fixture = await scimFixture({ rate: { perSecond: 0.001, burst: 1 } })
    await fixture.send('GET', '/Users')
    await fixture.send('GET', '/Users')
    await fixture.send('GET', '/Users', undefined, { authorization: 'Bearer nonsense' })
    await request('GET', `${fixture.url}/scim/nowhere/v2/Users`, undefined, {})

    expect((await fixture.log()).map(({ status }) => status)).toEqual([200, 429])
    expect(await fixture.store.notes.tally(entra)).toMatchObject({ refused: 1, dropped: 0 })
  })

  test('a bulk: each operation as if it had come by itself, and the whole', async () => {
    await using fixture = await scimFixture()
    const gone = await createUser(fixture, bob)
    const off = patchBody({ op: 'Replace', path: 'active', value: 'False' })
    await fixture.send(
      'POST',
      '/Bulk',
      bulkBody([
        { method: 'POST', path: '/Users', bulkId: 'a', data: userBody(ann, { shoeSize: 43 }) },
        { method: 'POST', path: '/Users', bulkId: 'b', data: userBody(bob, { active: true }) },
        { method: 'PATCH', path: `/Users/${gone}`, data: off },
        { method: 'DELETE', path: `/Users/${gone}` },
        { method: 'DELETE', path: `/Users/${gone}` },
        { method: 'EVIL', path: '/Users' },
      ]),
    )

    expect((await fixture.log()).slice(1)).toMatchObject([
      { operation: 'bulk', method: 'POST', status: 200, notes: [] },
      { operation: 'create', status: 201, name: ann, remarks: { ignored: ['shoeSize'] } },
      { operation: 'create', status: 409, name: bob, error: taken },
      { operation: 'patch', status: 200, name: bob, signs: ['capital op', 'value as text'] },
      { operation: 'delete', status: 204, changes: { active: { from: false, to: null } } },
      { operation: 'delete', status: 404, id: gone },
      { operation: 'other', status: 400, of: 'users' },
    ])
    expect(JSON.stringify(await fixture.log())).not.toContain('EVIL')
  })

  test('identical reads once, with their number; other reads stand apart', async () => {
    await using fixture = await scimFixture()
    const id = await createUser(fixture, ann)
    for (let count = 0; count < 3; count += 1) await fixture.send('GET', `/Users/${id}`)
    await fixture.send('GET', '/Users')
    await fixture.send('GET', `/Users/${id}`)

    expect((await fixture.log()).map(({ operation, times }) => [operation, times])).toEqual([
      ['create', 1],
      ['get', 3],
      ['list', 1],
      ['get', 1],
    ])
  })
})

describe('a store that takes no notes', () => {
  test('is offered them again in their order, and every request is answered meanwhile', async () => {
    const faults = { left: 2 }
    await using fixture = await scimFixture({
      store: (store) =>
        withNotes(store, async (directory, notes) => {
          if (faults.left-- > 0) throw new StoreUnavailable('for a test')
          await store.notes.append(directory, notes)
        }),
    })
    await createUser(fixture, ann)
    expect(await fixture.log()).toEqual([])
    await createUser(fixture, bob)
    expect(await fixture.log()).toEqual([])

    expect((await fixture.log()).map(({ name }) => name)).toEqual([ann, bob])
    expect(fixture.errors).toEqual([])
  })

  test('and never answers holds up neither requests nor, for long, the stop', async () => {
    const fixture = await scimFixture({
      store: (store) => withNotes(store, () => new Promise(() => undefined)),
    })
    await createUser(fixture, ann)
    void fixture.log()
    await createUser(fixture, bob)
    const { status } = await fixture.send('GET', '/Users')
    await fixture[Symbol.asyncDispose]()

    expect(status).toBe(200)
  })

  test('loses the oldest beyond the bound, says how many, and reads cost no write', async () => {
    const kept: SyncEntry[] = []
    let dropped = 0
    let isAway = true
    const log = newSyncLog(async (_, notes) => {
      if (isAway) throw new StoreUnavailable('for a test')
      kept.push(...notes.entries)
      dropped += notes.tally.dropped
    })
    for (let number = 0; number < 1_010; number += 1)
      log.add(entra, syncEntry({ id: `w${number}` }))
    for (let number = 0; number < 5_000; number += 1) log.add(entra, quietRead(`r${number}`))
    await log.flush()
    log.add(entra, syncEntry({ id: 'last' }))
    isAway = false
    await log.flush()

    const writes = kept.filter(({ quiet }) => !quiet).map(({ id }) => id)
    expect([writes.length, writes[0], writes.at(-1)]).toEqual([1_000, 'w11', 'last'])
    expect(kept.length).toBe(1_200)
    expect(dropped).toBe(1_011 + 5_000 - 1_200)
  })
})

test('an entry is there within a second without anybody asking, and at the stop', async () => {
  const clock = new ManualClock()
  const kept: string[] = []
  const log = newSyncLog(async (_, { entries }) => {
    kept.push(...entries.map(({ id }) => id ?? ''))
  }, clock)
  log.add(entra, syncEntry({ id: 'one' }))
  await clock.advance(400)
  expect(kept).toEqual([])
  await clock.advance(600)
  expect(kept).toEqual(['one'])
  log.add(entra, syncEntry({ id: 'two' }))
  await log.close()
  expect(kept).toEqual(['one', 'two'])
})

async function createUser(fixture: ScimFixture, userName: string, more = {}): Promise<string> {
  const { status, body } = await fixture.send('POST', '/Users', userBody(userName, more))
  expect(status).toBe(201)
  return body.id
}

function newSyncLog(keep: KeepNotes, clock: Clock = systemClock): SyncLog {
  return new SyncLog(keep, [entra], clock)
}

function withNotes(store: Store, append: NoteStore['append']): Store {
  const { list, tally } = store.notes
  return withMethods(store, { notes: { list, tally, append } })
}
