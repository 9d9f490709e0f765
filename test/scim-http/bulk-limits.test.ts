import { describe, expect, test } from 'vitest'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { readBulk } from '../../src/scim/bulk-request.ts'
import { Scim } from '../../src/scim/scim.ts'
import { internalError } from '../../src/scim-http/answers.ts'
import { RateLimit } from '../../src/scim-http/limits.ts'
import { type Clock, systemClock } from '../../src/std/clock.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { entra } from '../support/store-fixture.ts'
import {
  bulkBody,
  errorUrn,
  groupBody,
  type Json,
  patchBody,
  scimFixture,
  userBody,
  withMethods,
} from './scim-fixture.ts'

describe('beyond what ServiceProviderConfig says', () => {
  test('one operation more is a 413 that names `maxOperations`, and nothing is done', async () => {
    await using fixture = await scimFixture()
    const { bulk } = (await fixture.send('GET', '/ServiceProviderConfig')).body
    const many = Array.from({ length: bulk.maxOperations + 1 }, (_, index) => post(`many-${index}`))
    const { status, body } = await fixture.send('POST', '/Bulk', bulkBody(many))
    expect([status, body.schemas]).toEqual([413, [errorUrn]])
    expect(body.detail).toContain(`\`maxOperations\` (${bulk.maxOperations})`)
    expect(await totalUsers(fixture)).toBe(0)
  })

  test('a byte more is a 413 that names `maxPayloadSize`; up to it a body is read', async () => {
    await using fixture = await scimFixture()
    const { bulk } = (await fixture.send('GET', '/ServiceProviderConfig')).body
    const whole = JSON.stringify(bulkBody([post('padded')])).padEnd(bulk.maxPayloadSize)
    const { status, body } = await fixture.send('POST', '/Bulk', `${whole} `)
    expect([status, body.schemas]).toEqual([413, [errorUrn]])
    expect(body.detail).toContain(`\`maxPayloadSize\` (${bulk.maxPayloadSize})`)
    expect((await fixture.send('POST', '/Bulk', whole)).status).toBe(200)
  })
})

describe('as many operations as there may be', () => {
  test('are done and answered', async () => {
    await using fixture = await scimFixture()
    const many = Array.from({ length: 999 }, (_, index) => post(`user-${index}`))
    const members = many.map(({ bulkId }) => `bulkId:${bulkId}`)
    const all = { method: 'POST', path: '/Groups', bulkId: 'all', data: groupBody('All', members) }
    const { body } = await fixture.send('POST', '/Bulk', bulkBody([all, ...many]))
    expect(statuses(body)).toEqual(Array.from({ length: 1_000 }, () => '201'))
    const path = body.Operations[0].location.slice('https://scim.test/scim/entra/v2'.length)
    const group = (await fixture.send('GET', path)).body
    expect(group.members.filter(({ type }: Json) => type === 'User')).toHaveLength(999)
  })

  test('let others have their turn, though none of them waits for the store', async () => {
    await using fixture = await scimFixture()
    const clock = { ...systemClock, monotonicMs: steps(10) }
    const registry = createSchemaRegistry()
    const parts = { store: fixture.store, clock, publicUrl: () => '', registryOf: () => registry }
    let turns = 0
    const count = () => {
      turns += 1
      next = setImmediate(count)
    }
    let next = setImmediate(count)
    const bulk = readBulk(bulkBody(Array.from({ length: 500 }, () => ({ method: 'none' }))))
    const terms = { isOver: () => false, failureOf: internalError }
    await new Scim(parts).bulk(entra, bulk, terms)
    clearImmediate(next)
    expect(turns).toBeGreaterThanOrEqual(500)
  })
})

describe('when the time for one bulk is over', () => {
  test('because the server shuts down, the rest is for another one, and the answer comes', async () => {
    let close = (): unknown => undefined
    await using fixture = await scimFixture({
      store: (store) =>
        withMethods(store, {
          commit: async (change, by) => {
            if (change.op === 'create') close()
            return await store.commit(change, by)
          },
        }),
    })
    close = fixture.close
    const { status, body } = await fixture.send('POST', '/Bulk', bulkBody([post('a'), post('b')]))
    expect([status, statuses(body)]).toEqual([200, ['201', '503']])
  })

  test('what was not begun is a 503 of its own, with a time to come back, and was not done', async () => {
    let nowMs = 0
    await using fixture = await scimFixture({
      clock: { ...systemClock, monotonicMs: () => nowMs },
      store: (store) =>
        withMethods(store, {
          commit: async (change, by) => {
            if (change.op === 'create') nowMs += 4_000
            return await store.commit(change, by)
          },
        }),
    })
    const names = ['a', 'b', 'c', 'd', 'e']
    const waits = { method: 'DELETE', path: '/Users/bulkId:e' }
    const sent = bulkBody([...names.map((name) => post(name)), waits, { method: 'GET' }])
    const { status, headers, body } = await fixture.send('POST', '/Bulk', sent)
    expect([status, headers.get('retry-after')]).toEqual([200, '1'])
    expect(statuses(body)).toEqual(['201', '201', '201', '503', '503', '503', '400'])
    expect(body.Operations[4]).toMatchObject({
      bulkId: 'e',
      response: { schemas: [errorUrn], status: '503', detail: expect.stringMatching(/send this/) },
    })
    expect(await totalUsers(fixture)).toBe(3)
  })
})

describe('while the store is away', () => {
  test('what waits for a POST that found it so is to be sent again too', async () => {
    await using fixture = await scimFixture({
      store: (store) =>
        withMethods(store, {
          commit: async (change, by) =>
            change.op === 'create' && change.of === 'users'
              ? { kind: 'unavailable', cause: new StoreUnavailable('gone') }
              : await store.commit(change, by),
        }),
    })
    const { headers, body } = await fixture.send(
      'POST',
      '/Bulk',
      bulkBody([post('u'), groupOf('u')]),
    )
    expect([statuses(body), headers.get('retry-after')]).toEqual([['503', '503'], '5'])
  })

  test('at the end, nothing may be said to be done: the whole is a 503', async () => {
    await using fixture = await scimFixture({
      store: (store) =>
        withMethods(store, { barrier: () => Promise.reject(new StoreUnavailable('gone')) }),
    })
    const data = patchBody({ op: 'add', path: 'title', value: 'x' })
    const change = { method: 'PATCH', path: '/Users/bulkId:u', data }
    const { status, headers } = await fixture.send('POST', '/Bulk', bulkBody([post('u'), change]))
    expect([status, headers.get('retry-after')]).toEqual([503, '5'])
  })
})

test('a bulk waits once until all its writes are in force, and only if it has made some', async () => {
  const barriers: number[] = []
  let lastRevision = 0
  await using fixture = await scimFixture({
    store: (store) =>
      withMethods(store, {
        barrier: async (at) => {
          barriers.push(at.revision)
        },
        commit: async (change, by) => {
          const committed = await store.commit(change, by)
          if (committed.kind === 'ok') lastRevision = committed.position.revision
          return committed
        },
      }),
  })
  barriers.length = 0
  const unchanged = {
    method: 'PATCH',
    path: '/Users/bulkId:a',
    data: patchBody({ op: 'remove', path: 'title' }),
  }
  await fixture.send('POST', '/Bulk', bulkBody([post('a'), post('b'), post('A'), unchanged]))
  expect(barriers).toEqual([lastRevision])
  await fixture.send('POST', '/Bulk', bulkBody([post('a')]))
  expect(barriers).toHaveLength(1)
})

test('a crash of ours in one operation is its 500, is reported, and the others go on', async () => {
  await using fixture = await scimFixture({
    store: (store) =>
      withMethods(store, {
        commit: async (change, by) => {
          if (change.op === 'create' && change.of === 'users') throw new Error('SECRET.ts:1')
          return await store.commit(change, by)
        },
      }),
  })
  const group = { method: 'POST', path: '/Groups', bulkId: 'g', data: groupBody('Goes on') }
  const { text, body } = await fixture.send('POST', '/Bulk', bulkBody([post('u'), group]))
  expect(statuses(body)).toEqual(['500', '201'])
  expect(body.Operations[0].response.detail).toBe('internal error')
  expect(text).not.toContain('SECRET')
  expect(fixture.errors).toEqual([new Error('SECRET.ts:1')])
})

test('a directory that takes no writes refuses each operation', async () => {
  await using fixture = await scimFixture({ writable: () => false })
  const { status, body } = await fixture.send('POST', '/Bulk', bulkBody([post('a'), groupOf('a')]))
  expect([status, statuses(body)]).toEqual([200, ['403', '409']])
})

test('a bulk is one event, which tells what was refused without what was sent', async () => {
  await using fixture = await scimFixture()
  const sent = bulkBody([post('secret-name'), post('secret-name'), { method: 'secret-method' }])
  await fixture.send('POST', '/Bulk', sent)
  const [event] = fixture.requests
  expect(event).toMatchObject({ operation: 'bulk', method: 'POST', status: 200 })
  expect(event?.notes).toHaveLength(3)
  expect(event?.notes[0]).toMatch(/^refused with 400: `Operations\[0\].bulkId`/)
  expect(JSON.stringify(fixture.requests)).not.toContain('secret')
})

describe('the rate', () => {
  test('counts each operation as a request', async () => {
    const clock: Clock = { ...systemClock, monotonicMs: () => 0 }
    await using fixture = await scimFixture({ clock, rate: { perSecond: 2, burst: 5 } })
    const three = bulkBody([post('a'), post('b'), post('c')])
    expect((await fixture.send('POST', '/Bulk', three)).status).toBe(200)
    const { status, headers, body } = await fixture.send('POST', '/Bulk', three)
    // Two were left, of which the refused request itself has taken one.
    expect([status, headers.get('retry-after')]).toEqual([429, '1'])
    expect(body.detail).toMatch(/each operation/)
    expect((await fixture.send('GET', '/Users')).status).toBe(200)
    expect((await fixture.send('GET', '/Users')).status).toBe(429)
  })

  test('lets a bulk larger than a burst through when all of it is left, and collects later', () => {
    let nowMs = 0
    const rate = new RateLimit(
      { perSecond: 50, burst: 50 },
      { ...systemClock, monotonicMs: () => nowMs },
    )
    const bulk = () => rate.take('a') ?? rate.takeFurther('a', 999)
    expect(bulk()).toBeUndefined()
    expect(bulk()).toBe(20)
    expect(rate.take('b')).toBeUndefined()
    nowMs += 19_020
    expect(rate.take('a')).toBeUndefined()
    const waitS = bulk()
    expect(waitS).toBe(1)
    nowMs += 1_000 * (waitS ?? 0)
    expect(bulk()).toBeUndefined()
  })
})

interface PostOperation extends Json {
  readonly bulkId: string
}

function post(name: string): PostOperation {
  return { method: 'POST', path: '/Users', bulkId: name, data: userBody(name) }
}

function groupOf(bulkId: string): PostOperation {
  const data = groupBody(`of ${bulkId}`, [`bulkId:${bulkId}`])
  return { method: 'POST', path: '/Groups', bulkId: `group of ${bulkId}`, data }
}

function statuses({ Operations }: { Operations: readonly { status: string }[] }) {
  return Operations.map(({ status }) => status)
}

async function totalUsers(fixture: Pick<Awaited<ReturnType<typeof scimFixture>>, 'send'>) {
  return (await fixture.send('GET', '/Users?count=0')).body.totalResults
}

/** A clock that is further by so much whenever it is asked. */
function steps(ms: number): () => number {
  let now = 0
  return () => {
    now += ms
    return now
  }
}
