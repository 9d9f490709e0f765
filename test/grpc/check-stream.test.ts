import { Client, type ClientDuplexStream, credentials, Metadata, status } from '@grpc/grpc-js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Admission } from '../../src/access/admission.ts'
import { Connectors, mintConnectorToken } from '../../src/access/connectors.ts'
import type { Outcome } from '../../src/decision/decision.ts'
import { silentObserver } from '../support/silent-observer.ts'
import { acme, allowed, askPayroll, decisionMethods, type Rig, startRig } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests read what arrived.
type Message = any

/** A stream as a gateway holds it. */
interface Opened {
  readonly call: ClientDuplexStream<object, Message>
  readonly messages: Message[]
  /** Resolves with the name of the status that ended it. */
  readonly ended: Promise<string>
  /** Resolves once so many results have arrived. */
  results(count: number): Promise<Message[]>
}

function open(rig: Rig, metadata = new Metadata()): Opened {
  const client = new Client(rig.server.address, credentials.createInsecure())
  const { path, requestSerialize, responseDeserialize } = decisionMethods.CheckStream!
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata)
  const messages: Message[] = []
  let arrived: () => void = () => undefined
  call.on('data', (message) => {
    messages.push(message)
    arrived()
  })
  call.on('error', () => undefined)
  const ended = new Promise<string>((resolve) => {
    call.on('status', ({ code }) => resolve(status[code]!))
  })
  onTestFinished(() => client.close())
  const all = () => messages.flatMap(({ results }) => results)
  const results = (count: number) =>
    new Promise<Message[]>((resolve) => {
      arrived = () => {
        if (all().length >= count) resolve(all())
      }
      arrived()
    })
  return { call, messages, ended, results }
}

const ask = (...ids: number[]) => ({ requests: ids.map((id) => ({ ...askPayroll, id })) })

describe('a stream', () => {
  test('answers each message with one, by id, with the world once', async () => {
    await using rig = await startRig()
    const stream = open(rig)

    stream.call.write(ask(1, 2))
    stream.call.write(ask(9))

    const results = await stream.results(3)
    expect(results.map(({ id, decision }) => [id, decision.effect])).toEqual([
      [1, 'ALLOW'],
      [2, 'ALLOW'],
      [9, 'ALLOW'],
    ])
    expect(stream.messages).toHaveLength(2)
    expect(stream.messages[0].world).toEqual({
      revision: 'r7',
      age_ms: 12,
      policy_version: 'v1',
    })
  })

  test('sends what is known at once and what waits for the store when it is there', async () => {
    await using rig = await startRig()
    const late = Promise.withResolvers<Outcome>()
    rig.decisions.checkAll = (attempts) =>
      attempts.map(({ subject }) => (subject.name === 'cold' ? late.promise : allowed))
    const stream = open(rig)
    const cold = { ...askPayroll, id: 1, subject: { user_name: 'cold' } }

    stream.call.write({ requests: [cold, { ...askPayroll, id: 2 }] })
    expect((await stream.results(1)).map(({ id }) => id)).toEqual([2])
    stream.call.write(ask(3))
    expect((await stream.results(2)).map(({ id }) => id)).toEqual([2, 3])
    late.resolve({ ...allowed, effect: 'block', reason: 'USER_UNKNOWN' })

    const last = (await stream.results(3)).at(-1)
    expect([last.id, last.decision.reason]).toEqual([1, 'USER_UNKNOWN'])
  })

  test('tells each decision the world it was made in', async () => {
    await using rig = await startRig()
    const revisions = ['r7', 'r8', 'r8']
    rig.decisions.checkAll = (attempts) =>
      attempts.map((_, n) => ({
        ...allowed,
        world: { ...allowed.world, revision: revisions[n]! },
      }))
    const stream = open(rig)

    stream.call.write(ask(1, 2, 3))
    await stream.results(3)

    const told = stream.messages.map(({ results, world }) => [world.revision, results.length])
    expect(told).toEqual([
      ['r7', 1],
      ['r8', 2],
    ])
  })

  test('lives on when one item is bad, not reached, or met by a bug', async () => {
    await using rig = await startRig()
    rig.decisions.checkAll = (attempts) =>
      attempts.map(({ minRevision, subject }) => {
        if (subject.name === 'bug') return Promise.reject(new Error('secret text'))
        return minRevision === undefined ? allowed : { kind: 'revision-not-reached' }
      })
    const stream = open(rig)

    stream.call.write({
      requests: [
        { id: 1, application: 'payroll' },
        { ...askPayroll, id: 2, min_revision: 'r9' },
        { ...askPayroll, id: 3, subject: { user_name: 'bug' } },
        { ...askPayroll, id: 4 },
      ],
    })

    const results = await stream.results(4)
    const codes = new Map(results.map(({ id, error }) => [id, error?.code ?? status.OK]))
    expect(codes).toEqual(
      new Map([
        [1, status.INVALID_ARGUMENT],
        [4, status.OK],
        [2, status.UNAVAILABLE],
        [3, status.INTERNAL],
      ]),
    )
    expect(JSON.stringify(results)).not.toContain('secret')
    expect(rig.errors).toHaveLength(1)
    stream.call.write(ask(5))
    expect((await stream.results(5)).at(-1).decision.effect).toBe('ALLOW')
  })

  test.each([
    ['no attempt', { requests: [] }],
    ['257 attempts', ask(...Array(257).keys())],
  ])('ends with INVALID_ARGUMENT at a message of %s', async (_, message) => {
    await using rig = await startRig()
    const stream = open(rig)

    stream.call.write(message)

    expect(await stream.ended).toBe('INVALID_ARGUMENT')
    expect(rig.decisions.attempts).toEqual([])
  })

  test('ends with OK when its client asks no more, after all it owes', async () => {
    await using rig = await startRig()
    const late = Promise.withResolvers<Outcome>()
    rig.decisions.checkAll = () => [late.promise]
    const stream = open(rig)

    stream.call.write(ask(1))
    stream.call.end()
    late.resolve(allowed)

    expect(await stream.ended).toBe('OK')
    expect(await stream.results(1)).toHaveLength(1)
  })

  test('whose client does not read holds up no other stream', async () => {
    await using rig = await startRig()
    const deaf = open(rig)
    deaf.call.pause()
    for (let message = 0; message < 200; message++) deaf.call.write(ask(...Array(256).keys()))
    const other = open(rig)

    other.call.write(ask(1))

    expect(await other.results(1)).toHaveLength(1)
    expect(rig.decisions.attempts.length).toBeLessThan(200 * 256)
    deaf.call.cancel()
  })

  test('ends with UNAVAILABLE when the server stops, once it owes nothing', async () => {
    const rig = await startRig()
    const stream = open(rig)
    stream.call.write(ask(1))
    await stream.results(1)

    await rig.server.stop({ lingerMs: 0, graceMs: 1000 })

    expect(await stream.ended).toBe('UNAVAILABLE')
    await rig[Symbol.asyncDispose]()
  })

  test('is refused at the next message once the token it was opened with is gone', async () => {
    const { token, row } = mintConnectorToken('edge')
    const all = { applications: 'all', context: 'all', claims: 'all', obligations: 'all' } as const
    const edge = {
      ...all,
      connector: 'edge',
      tenant: acme,
      explain: false,
      search: false,
      enabled: true,
    }
    const connectors = new Connectors([{ ...edge, identity: undefined, tokens: [row] }], [acme])
    await using rig = await startRig({ connectors })
    const metadata = new Metadata()
    metadata.set('authorization', `Bearer ${token}`)
    const stream = open(rig, metadata)
    stream.call.write(ask(1))
    await stream.results(1)

    connectors.replace([])
    stream.call.write(ask(2))

    expect(await stream.ended).toBe('UNAUTHENTICATED')
    expect(rig.decisions.attempts).toHaveLength(1)
  })
})

describe('a batch', () => {
  test('is answered in the order of its requests, whatever came first', async () => {
    await using rig = await startRig()
    const late = Promise.withResolvers<Outcome>()
    rig.decisions.checkAll = (attempts) =>
      attempts.map((_, n) => (n === 0 ? late.promise : allowed))
    setImmediate(() => late.resolve({ ...allowed, reason: 'NO_RULE', effect: 'block' }))

    const { code, response } = await rig.call('CheckBatch', {
      requests: [
        { ...askPayroll, id: 7 },
        { ...askPayroll, id: 7 },
        { id: 8, application: 'payroll' },
      ],
    })

    expect(code).toBe('OK')
    expect(response.results.map((each: Message) => [each.id, each.outcome])).toEqual([
      [7, 'decision'],
      [7, 'decision'],
      [8, 'error'],
    ])
    expect(response.results[0].decision.reason).toBe('NO_RULE')
    expect(response.results[2].error.message).toContain('`subject` is missing')
  })

  test('of more than 256 attempts, or none, is refused as a whole', async () => {
    await using rig = await startRig()

    for (const message of [ask(...Array(257).keys()), { requests: [] }]) {
      const { code, details } = await rig.call('CheckBatch', message)
      expect([code, details]).toEqual(['INVALID_ARGUMENT', expect.stringContaining('1 to 256')])
    }
    expect(rig.decisions.attempts).toEqual([])
  })

  test('above what one caller may have under way is shed item by item, and taken on later', async () => {
    await using rig = await startRig({
      admission: new Admission(silentObserver(), { inFlightPerConnectorMax: 2 }),
    })
    const late = Promise.withResolvers<Outcome>()
    rig.decisions.checkAll = (attempts) => attempts.map(() => late.promise)
    const first = rig.call('CheckBatch', ask(1, 2))
    const stream = open(rig)
    await new Promise((resolve) => stream.call.on('metadata', resolve))

    stream.call.write(ask(3))

    const [shed] = await stream.results(1)
    expect(shed.error.code).toBe(status.RESOURCE_EXHAUSTED)
    late.resolve(allowed)
    expect((await first).response.results).toHaveLength(2)
    rig.decisions.checkAll = (attempts) => attempts.map(() => allowed)
    stream.call.write(ask(4))
    expect((await stream.results(2)).at(-1).decision.effect).toBe('ALLOW')
  })
})

test('a trace that came with the call is told with the decision, and nonsense is not', async () => {
  await using rig = await startRig()
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  for (const traceparent of [`00-${traceId}-b7ad6b7169203331-01`, 'nonsense']) {
    const metadata = new Metadata()
    metadata.set('traceparent', traceparent)
    const stream = open(rig, metadata)
    stream.call.write(ask(1))
    await stream.results(1)
  }

  expect(rig.decided).toEqual([
    expect.objectContaining({ trace: { traceId, spanId: 'b7ad6b7169203331' } }),
    expect.objectContaining({ trace: undefined }),
  ])
})
