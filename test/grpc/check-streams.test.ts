import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { Outcome } from '../../src/decision/decision.ts'
import { endOf, Gateway } from '../support/gateway.ts'
import { allowed, askPayroll, type Rig, startRig } from './support.ts'

const batch = (...ids: readonly number[]) => ({
  requests: ids.map((id) => ({ ...askPayroll, id })),
})

/** A stream, the ids of what it was told, and a server whose every other decision is late. */
async function openStream() {
  const rig = await startRig()
  const gateway = new Gateway({ address: rig.server.address })
  const late: PromiseWithResolvers<Outcome>[] = []
  let count = 0
  rig.decisions.check = () => {
    if (count++ % 2 === 0) return allowed
    late.push(Promise.withResolvers<Outcome>())
    return late.at(-1)!.promise
  }
  const stream = gateway.openStream()
  const told: number[] = []
  stream.on('data', ({ results }) => {
    for (const { id, decision } of results) if (decision?.effect === 'ALLOW') told.push(id)
  })
  await once(stream, 'metadata')
  const close = async () => {
    gateway[Symbol.dispose]()
    await rig[Symbol.asyncDispose]()
  }
  return { rig, stream, told, late, [Symbol.asyncDispose]: close }
}
const turn = () => new Promise(setImmediate)
const lateIn = async ({ late }: { readonly late: readonly unknown[] }, count: number) => {
  while (late.length < count) await turn()
}

test('a stream whose client has asked its last is told what is late, then ends OK', async () => {
  await using open = await openStream()
  const ended = endOf(open.stream)
  open.stream.end(batch(1, 2, 3, 4))
  await lateIn(open, 2)

  for (const { resolve } of open.late) resolve(allowed)

  expect(await ended).toBe('OK')
  expect(open.told.toSorted()).toEqual([1, 2, 3, 4])
})

test('a stream whose last answer falls into the turn in which its client ends is told it', async () => {
  await using open = await openStream()
  const ended = endOf(open.stream)
  // Decided before the end of the stream is read, and sent after it.
  open.rig.decisions.check = () => Promise.resolve(allowed)

  open.stream.end(batch(1, 2))

  expect(await ended).toBe('OK')
  expect(open.told.toSorted()).toEqual([1, 2])
})

test('a server that stops tells an open stream what it owes, then UNAVAILABLE', async () => {
  await using open = await openStream()
  const ended = endOf(open.stream)
  open.stream.write(batch(1, 2))
  await lateIn(open, 1)

  const stopped = stopping(open.rig)
  open.late[0]!.resolve(allowed)

  expect(await ended).toBe('UNAVAILABLE')
  expect(open.told.toSorted()).toEqual([1, 2])
  await stopped
})

test('a server that stops ends a stream that asks for nothing at once', async () => {
  await using open = await openStream()
  const ended = endOf(open.stream)

  const stopped = stopping(open.rig)

  expect(await ended).toBe('UNAVAILABLE')
  await stopped
})

function stopping({ server }: Rig): Promise<void> {
  return server.stop({ lingerMs: 0, graceMs: 5000 })
}
