import { status } from '@grpc/grpc-js'
import { expect, test } from 'vitest'
import { ManualClock } from '../support/manual-clock.ts'
import { decision, type Scripted, startScripted, world } from './scripted-server.ts'

const ann = { user: 'ann', app: 'wiki' }

/** When an attempt opens the next stream, in ms from now; each fails before it answers. */
async function pauses(rig: Scripted, clock: ManualClock, count: number): Promise<number[]> {
  const found: number[] = []
  for (let n = 0; n < count; n++) {
    const startMs = clock.monotonicMs()
    for (;;) {
      const before = rig.streams.length
      await rig.client.check(ann)
      // A call that is answered was sent after the stream that the same attempt opened.
      if (rig.streams.length > before) break
      await clock.advance(50)
    }
    found.push(clock.monotonicMs() - startMs)
    const stream = rig.streams.at(-1)!
    stream.fail(status.UNAVAILABLE)
    await seen(rig)
  }
  return found
}

/** One connection keeps its order: who is answered after the end of a stream has seen that. */
async function seen(rig: Scripted): Promise<void> {
  await rig.client.explain(ann)
}

test('a stream is opened again after a pause that doubles up to 30 s, a random part of it', async () => {
  const clock = new ManualClock()
  await using rig = await startScripted({ seams: { clock, random: () => 0.5 } })

  const waited = await pauses(rig, clock, 12)

  expect(waited).toEqual([0, 50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000])
})

test('a stream that had answered is followed by another one after the shortest pause', async () => {
  const clock = new ManualClock()
  await using rig = await startScripted({ seams: { clock, random: () => 0.5 } })
  await pauses(rig, clock, 6)
  await clock.advance(30_000)
  const stream = await rig.warm()

  stream.fail(status.UNAVAILABLE)
  await seen(rig)

  expect(await pauses(rig, clock, 1)).toEqual([50])
})

test('without streams every attempt is answered as a call of its own', async () => {
  await using rig = await startScripted({ client: { streams: false } })

  const answers = await rig.client.checkMany([...Array(300).keys()].map(() => ann))

  expect(answers.every(({ allowed }) => allowed)).toBe(true)
  expect([rig.unary.length, rig.streams.length]).toEqual([300, 0])
})

test('a connection that its server ends for its age costs nobody an answer', async () => {
  await using rig = await startScripted({
    server: { 'grpc.max_connection_age_ms': 150, 'grpc.max_connection_age_grace_ms': 50 },
  })
  const stream = await rig.warm()

  // Never answered: the end of the connection is the only thing that can happen to it.
  const answer = await rig.client.check(ann)

  expect(stream.frames.flat().map(({ subject }) => subject.user_name)).toContain('ann')
  expect(answer).toMatchObject({ allowed: true })
})

test('the token goes along with streams and calls', async () => {
  await using rig = await startScripted({
    client: { token: 'slp_gw_1' },
    check: (call, callback) => {
      const [sent] = call.metadata.get('authorization')
      callback(null, { decision: { ...decision, rule: String(sent) }, world })
    },
  })

  const { rule } = await rig.client.check(ann)
  const stream = await rig.nextStream()

  expect(rule).toBe('Bearer slp_gw_1')
  expect(stream.metadata.get('authorization')).toEqual(['Bearer slp_gw_1'])
})

test('a server that knows no streams is asked by calls', async () => {
  const clock = new ManualClock()
  await using rig = await startScripted({ holdsStreams: true, seams: { clock } })

  await rig.client.check(ann)
  const stream = await rig.nextStream()
  stream.fail(status.UNIMPLEMENTED)
  const answers = [await rig.client.check(ann), await rig.client.check(ann)]

  expect(answers.map(({ allowed }) => allowed)).toEqual([true, true])
  expect(stream.frames).toEqual([])
})
