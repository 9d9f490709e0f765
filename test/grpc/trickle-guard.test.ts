import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { Gateway } from '../support/gateway.ts'
import {
  callHeaders,
  dataFrames,
  decisionPath,
  frameType,
  headerFrames,
  message,
  messageOf,
  preface,
  settings,
  Wire,
} from '../support/http2-frames.ts'
import { silentObserver } from '../support/silent-observer.ts'
import { allowed, askPayroll, decisionMethods, startRig } from './support.ts'

/** A server that looks for unfinished requests every 20 ms, and what it ended connections for. */
async function startGuarded() {
  const refused: string[] = []
  const observer = {
    ...silentObserver(),
    connectionRefused: ({ why }: { readonly why: string }) => void refused.push(why),
  }
  const rig = await startRig({ observer, trickle: { sweepMs: 20 } })
  return { ...rig, refused, port: Number(rig.server.address.split(':')[1]) }
}
const sweeps = (count: number) => new Promise((resolve) => setTimeout(resolve, 20 * count))

const { requestSerialize } = decisionMethods.Check!
const whole = messageOf(requestSerialize(askPayroll))
const paths = [
  ...['Check', 'CheckBatch', 'Explain'].map(decisionPath),
  '/envoy.service.auth.v3.Authorization/Check',
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/Watch',
]

describe('a request without a deadline', () => {
  test.each(paths)('to %s that never ends is ended, and its connection', async (path) => {
    await using rig = await startGuarded()
    using wire = new Wire(rig.port)
    wire.send(headerFrames(callHeaders(path)), dataFrames(message(9), 1, { ends: false }))

    await wire.closed

    expect(rig.refused).toEqual(['unfinished-request'])
    expect(rig.decisions.attempts).toEqual([])
  })

  test('that comes byte by byte is ended, however steadily it does', async () => {
    await using rig = await startGuarded()
    using wire = new Wire(rig.port)
    wire.send(headerFrames(callHeaders()), dataFrames(message(100_000), 1, { ends: false }))
    const drip = setInterval(() => wire.send(dataFrames(Buffer.alloc(1), 1, { ends: false })), 5)

    await wire.closed
    clearInterval(drip)

    expect(rig.refused).toEqual(['unfinished-request'])
  })

  test('that is whole but for its end is ended: nothing was decided', async () => {
    await using rig = await startGuarded()
    using wire = new Wire(rig.port)
    wire.send(headerFrames(callHeaders()), dataFrames(whole, 1, { ends: false }))

    await wire.closed

    expect(rig.decisions.attempts).toEqual([])
  })

  test('costs its own connection alone', async () => {
    await using rig = await startGuarded()
    using gateway = new Gateway({ address: rig.server.address })
    const stream = gateway.openStream()
    await once(stream, 'metadata')
    using wire = new Wire(rig.port)
    wire.send(headerFrames(callHeaders()))

    await wire.closed

    stream.write({ requests: [askPayroll] })
    await once(stream, 'data')
    expect((await gateway.ask('Check', askPayroll)).code).toBe('OK')
    expect(rig.refused).toHaveLength(1)
    stream.cancel()
  })
})

describe('a message on an open CheckStream', () => {
  const open = headerFrames(callHeaders(decisionPath('CheckStream')))
  const ask = (count: number) =>
    messageOf(
      decisionMethods.CheckStream!.requestSerialize({
        requests: Array(count).fill({ subject: { id: 'a' }, application: 'b' }),
      }),
    )
  const some = (...bytes: readonly Buffer[]) => dataFrames(Buffer.concat(bytes), 1, { ends: false })

  test.each([
    ['that never ends', some(message(100_000))],
    ['after a whole one', some(ask(1), message(9))],
    ['of half a prefix', some(Buffer.alloc(3))],
  ])('%s is ended, and its connection', async (_, begun) => {
    await using rig = await startGuarded()
    using wire = new Wire(rig.port)
    wire.send(open, begun)

    await wire.closed

    expect(rig.refused).toEqual(['unfinished-request'])
  })

  test('that comes byte by byte is ended, however steadily it does', async () => {
    await using rig = await startGuarded()
    using wire = new Wire(rig.port)
    wire.send(open, some(message(100_000)))
    const drip = setInterval(() => wire.send(some(Buffer.alloc(1))), 5)

    await wire.closed
    clearInterval(drip)

    expect(rig.refused).toEqual(['unfinished-request'])
  })

  test('is ended as well if the stream has failed and its client does not read that', async () => {
    await using rig = await startGuarded()
    const window = [4, 0] as const
    using wire = new Wire(rig.port, Buffer.concat([preface, settings(window)]))
    wire.send(open, some(ask(1), ask(0), message(9)))

    await wire.closed

    expect(rig.refused).toEqual(['unfinished-request'])
  })

  test('is let alone while each gets to its end, though there is always one on its way', async () => {
    await using rig = await startGuarded()
    using wire = new Wire(rig.port)
    const [begin, end] = [ask(1).subarray(0, 9), ask(1).subarray(9)]
    wire.send(open, some(begin))

    for (let count = 0; count < 15; count++) {
      await sweeps(1)
      wire.send(some(end, begin))
    }

    expect([await wire.pinged(), rig.refused]).toEqual(['pinged', []])
  })

  test('is let alone while the server does not read it', async () => {
    await using rig = await startGuarded()
    rig.decisions.checkAll = (attempts) => attempts.map(() => new Promise(() => undefined))
    using wire = new Wire(rig.port)
    const [many, few] = [Array(5).fill(ask(256)), Array(30).fill(ask(1))]
    wire.send(open, some(...many, ...few, message(9)))

    await sweeps(10)

    expect([await wire.pinged(), rig.refused]).toEqual(['pinged', []])
  })
})

describe('what is let alone', () => {
  test('is a connection without requests, and one of which every request was answered', async () => {
    await using rig = await startGuarded()
    using idle = new Wire(rig.port)
    using answered = new Wire(rig.port)
    answered.send(headerFrames(callHeaders()), dataFrames(whole))
    await answered.first(frameType.headers)

    await sweeps(10)

    expect([idle.socket.destroyed, answered.socket.destroyed]).toEqual([false, false])
    expect(rig.refused).toEqual([])
  })

  test('is a whole request whose decision takes long', async () => {
    await using rig = await startGuarded()
    const answer = Promise.withResolvers<typeof allowed>()
    rig.decisions.check = () => answer.promise
    using gateway = new Gateway({ address: rig.server.address })
    const reply = gateway.ask('Check', askPayroll)

    await sweeps(10)
    answer.resolve(allowed)

    expect((await reply).code).toBe('OK')
  })

  test('is an open CheckStream that asks nothing, and an open Watch', async () => {
    await using rig = await startGuarded()
    using gateway = new Gateway({ address: rig.server.address })
    using watch = new Wire(rig.port)
    watch.send(headerFrames(callHeaders('/grpc.health.v1.Health/Watch')), dataFrames(message(0)))
    await watch.first(frameType.data)
    const stream = gateway.openStream()
    await once(stream, 'metadata')

    await sweeps(10)

    stream.write({ requests: [askPayroll] })
    await once(stream, 'data')
    expect([watch.socket.destroyed, rig.refused]).toEqual([false, []])
    stream.cancel()
  })
})
