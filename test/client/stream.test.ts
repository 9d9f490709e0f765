import { status } from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'
import type { CheckRequest } from '../../src/client/client.ts'
import { inFlightMax } from '../../src/client/wire.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type AskedMessage, decision, startScripted } from './scripted-server.ts'

const people = (count: number): CheckRequest[] =>
  [...Array(count).keys()].map((n) => ({ user: `user-${n}`, app: 'wiki' }))
/** Answers that tell whose they are. */
const named = (frame: readonly AskedMessage[]) =>
  frame.map(({ id, subject }) => ({ id, decision: { ...decision, rule: subject.user_name } }))

describe('attempts of one turn', () => {
  test('travel as one message of at most 256', async () => {
    await using rig = await startScripted()
    const stream = await rig.warm()

    const answers = rig.client.checkMany(people(600))
    const frames = [await stream.nextFrame(), await stream.nextFrame(), await stream.nextFrame()]
    for (const frame of frames) stream.send(named(frame))

    expect(frames.map((frame) => frame.length)).toEqual([256, 256, 88])
    expect((await answers).map(({ rule }) => rule)).toEqual(people(600).map(({ user }) => user))
  })

  test('find their answers in whatever order and message these come', async () => {
    await using rig = await startScripted()
    const stream = await rig.warm()

    const answers = rig.client.checkMany(people(5))
    const results = named(await stream.nextFrame()).toReversed()
    stream.send(results.slice(0, 2))
    stream.send(results.slice(2))

    expect((await answers).map(({ rule }) => rule)).toEqual(people(5).map(({ user }) => user))
  })

  test('are split before a message gets larger than a server takes', async () => {
    await using rig = await startScripted({
      server: { 'grpc.max_receive_message_length': 2 ** 19 },
    })
    const stream = await rig.warm()
    const large = { posture: { report: 'x'.repeat(30_000) } }

    const answers = rig.client.checkMany(people(40).map((one) => ({ ...one, context: large })))
    for (let seen = 0; seen < 40; ) {
      const frame = await stream.nextFrame()
      seen += frame.length
      stream.send(named(frame))
    }

    expect((await answers).every(({ allowed }) => allowed)).toBe(true)
    expect(stream.frames.length).toBeGreaterThan(2)
  })

  test('have ids that start again after the last one, without 0', async () => {
    await using rig = await startScripted({ seams: { lastId: 2 ** 32 - 3 } })
    const stream = await rig.warm()

    const answers = rig.client.checkMany(people(3))
    const frame = await stream.nextFrame()
    stream.send(named(frame))

    expect(frame.map(({ id }) => id)).toEqual([2 ** 32 - 1, 1, 2])
    expect((await answers).every(({ allowed }) => allowed)).toBe(true)
  })
})

describe('of one message, a result blocks its own attempt alone when', () => {
  const faults: [string, object, string][] = [
    ['it is an error', { error: { code: status.PERMISSION_DENIED } }, 'WIRE_PERMISSION_DENIED'],
    ['it is an error of no known code', { error: { code: 99 } }, 'WIRE_MALFORMED'],
    ['it is an error that says OK', { error: { code: status.OK } }, 'WIRE_MALFORMED'],
    ['it has neither decision nor error', {}, 'WIRE_MALFORMED'],
    ['its effect is unknown', { decision: { ...decision, effect: 3 } }, 'WIRE_MALFORMED'],
    ['its reason is unknown', { decision: { ...decision, reason: 99 } }, 'WIRE_MALFORMED'],
    [
      'it allows without a decision id',
      { decision: { ...decision, decision_id: '' } },
      'WIRE_MALFORMED',
    ],
  ]
  test.each(faults)('%s', async (_, outcome, reason) => {
    await using rig = await startScripted()
    const stream = await rig.warm()

    const answers = rig.client.checkMany(people(3))
    const [first, second, third] = named(await stream.nextFrame())
    stream.send([first!, { id: second!.id, ...outcome }, third!])

    const [before, bad, after] = await answers
    expect(bad).toMatchObject({ allowed: false, effect: 'block', reason })
    expect([before?.allowed, after?.allowed]).toEqual([true, true])
    expect(rig.unary).toHaveLength(1 + rig.unary.filter(isProbe).length)
  })

  test('the message names no world', async () => {
    await using rig = await startScripted()
    const stream = await rig.warm()

    const answers = rig.client.checkMany(people(2))
    stream.send(named(await stream.nextFrame()), {})

    expect((await answers).map(({ reason }) => reason)).toEqual([
      'WIRE_MALFORMED',
      'WIRE_MALFORMED',
    ])
  })
})

const isProbe = ({ subject }: AskedMessage) => subject.user_name === 'probe'

describe('a message is not believed, and its stream ended, when it answers', () => {
  type Results = ReturnType<typeof named>
  const messages: [string, (results: Results) => object[]][] = [
    ['what nobody asked', (results) => [...results, { ...results[0], id: 4_000_000 }]],
    ['one attempt twice', (results) => [...results, { ...results[0] }]],
    ['nobody by name', (results) => [...results, { decision }]],
  ]
  test.each(messages)('%s', async (_, spoil) => {
    await using rig = await startScripted()
    const stream = await rig.warm()

    const answers = rig.client.checkMany(people(3))
    stream.send(spoil(named(await stream.nextFrame())))

    const blocked = ['WIRE_MALFORMED', 'WIRE_MALFORMED', 'WIRE_MALFORMED']
    expect((await answers).map(({ reason }) => reason)).toEqual(blocked)
    await stream.ended
  })

  test('an attempt that was answered before', async () => {
    await using rig = await startScripted()
    const stream = await rig.warm()

    const [one, other] = people(2).map((request) => rig.client.check(request))
    const [first, second] = named(await stream.nextFrame())
    stream.send([first!])
    expect((await one)?.allowed).toBe(true)
    stream.send([first!, second!])

    expect(await other).toMatchObject({ allowed: false, reason: 'WIRE_MALFORMED' })
    await stream.ended
  })
})

describe('a stream that breaks', () => {
  test('with UNAVAILABLE costs nobody an answer: its attempts are asked on their own', async () => {
    await using rig = await startScripted()
    const stream = await rig.warm()
    const asked = rig.unary.length

    const answers = rig.client.checkMany(people(3))
    const [first] = named(await stream.nextFrame())
    stream.send([first!])
    stream.fail(status.UNAVAILABLE)

    expect((await answers).map(({ allowed }) => allowed)).toEqual([true, true, true])
    const again = rig.unary.slice(asked).map(({ subject }) => subject.user_name)
    expect(again.toSorted()).toEqual(['user-1', 'user-2'])
  })

  const others = Object.keys(status).filter((name) => !/^\d+$|^OK$|^UNAVAILABLE$/.test(name))
  test.each(others)('with %s blocks what it lost, and asks nothing again', async (name) => {
    await using rig = await startScripted()
    const stream = await rig.warm()
    const asked = rig.unary.length

    const answers = rig.client.checkMany(people(2))
    await stream.nextFrame()
    stream.fail(status[name as keyof typeof status])

    expect((await answers).map(({ reason }) => reason)).toEqual([`WIRE_${name}`, `WIRE_${name}`])
    expect(rig.unary).toHaveLength(asked)
  })

  test('as if all were well blocks what it still owes', async () => {
    await using rig = await startScripted()
    const stream = await rig.warm()

    const answer = rig.client.check(people(1)[0]!)
    await stream.nextFrame()
    stream.end()

    expect(await answer).toMatchObject({ allowed: false, reason: 'WIRE_MALFORMED' })
  })

  test('by falling silent is given up for another way to ask', async () => {
    const clock = new ManualClock()
    await using rig = await startScripted({ seams: { clock } })
    const stream = await rig.warm()

    const lost = rig.client.check(people(1)[0]!)
    await stream.nextFrame()
    await clock.advance(1_000)
    const next = rig.client.check({ user: 'next', app: 'wiki' })

    expect(await lost).toMatchObject({ allowed: true, rule: 'r' })
    expect(await next).toMatchObject({ allowed: true })
    await stream.ended
    expect(stream.frames.flat().map(({ subject }) => subject.user_name)).not.toContain('next')
  })

  test('by falling silent is given up though nobody else asks', async () => {
    const clock = new ManualClock()
    await using rig = await startScripted({ seams: { clock } })
    const stream = await rig.warm()

    const lost = rig.client.check(people(1)[0]!)
    await stream.nextFrame()
    await clock.advance(1_000)

    expect(await lost).toMatchObject({ allowed: true, rule: 'r' })
    await stream.ended
  })

  test('by messages that answer nobody is given up as a silent one is', async () => {
    const clock = new ManualClock()
    await using rig = await startScripted({ seams: { clock } })
    const stream = await rig.warm()

    const lost = rig.client.check(people(1)[0]!)
    await stream.nextFrame()
    await clock.advance(900)
    stream.send([])
    await rig.client.explain(people(1)[0]!)
    await clock.advance(100)

    expect(await lost).toMatchObject({ allowed: true, rule: 'r' })
    await stream.ended
  })

  test('while it owes as much as may be in flight is given up all the same', async () => {
    const clock = new ManualClock()
    await using rig = await startScripted({ seams: { clock } })
    const stream = await rig.warm()

    const late = people(inFlightMax).map((one) => rig.client.check({ ...one, timeoutMs: 100 }))
    await stream.nextFrame()
    await clock.advance(1_000)
    await Promise.all(late)

    expect(await rig.client.check(people(1)[0]!)).toMatchObject({ allowed: true, rule: 'r' })
    await stream.ended
  })

  test('for some attempts alone is given up 10 s after the time of the first', async () => {
    const clock = new ManualClock()
    await using rig = await startScripted({ seams: { clock } })
    const stream = await rig.warm()
    const askAnswered = async () => {
      const answer = rig.client.check(people(1)[0]!)
      const frame = await stream.nextFrame()
      stream.send(named(frame.slice(-1)))
      return (await answer).rule
    }

    const lost = rig.client.check({ user: 'lost', app: 'wiki', timeoutMs: 100 })
    await stream.nextFrame()
    for (let heard = 0; heard < 20; heard++) {
      expect(await askAnswered()).toBe('user-0')
      await clock.advance(500)
    }
    expect((await lost).reason).toBe('WIRE_DEADLINE_EXCEEDED')
    expect(await askAnswered()).toBe('user-0')
    await clock.advance(500)
    await clock.advance(500)

    await stream.ended
  })
})

describe('an attempt on a stream', () => {
  test('that is not answered in time blocks; its late answer troubles nobody', async () => {
    const clock = new ManualClock()
    await using rig = await startScripted({ seams: { clock } })
    const stream = await rig.warm()

    const late = rig.client.check({ user: 'late', app: 'wiki', timeoutMs: 250 })
    const patient = rig.client.check({ user: 'patient', app: 'wiki', timeoutMs: 900 })
    const results = named(await stream.nextFrame())
    await clock.advance(250)
    expect(await late).toMatchObject({ allowed: false, reason: 'WIRE_DEADLINE_EXCEEDED' })
    stream.send(results)

    expect(await patient).toMatchObject({ allowed: true, rule: 'patient' })
    const next = rig.client.check({ user: 'next', app: 'wiki' })
    stream.send(named(await stream.nextFrame()))
    expect(await next).toMatchObject({ allowed: true, rule: 'next' })
  })

  test('above what may be in flight blocks at once', async () => {
    await using rig = await startScripted()
    const stream = await rig.warm()

    const waiting = people(inFlightMax).map((request) => rig.client.check(request))
    const over = await rig.client.check({ user: 'over', app: 'wiki' })
    expect(over).toMatchObject({ allowed: false, reason: 'WIRE_OVERLOADED' })

    for (let owed = inFlightMax; owed > 0; ) {
      const frame = await stream.nextFrame()
      owed -= frame.length
      stream.send(named(frame))
    }
    expect((await Promise.all(waiting)).every(({ allowed }) => allowed)).toBe(true)
    const next = rig.client.check({ user: 'next', app: 'wiki' })
    stream.send(named(await stream.nextFrame()))
    expect((await next).allowed).toBe(true)
  })

  test('counts as in flight for as long as its late answer is owed', async () => {
    const clock = new ManualClock()
    await using rig = await startScripted({ seams: { clock } })
    const stream = await rig.warm()

    const late = people(inFlightMax).map((one) => rig.client.check({ ...one, timeoutMs: 100 }))
    await stream.nextFrame()
    await clock.advance(100)
    await Promise.all(late)
    const over = await rig.client.check({ user: 'over', app: 'wiki' })

    expect(over.reason).toBe('WIRE_OVERLOADED')
  })

  test('blocks when the client is closed', async () => {
    await using rig = await startScripted()
    const stream = await rig.warm()

    const answer = rig.client.check(people(1)[0]!)
    await stream.nextFrame()
    rig.client.close()

    expect(await answer).toMatchObject({ allowed: false, reason: 'WIRE_CLIENT' })
  })
})

test('of many, those whose time is over before their turn are not sent', async () => {
  const clock = new ManualClock()
  await using rig = await startScripted({ seams: { clock } })
  const stream = await rig.warm()

  const many = people(inFlightMax + 2_000).map((one) => ({ ...one, timeoutMs: 100 }))
  const answers = rig.client.checkMany(many)
  await stream.nextFrame()
  await clock.advance(100)

  const reasons = new Set((await answers).map(({ reason }) => reason))
  expect([...reasons]).toEqual(['WIRE_DEADLINE_EXCEEDED'])
  const next = rig.client.check({ user: 'next', app: 'wiki' })
  for (;;) {
    const frame = await stream.nextFrame()
    if (frame.at(-1)?.subject.user_name !== 'next') continue
    stream.send(named(frame.slice(-1)))
    break
  }
  expect((await next).rule).toBe('next')
  // One came with opening the stream.
  expect(stream.frames.flat().length).toBeLessThanOrEqual(1_024 + 2)
})

test('of many, those that cannot be asked block in their place and the others are answered', async () => {
  await using rig = await startScripted()
  const stream = await rig.warm()
  const bad = { user: 'two names', id: '1', app: 'wiki' }

  const answers = rig.client.checkMany([...people(1_500), bad, ...people(1)])
  for (let owed = 1_501; owed > 0; ) {
    const frame = await stream.nextFrame()
    owed -= frame.length
    stream.send(named(frame))
  }

  const reasons = (await answers).map(({ reason }) => reason)
  expect(reasons).toHaveLength(1_502)
  expect(reasons[1_500]).toBe('WIRE_REQUEST')
  expect(reasons.filter((reason) => reason !== 'RULE')).toHaveLength(1)
})
