import { describe, expect, test } from 'vitest'
import { RateLimit } from '../../src/scim-http/limits.ts'
import { type Clock, systemClock } from '../../src/std/clock.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { CommitOptions, Committed, Store } from '../../src/store/store.ts'
import {
  errorUrn,
  groupBody,
  patchBody,
  scimFixture,
  userBody,
  withMethods,
} from './scim-fixture.ts'

describe('the rate', () => {
  test('lets a burst through, then as many as it says, per directory', () => {
    let nowMs = 0
    const clock: Clock = { ...systemClock, monotonicMs: () => nowMs }
    const rate = new RateLimit({ perSecond: 2, burst: 3 }, clock)
    const takes = (count: number) => Array.from({ length: count }, () => rate.take('a'))
    expect(takes(4)).toEqual([undefined, undefined, undefined, 1])
    expect(rate.take('b')).toBeUndefined()
    nowMs += 500
    expect(takes(2)).toEqual([undefined, 1])
    nowMs += 60_000
    expect(takes(4)).toEqual([undefined, undefined, undefined, 1])
  })

  test('beyond it is a 429 with whole seconds, and other directories go on', async () => {
    await using fixture = await scimFixture({ rate: { perSecond: 0.5, burst: 1 } })
    expect((await fixture.send('GET', '/Users')).status).toBe(200)
    const { status, headers, body } = await fixture.send('GET', '/Users')
    expect([status, headers.get('retry-after')]).toEqual([429, '2'])
    expect(body).toMatchObject({ schemas: [errorUrn], status: '429' })
    const other = await fetch(`${fixture.url}/scim/okta/v2/Users`, {
      headers: { authorization: `Bearer ${fixture.oktaToken}` },
    })
    expect(other.status).toBe(200)
  })
})

describe('while the store is away', () => {
  test('a write is tried twice under one opId, then a 503 says when to come back', async () => {
    const opIds: string[] = []
    await using fixture = await scimFixture({
      store: (store) =>
        withCommit(store, async (_, by) => {
          opIds.push(by.opId)
          return { kind: 'unavailable', cause: new StoreUnavailable('disk full') }
        }),
    })
    const { status, headers, body } = await fixture.send('POST', '/Users', userBody('x'))
    expect([status, headers.get('retry-after')]).toEqual([503, '5'])
    expect(body.detail).not.toContain('disk')
    expect(opIds).toHaveLength(2)
    expect(opIds[0]).toBe(opIds[1])
  })

  test('reading is a 503 too, never an empty list', async () => {
    await using fixture = await scimFixture({
      store: (store) =>
        withMethods(store, {
          find: () => Promise.reject(new StoreUnavailable('gone')),
          get: () => Promise.reject(new StoreUnavailable('gone')),
        }),
    })
    const id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'
    const answers = [await fixture.send('GET', '/Users'), await fixture.send('GET', `/Users/${id}`)]
    expect(answers.map(({ status }) => status)).toEqual([503, 503])
  })
})

describe('a write', () => {
  test.each([
    ['may take access away', false, ['201', 'barrier', '200']],
    ['is made, where the setting says so', true, ['barrier', '201', 'barrier', '200']],
  ])(
    'that %s is answered only after the barrier, also if nothing was left to do',
    async (...row) => {
      const [, waitsForAll, first] = row
      const events: string[] = []
      await using fixture = await scimFixture({
        waitsForAll,
        store: (store) =>
          withMethods(store, {
            barrier: async (at) => {
              events.push('barrier')
              await store.barrier(at)
            },
          }),
      })
      const answered = async (...given: Parameters<typeof fixture.send>) => {
        const answer = await fixture.send(...given)
        events.push(String(answer.status))
        return answer
      }
      const { body } = await answered('POST', '/Users', userBody('barrier@acme.example'))
      await answered('PATCH', `/Users/${body.id}`, patchBody({ op: 'remove', path: 'title' }))
      await answered('DELETE', `/Users/${body.id}`)
      await answered('DELETE', `/Users/${body.id}`)
      expect(events).toEqual([...first, 'barrier', '204', 'barrier', '404'])
    },
  )

  test('that others keep overtaking is read again, and given up after a while', async () => {
    let left = 3
    await using fixture = await scimFixture({
      store: (store) =>
        withCommit(store, async (change, by) => {
          if (by.ifMatch === undefined || left === 0) return await store.commit(change, by)
          left -= 1
          return { kind: 'version' }
        }),
    })
    const { body } = await fixture.send('POST', '/Users', userBody('race@acme.example'))
    const patch = patchBody({ op: 'add', path: 'title', value: 'x' })
    expect((await fixture.send('PATCH', `/Users/${body.id}`, patch)).body.title).toBe('x')
    left = Number.POSITIVE_INFINITY
    const other = patchBody({ op: 'add', path: 'title', value: 'y' })
    expect((await fixture.send('PATCH', `/Users/${body.id}`, other)).status).toBe(503)
  })

  test('of members alone asks for no version', async () => {
    const conditions: (number | undefined)[] = []
    await using fixture = await scimFixture({
      store: (store) =>
        withCommit(store, (change, by) => {
          if (change.op === 'update') conditions.push(by.ifMatch)
          return store.commit(change, by)
        }),
    })
    const { body } = await fixture.send('POST', '/Groups', groupBody('Staff'))
    const add = { op: 'add', path: 'members', value: [{ value: 'x' }] }
    const rename = { op: 'replace', value: { id: body.id, displayName: 'Staff' } }
    await fixture.send('PATCH', `/Groups/${body.id}`, patchBody(add))
    await fixture.send('PATCH', `/Groups/${body.id}`, patchBody(rename, { ...add, op: 'remove' }))
    expect(conditions).toEqual([undefined, undefined])
  })

  test('is answered from its commit; a group of more than 200 members alone is read back', async () => {
    const reads: unknown[] = []
    await using fixture = await scimFixture({
      store: (store) =>
        withMethods(store, {
          get: async (...asked) => {
            reads.push(asked[3]?.references)
            return await store.get(...asked)
          },
        }),
    })
    const { send } = fixture
    const readsOf = async (...asked: Parameters<typeof send>) => {
      const from = reads.length
      const { status, body } = await send(...asked)
      return { status, body, reads: reads.slice(from) }
    }
    const add = (value: string) => patchBody({ op: 'add', path: 'members', value: [{ value }] })
    const many = Array.from({ length: 200 }, (_, number) => `member ${number}`)

    const ann = await readsOf('POST', '/Users', userBody('ann@acme.example'))
    const staff = await readsOf('POST', '/Groups', groupBody('Staff', many))
    const url = `/Groups/${staff.body.id}`
    const grown = await readsOf('PATCH', url, add(ann.body.id))
    const put = await readsOf('PUT', url, groupBody('Staff', [...many, ann.body.id]))
    const small = await readsOf('PUT', url, groupBody('Staff', [ann.body.id]))

    expect([ann.status, ann.reads]).toEqual([201, []])
    expect([staff.status, staff.reads, staff.body.members.length]).toEqual([201, [], 200])
    expect([grown.status, grown.reads]).toEqual([204, [false]])
    expect([put.status, put.reads, put.body.members.length]).toEqual([200, [false, true], 201])
    expect([small.status, small.reads, small.body.members.length]).toEqual([200, [false], 1])
  })

  test('is refused where synchronisation is off, reading is not', async () => {
    await using fixture = await scimFixture({ writable: (directory) => directory !== 'entra' })
    const { status, body } = await fixture.send('POST', '/Users', userBody('x'))
    expect([status, body.status]).toEqual([403, '403'])
    expect((await fixture.send('GET', '/Users')).status).toBe(200)
  })
})

test('a crash of ours is a 500 that tells nothing, and is told to the observer', async () => {
  await using fixture = await scimFixture({
    store: (store) => withMethods(store, { find: () => Promise.reject(new Error('SECRET.ts:1')) }),
  })
  const { status, text, body } = await fixture.send('GET', '/Users')
  expect([status, body.detail]).toEqual([500, 'internal error'])
  expect(text).not.toContain('SECRET')
  expect(fixture.errors).toEqual([new Error('SECRET.ts:1')])
})

type Commit = (change: Parameters<Store['commit']>[0], by: CommitOptions) => Promise<Committed>

/** In place of the commit of resources; tokens are made as ever. */
function withCommit(store: Store, commit: Commit): Store {
  return withMethods(store, {
    commit: (change, by) =>
      change.op.startsWith('token') ? store.commit(change, by) : commit(change, by),
  })
}
