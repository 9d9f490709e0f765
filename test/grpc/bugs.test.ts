import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { Admission } from '../../src/access/admission.ts'
import type { Outcome } from '../../src/decision/decision.ts'
import { endOf, Gateway } from '../support/gateway.ts'
import { silentObserver } from '../support/silent-observer.ts'
import { allowed, askPayroll, type Rig, startRig } from './support.ts'

/** What is seen of a bug in what decides, or in who is told: no decision, and no word of it. */
const secret = 'password=hunter2'
const batch = (...ids: readonly number[]) => ({
  requests: ids.map((id) => ({ ...askPayroll, id, application: `app-${id}` })),
})
const askAsEnvoy = { attributes: { context_extensions: { application: 'app-1' } } }

function gatewayOf(rig: Rig): Gateway {
  return new Gateway({ address: rig.server.address })
}

/** By id: the effect, or the code of its error. */
function outcomes(response: { readonly results: readonly ResultMessage[] }) {
  return response.results
    .toSorted((a, b) => a.id - b.id)
    .map(({ id, decision, error }) => [id, decision?.effect ?? error?.code, error?.message])
}
interface ResultMessage {
  readonly id: number
  readonly decision?: { readonly effect: string }
  readonly error?: { readonly code: number; readonly message: string }
}
const internal = (id: number) => [id, 13, 'internal error']
const allow = (id: number) => [id, 'ALLOW', undefined]

/** Each is what the decision point does for `app-2`. */
const bugs: readonly (readonly [string, () => Outcome | Promise<Outcome>])[] = [
  ['rejects', () => Promise.reject(new Error(secret))],
  ['rejects with what is no error', () => Promise.reject(secret)],
  ['answers with what cannot be read', () => undefined as unknown as Outcome],
  ['answers late with what cannot be read', async () => undefined as unknown as Outcome],
  ['answers with half of an answer', () => ({ kind: 'answer' }) as unknown as Outcome],
]

describe.each(bugs)('a decision point that %s for one item', (_, bug) => {
  test('fails that item of a batch and of a stream, and no other', async () => {
    await using rig = await startRig()
    using gateway = gatewayOf(rig)
    rig.decisions.check = ({ application }) => (application === 'app-2' ? bug() : allowed)

    const batched = await gateway.ask('CheckBatch', batch(1, 2, 3))
    const results: ResultMessage[] = []
    const stream = gateway.openStream()
    stream.write(batch(1, 2, 3))
    while (results.length < 3) results.push(...(await once(stream, 'data'))[0].results)

    const wanted = [allow(1), internal(2), allow(3)]
    expect(outcomes(batched.response)).toEqual(wanted)
    expect(outcomes({ results })).toEqual(wanted)
    expect(rig.errors).toHaveLength(2)
    // The stream is still of use.
    stream.write(batch(4))
    expect(outcomes((await once(stream, 'data'))[0])).toEqual([allow(4)])
    stream.cancel()
  })

  test('is UNAVAILABLE to Envoy, so that its own failure mode decides', async () => {
    await using rig = await startRig()
    using gateway = gatewayOf(rig)
    rig.decisions.check = bug

    const { code, details } = await gateway.askAsEnvoy(askAsEnvoy)

    expect([code, details.includes('hunter2')]).toEqual(['UNAVAILABLE', false])
    expect(rig.errors).toHaveLength(1)
  })
})

test('a decision point that throws ends a batch and a stream INTERNAL, without its text', async () => {
  await using rig = await startRig()
  using gateway = gatewayOf(rig)
  rig.decisions.checkAll = () => {
    throw new Error(secret)
  }
  const replies = [
    await gateway.ask('Check', askPayroll),
    await gateway.ask('CheckBatch', batch(1, 2)),
    await gateway.askByStream(batch(1, 2)),
  ]
  expect(replies.map(({ code, details }) => `${code}: ${details}`)).toEqual(
    Array(3).fill('INTERNAL: internal error'),
  )
})

test('a log that fails after the answer changes no answer, and sends none twice', async () => {
  const errors: unknown[] = []
  await using rig = await startRig({
    observer: {
      ...silentObserver(),
      decided: () => {
        throw new Error('disk full')
      },
      internalError: ({ error }) => void errors.push(error),
    },
  })
  using gateway = gatewayOf(rig)
  rig.decisions.check = ({ application }) =>
    application === 'app-2' ? Promise.resolve(allowed) : allowed

  const batched = await gateway.ask('CheckBatch', batch(1, 2, 3))
  const results: ResultMessage[] = []
  const stream = gateway.openStream()
  stream.on('data', (message) => results.push(...message.results))
  stream.end(batch(1, 2, 3))
  expect(await endOf(stream)).toBe('OK')

  expect(outcomes(batched.response)).toEqual([1, 2, 3].map(allow))
  expect(outcomes({ results })).toEqual([1, 2, 3].map(allow))
  expect((await gateway.askAsEnvoy(askAsEnvoy)).code).toBe('OK')
  expect(errors).toHaveLength(7)
})

describe('what is under way', () => {
  /** Two decisions that are answered when the test says so. */
  async function busy() {
    const rig = await startRig({
      admission: new Admission(silentObserver(), { inFlightMax: 2 }),
    })
    const pending: PromiseWithResolvers<Outcome>[] = []
    const asked = Promise.withResolvers<void>()
    rig.decisions.check = () => {
      const answer = Promise.withResolvers<Outcome>()
      if (pending.push(answer) === 2) asked.resolve()
      return answer.promise
    }
    return { rig, pending, asked: asked.promise }
  }

  test('counts until it is answered, whether or not its client has gone', async () => {
    const { rig, pending, asked } = await busy()
    await using _ = rig
    using gone = gatewayOf(rig)
    using gateway = gatewayOf(rig)
    const streams = [gone.openStream(), gone.openStream()]
    for (const stream of streams) stream.write(batch(1))
    await asked
    const ended = streams.map(endOf)

    for (const stream of streams) stream.cancel()
    await Promise.all(ended)
    expect((await gateway.ask('Check', askPayroll)).code).toBe('RESOURCE_EXHAUSTED')
    const shed = await gateway.ask('CheckBatch', batch(1))
    expect(outcomes(shed.response)[0]?.[1]).toBe(8)
    for (const { resolve } of pending) resolve(allowed)

    rig.decisions.check = () => allowed
    expect((await gateway.ask('CheckBatch', batch(1, 2))).code).toBe('OK')
    expect(outcomes((await gateway.ask('CheckBatch', batch(1, 2))).response)).toEqual([
      allow(1),
      allow(2),
    ])
    expect(rig.errors).toEqual([])
  })

  test('is given back where one item of a batch is a bug and another one waits', async () => {
    const { rig, pending } = await busy()
    await using _ = rig
    using gateway = gatewayOf(rig)
    const waits = rig.decisions.check
    rig.decisions.check = (attempt) =>
      attempt.application === 'app-2' ? (undefined as unknown as Outcome) : waits(attempt)

    const reply = gateway.ask('CheckBatch', batch(1, 2))
    while (pending.length === 0) await new Promise(setImmediate)
    pending[0]!.resolve(allowed)

    expect(outcomes((await reply).response)).toEqual([allow(1), internal(2)])
    rig.decisions.check = () => allowed
    expect(outcomes((await gateway.ask('CheckBatch', batch(1, 2))).response)).toEqual([
      allow(1),
      allow(2),
    ])
  })
})
