import { expect, test } from 'vitest'
import type { ResourceChange } from '../../src/directory/change.ts'
import { handlerTimeoutMs } from '../../src/scim-http/limits.ts'
import { newLines, waitMsMax } from '../../src/scim-http/turns.ts'
import { type Clock, systemClock } from '../../src/std/clock.ts'
import {
  FairQueue,
  type FairQueueLimits,
  type Turn,
  type Waiting,
} from '../../src/std/fair-queue.ts'
import type { Store } from '../../src/store/store.ts'
import { entra, okta } from '../support/store-fixture.ts'
import { errorUrn, groupBody, type Reply, request, scimFixture, userBody } from './scim-fixture.ts'

const two: FairQueueLimits = { atOnce: 2, atOncePerKey: 2, waitingPerKeyMax: 2 }

test('with every turn taken by slow writes, another directory comes before their line', async () => {
  await using busy = await busyServer(two)
  const flood = ['a1', 'a2', 'a3', 'a4'].map((name) => busy.post(entra, name))
  await until(() => busy.begun.length === 2 && busy.line.waiting === 2)
  const other = busy.post(okta, 'b1')
  await until(() => busy.line.waiting === 3)

  busy.letGo(1)
  await until(() => busy.begun.length === 3)
  expect(busy.begun.map(({ directory }) => directory)).toEqual([entra, entra, okta])
  busy.letGo(Number.POSITIVE_INFINITY)
  const statuses = (await Promise.all([...flood, other])).map(({ status }) => status)
  expect(statuses).toEqual([201, 201, 201, 201, 201])
})

test('a directory with all turns that it may have leaves the others to the next at once', async () => {
  await using busy = await busyServer({ ...two, atOncePerKey: 1 })
  const slow = busy.post(entra, 'a1')
  await until(() => busy.begun.length === 1)
  busy.letGo(1, okta)

  expect((await busy.post(okta, 'b1')).status).toBe(201)
  busy.letGo(1)
  expect((await slow).status).toBe(201)
})

test.each(Object.entries(newLines()))('no directory gets all turns of the line %s', (_, line) => {
  const hasTurn = (key: string) => {
    const place = line.take(key)
    return place !== 'full' && !('turn' in place)
  }
  while (hasTurn(entra));

  expect(hasTurn(okta)).toBe(true)
})

test('beyond the line is a 429 with whole seconds, and nothing of it is done', async () => {
  await using busy = await busyServer(two)
  const flood = ['a1', 'a2', 'a3', 'a4'].map((name) => busy.post(entra, name))
  await until(() => busy.begun.length === 2 && busy.line.waiting === 2)

  const { status, headers, body } = await busy.post(entra, 'a5')
  expect([status, headers.get('retry-after')]).toEqual([429, '1'])
  expect(body).toMatchObject({ schemas: [errorUrn], status: '429' })
  busy.letGo(Number.POSITIVE_INFINITY)
  await Promise.all(flood)
  expect(await busy.userNames()).toEqual(['a1', 'a2', 'a3', 'a4'])
})

test('who waits for too long is told to come again, and nothing of it is done', async () => {
  await using busy = await busyServer(two)
  const slow = ['a1', 'a2'].map((name) => busy.post(entra, name))
  await until(() => busy.begun.length === 2)
  const late = busy.post(entra, 'a3')
  await until(() => busy.line.waiting === 1)

  busy.pass(waitMsMax)
  const { status, headers } = await late
  expect([status, headers.get('retry-after')]).toEqual([503, '5'])
  busy.letGo(Number.POSITIVE_INFINITY)
  await Promise.all(slow)
  expect(await busy.userNames()).toEqual(['a1', 'a2'])
})

test('a client that goes while it waits is not served, and takes no turn along', async () => {
  await using busy = await busyServer(two)
  const slow = ['a1', 'a2'].map((name) => busy.post(entra, name))
  await until(() => busy.begun.length === 2)
  const going = new AbortController()
  const gone = busy.post(entra, 'gone', going.signal).catch((error: Error) => error.name)
  await until(() => busy.line.waiting === 1)
  going.abort()
  await until(() => busy.line.waiting === 0)
  const next = busy.post(entra, 'next')
  await until(() => busy.line.waiting === 1)

  busy.letGo(Number.POSITIVE_INFINITY)
  expect((await next).status).toBe(201)
  expect(await gone).toBe('AbortError')
  await Promise.all(slow)
  expect(await busy.userNames()).toEqual(['a1', 'a2', 'next'])
})

test('a client that goes while it is served gives its turn back when the work is done', async () => {
  await using busy = await busyServer(two)
  const going = new AbortController()
  const gone = ['a1', 'a2'].map((name) => busy.post(entra, name, going.signal).catch(() => 'gone'))
  await until(() => busy.begun.length === 2)
  going.abort()
  await Promise.all(gone)
  const next = busy.post(entra, 'next')
  await until(() => busy.line.waiting === 1)

  busy.letGo(Number.POSITIVE_INFINITY)
  expect((await next).status).toBe(201)
  expect(await busy.userNames()).toEqual(['a1', 'a2', 'next'])
})

test('a write that takes too long is a 503, and is done all the same', async () => {
  await using busy = await busyServer(two)
  const slow = busy.post(entra, 'a1')
  await until(() => busy.begun.length === 1)
  busy.pass(handlerTimeoutMs)

  const { status, headers, body } = await slow
  expect([status, headers.get('retry-after')]).toEqual([503, '5'])
  expect(body).toMatchObject({ schemas: [errorUrn], status: '503' })
  busy.letGo(Number.POSITIVE_INFINITY)
  expect((await busy.post(entra, 'a2')).status).toBe(201)
  expect(await busy.userNames()).toEqual(['a1', 'a2'])
})

test('large bodies of a directory go one after the other, and small ones pass them', async () => {
  await using busy = await busyServer()
  const members = Array.from({ length: 2_000 }, (_, number) => `member ${number} of the group`)
  const [first, second] = ['g1', 'g2'].map((name) =>
    busy.send(entra, '/Groups', groupBody(name, members)),
  )
  await until(() => busy.begun.length === 1 && busy.large.waiting === 1)
  const small = busy.post(entra, 'small')
  await until(() => busy.begun.length === 2)

  expect(busy.begun.map(({ of }) => of)).toEqual(['groups', 'users'])
  busy.letGo(Number.POSITIVE_INFINITY)
  const answers = await Promise.all([first, second, small])
  expect(answers.map((answer) => answer?.status)).toEqual([201, 201, 201])
})

/** A queue that tells how many wait. */
class Line extends FairQueue<string> {
  waiting = 0

  override take(key: string): Turn | Waiting | 'full' {
    const place = super.take(key)
    if (place === 'full' || !('turn' in place)) return place
    this.waiting += 1
    void place.turn.then(() => {
      this.waiting -= 1
    })
    return place
  }
}
const roomy: FairQueueLimits = { atOnce: 100, atOncePerKey: 90, waitingPerKeyMax: 90 }
const oneByOne: FairQueueLimits = { ...two, atOncePerKey: 1 }

/** A server whose commits begin and do not end before the test lets them. */
async function busyServer(ordinary = roomy) {
  const [line, large] = [new Line(ordinary), new Line(oneByOne)]
  const lines = { ...newLines(), ordinary: line, large }
  const begun: ResourceChange[] = []
  const held: { readonly directory: string; readonly go: () => void }[] = []
  const passes: string[] = []
  let isOpen = false
  const store = (real: Store): Store => {
    const commit = real.commit.bind(real)
    real.commit = async (change, by) => {
      if (change.op.startsWith('token')) return await commit(change, by)
      const { directory } = change as ResourceChange
      begun.push(change as ResourceChange)
      const pass = passes.indexOf(directory)
      if (pass >= 0) passes.splice(pass, 1)
      else if (!isOpen) await new Promise<void>((go) => held.push({ directory, go }))
      return await commit(change, by)
    }
    return real
  }
  const looks: (() => void)[] = []
  let passedMs = 0
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + passedMs,
    sleep: () => new Promise((end) => looks.push(end)),
  }
  const fixture = await scimFixture({ lines, store, clock })
  const tokenOf = { [entra]: fixture.token, [okta]: fixture.oktaToken }
  const send = (directory: string, path: string, body: unknown, signal?: AbortSignal) => {
    const authorization = `Bearer ${tokenOf[directory]}`
    return request(
      'POST',
      `${fixture.url}/scim/${directory}/v2${path}`,
      body,
      { authorization },
      signal,
    )
  }
  return {
    begun,
    line,
    large,
    send,
    post: (directory: string, name: string, signal?: AbortSignal): Promise<Reply> =>
      send(directory, '/Users', userBody(name), signal),
    /** Lets time pass, and whoever looks for it see that it did. */
    pass: (ms: number) => {
      passedMs += ms
      for (const look of looks.splice(0)) look()
    },
    /** So many of the commits that were begun, or all from now on; or one that is to come. */
    letGo: (count: number, coming?: string) => {
      if (coming !== undefined) passes.push(coming)
      else for (const { go } of held.splice(0, count)) go()
      isOpen ||= count === Number.POSITIVE_INFINITY
    },
    userNames: async () => {
      const { body } = await fixture.send('GET', '/Users')
      return body.Resources.map(({ userName }: { userName: string }) => userName).sort()
    },
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate)
}
