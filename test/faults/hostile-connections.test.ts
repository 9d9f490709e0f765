import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { decisionMethods } from '../grpc/support.ts'
import { userBody } from '../scim-http/scim-fixture.ts'
import { heldBy, startAttack } from '../support/attack.ts'
import { type AttackName, attacks } from '../support/frame-attacks.ts'
import { Gateway } from '../support/gateway.ts'
import {
  callHeaders,
  dataFrames,
  frameType,
  headerFrames,
  messageOf,
  Wire,
} from '../support/http2-frames.ts'
import { type Served, serveCli } from '../support/run-cli.ts'
import { scimClient, tokenFrom, workspace } from '../support/workspace.ts'

/** A served process under attack, and a gateway that goes on asking it meanwhile. */
let [served, gateway] = [undefined as unknown as Served, undefined as unknown as Gateway]
let port = 0
const askWiki = { subject: { user_name: 'ann@acme.example' }, application: 'wiki' }

beforeAll(async () => {
  const place = workspace()
  const { token } = await tokenFrom(place)
  served = await serveCli(place.file)
  port = Number(served.ready.grpc.split(':')[1])
  gateway = new Gateway({ address: served.ready.grpc })
  const created = await scimClient(served, token)('POST', '/Users', userBody('ann@acme.example'))
  expect(created.status).toBe(201)
  // The heap takes the size that it has under load, so that what grows later is a leak.
  await asked(() => attacked('resets its own calls', true))
  await asked(() => attacked('sends whole calls', true))
})
afterAll(async () => {
  gateway[Symbol.dispose]()
  await served[Symbol.asyncDispose]()
})

const attackMs = 1_500
const attackers = 4
/** What garbage of the moment may add to what a process holds, at up to 250,000 calls a second. */
const megabytesMax = 200
const held = () => heldBy(served.child.pid!)

async function attacked(attack: AttackName, reads: boolean, endedMin = 0) {
  const attacking = startAttack({ port, attack, connections: attackers, reads })
  await systemClock.sleep(attackMs)
  return attacking.stop(endedMin)
}

/** Asks on until the work is over; all that was answered otherwise than it should be. */
async function asked<T>(work: () => Promise<T>) {
  let [isOver, allowed] = [false, 0]
  const others: string[] = []
  const asking = (async () => {
    while (!isOver) {
      const { code, response } = await gateway.ask('Check', askWiki)
      if (response?.decision.effect === 'ALLOW') allowed++
      else others.push(code)
    }
  })()
  const result = await work().finally(() => {
    isOver = true
  })
  await asking
  return { result, allowed, others }
}

async function handlesAreAt(most: number): Promise<void> {
  while (held().handles > most) await systemClock.sleep(50)
}

/** What is ended by the server itself, again and again. */
const ended: readonly AttackName[] = [
  'resets its own calls',
  'opens a window by nothing',
  'opens a window too far',
  'sends data after the end',
  'sends headers after the end',
  'sends a priority of four bytes',
  'sends more than it said',
  'never ends its headers',
  'leaves every request open',
]

describe.each(Object.keys(attacks) as AttackName[])('somebody who %s', (attack) => {
  test.each([
    ['reads the answers', true],
    ['reads nothing', false],
  ])('as fast as can be, and %s, costs others no answer and leaves nothing', async (_, reads) => {
    const before = held()

    const endedMin = ended.includes(attack) || !reads ? attackers + 1 : 0
    const { result, allowed, others } = await asked(() => attacked(attack, reads, endedMin))

    expect(others).toEqual([])
    expect(allowed).toBeGreaterThan(0)
    expect(result.ended).toBeGreaterThanOrEqual(endedMin)
    await handlesAreAt(before.handles)
    expect(held().megabytes - before.megabytes).toBeLessThan(megabytesMax)
  })
})

test('20,000 calls left open on one connection are 128 at most, then it is ended', async () => {
  const before = held()
  const wire = new Wire(port)
  for (let from = 0; from < 20_000; from += 500) {
    wire.send(attacks['leaves every request open'](1 + from * 2, 500))
  }

  await wire.closed

  const resets = wire.frames.filter(({ type }) => type === frameType.reset)
  // REFUSED_STREAM, RFC 9113 §8.7: nothing of it was begun.
  const refused = resets.filter(({ payload }) => payload.readUInt32BE() === 7)
  expect(refused.length).toBeGreaterThan(500)
  expect(resets.length - refused.length).toBeLessThanOrEqual(128)
  expect(held().megabytes - before.megabytes).toBeLessThan(30)
  await handlesAreAt(before.handles)
})

test('a reader that opens no window is owed no more than its streams', async () => {
  const before = held()
  const { requestSerialize } = decisionMethods.CheckStream!
  const batch = messageOf(requestSerialize({ requests: Array(256).fill(askWiki) }))
  // SETTINGS_INITIAL_WINDOW_SIZE 0.
  const wires = Array.from({ length: 20 }, () => {
    const wire = new Wire(port)
    wire.send(Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0]))
    wire.send(headerFrames(callHeaders(decisionMethods.CheckStream!.path)))
    for (let count = 0; count < 200; count++) wire.send(dataFrames(batch, 1, { ends: false }))
    return wire
  })

  const { others } = await asked(() => systemClock.sleep(attackMs))

  expect(others).toEqual([])
  expect(held().megabytes - before.megabytes).toBeLessThan(megabytesMax)
  for (const wire of wires) wire[Symbol.dispose]()
  await handlesAreAt(before.handles)
})

test('5,000 clients that vanish in the middle of a call leave nothing behind', async () => {
  const before = held()
  const { requestSerialize } = decisionMethods.Check!
  const whole = dataFrames(messageOf(requestSerialize(askWiki)))
  const half = whole.subarray(0, -5)

  const { others } = await asked(async () => {
    for (let done = 0; done < 5_000; done += 100) {
      const wires = Array.from({ length: 100 }, (_, number) => {
        const wire = new Wire(port)
        wire.send(headerFrames(callHeaders()), number % 2 === 0 ? whole : half)
        return wire
      })
      await Promise.all(wires.map((wire) => wire.first(frameType.settings)))
      for (const { socket } of wires) socket.resetAndDestroy()
      await Promise.all(wires.map(({ closed }) => closed))
    }
  })

  expect(others).toEqual([])
  await handlesAreAt(before.handles)
  expect(held().megabytes - before.megabytes).toBeLessThan(megabytesMax)
})

test('2,000 idle connections take less than 40 KB each, and everybody else is answered', async () => {
  // The test before may have used up what is accepted in a second.
  await systemClock.sleep(1_000)
  const before = held()
  const wires: Wire[] = []

  const { others } = await asked(async () => {
    for (let opened = 0; opened < 2_000; opened += 100) {
      const more = Array.from({ length: 100 }, () => new Wire(port))
      await Promise.all(more.map((wire) => wire.first(frameType.settings)))
      wires.push(...more)
      // Below the rate at which connections are taken.
      await systemClock.sleep(100)
    }
  })

  expect(others).toEqual([])
  expect(wires.filter(({ socket }) => socket.destroyed)).toEqual([])
  expect(held().megabytes - before.megabytes).toBeLessThan((2_000 * 40) / 1024)
  for (const wire of wires) wire[Symbol.dispose]()
  await handlesAreAt(before.handles)
})
