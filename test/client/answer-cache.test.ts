import { status } from '@grpc/grpc-js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CheckRequest } from '../../src/client/client.ts'
import { encodeRequest } from '../../src/client/requests.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { decision, type ScriptedOptions, startScripted, world } from './scripted-server.ts'

const ann = { user: 'ann', app: 'wiki' }

async function startCaching(check?: ScriptedOptions['check']) {
  const clock = new ManualClock()
  const options: ScriptedOptions = {
    client: { cacheEntriesMax: 100, streams: false },
    seams: { clock },
    ...(check && { check }),
  }
  return { clock, rig: await startScripted(options) }
}

describe('an answer that may be kept', () => {
  test('is given again until its time is over, which reading does not extend', async () => {
    const { clock, rig: started } = await startCaching()
    await using rig = started

    await rig.client.check(ann)
    await clock.advance(20_000)
    const again = await rig.client.check(ann)
    await clock.advance(9_999)
    const last = await rig.client.check(ann)
    expect(rig.unary).toHaveLength(1)
    await clock.advance(1)
    await rig.client.check(ann)

    expect(again).toMatchObject({ allowed: true, cacheableForMs: 10_000, ageMs: 20_012 })
    expect(last).toMatchObject({ allowed: true, cacheableForMs: 1 })
    expect(rig.unary).toHaveLength(2)
  })

  test('has its time from when it was asked, however late it came', async () => {
    const asked = Promise.withResolvers<() => void>()
    const { clock, rig: started } = await startCaching((_, callback) => {
      asked.resolve(() => callback(null, { decision, world }))
    })
    await using rig = started

    const answer = rig.client.check({ ...ann, timeoutMs: 60_000 })
    const send = await asked.promise
    await clock.advance(29_000)
    send()
    await answer
    await clock.advance(1_000)
    const later = rig.client.check(ann)

    while (rig.unary.length < 2) await new Promise(setImmediate)
    rig.client.close()
    expect(await later).toMatchObject({ allowed: false, reason: 'WIRE_CLIENT' })
  })

  test('is kept for nobody else', async () => {
    const { rig: started } = await startCaching()
    await using rig = started

    await rig.client.check(ann)
    await rig.client.check({ ...ann, user: 'bob' })
    await rig.client.check({ ...ann, context: { country: 'DE' } })

    expect(rig.unary).toHaveLength(3)
  })

  test('ends when something newer was seen, unless answers may get older', async () => {
    const answers =
      (revision: string): ScriptedOptions['check'] =>
      ({ request }, callback) => {
        const at = request.subject.user_name === 'bob' ? 'later' : revision
        callback(null, { decision, world: { ...world, revision: at } })
      }
    const { rig: started } = await startCaching(answers('r7'))
    await using rig = started
    await using lax = await startScripted({
      check: answers('r7')!,
      client: { cacheEntriesMax: 100, streams: false, monotonic: false },
    })

    for (const { client } of [rig, lax]) {
      await client.check(ann)
      await client.check({ ...ann, user: 'bob' })
      await client.check(ann)
    }

    expect([rig.unary.length, lax.unary.length]).toEqual([3, 2])
  })

  test('ends when the history of something newer was lost', async () => {
    const { rig: started } = await startCaching(({ request }, callback) => {
      const { subject, min_revision } = request
      const revision = subject.user_name === 'bob' ? 'later' : 'r7'
      if (min_revision === 'later') {
        callback({ code: status.FAILED_PRECONDITION, details: 'lost' })
      } else if (subject.user_name === 'cem') {
        callback({ code: status.INTERNAL, details: 'internal error' })
      } else callback(null, { decision, world: { ...world, revision } })
    })
    await using rig = started

    for (const user of ['ann', 'bob', 'cem', 'ann']) await rig.client.check({ ...ann, user })

    // Of cem, with and without what was lost.
    const users = rig.unary.map(({ subject }) => subject.user_name)
    expect(users).toEqual(['ann', 'bob', 'cem', 'cem', 'ann'])
  })

  test('is not given after the client was closed', async () => {
    const { rig: started } = await startCaching()
    await using rig = started

    await rig.client.check(ann)
    rig.client.close()

    expect(await rig.client.check(ann)).toMatchObject({ allowed: false, reason: 'WIRE_CLIENT' })
  })

  test('is dropped for others that were asked for more recently', async () => {
    await using rig = await startScripted({ client: { cacheEntriesMax: 2, streams: false } })

    for (const user of ['a', 'b', 'a', 'c', 'a', 'b']) await rig.client.check({ ...ann, user })

    expect(rig.unary.map(({ subject }) => subject.user_name)).toEqual(['a', 'b', 'c', 'b'])
  })
})

describe('not kept is', () => {
  const answers: [string, object][] = [
    ['what the server forbids to keep', { decision: { ...decision, cacheable_for_ms: 0 }, world }],
    ['what is stale', { decision: { ...decision, stale: true }, world }],
    ['what cannot be understood', { decision: { ...decision, effect: 7 }, world }],
  ]
  test.each(answers)('%s', async (_, response) => {
    const { rig: started } = await startCaching((_call, callback) => callback(null, response))
    await using rig = started

    await rig.client.check(ann)
    await rig.client.check(ann)

    expect(rig.unary).toHaveLength(2)
  })

  test('a failure', async () => {
    const { rig: started } = await startCaching((_, callback) =>
      callback({ code: status.INTERNAL, details: 'internal error' }),
    )
    await using rig = started

    await rig.client.check(ann)
    await rig.client.check(ann)

    expect(rig.unary).toHaveLength(2)
  })

  test('anything, unless the gateway asks for it', async () => {
    await using rig = await startScripted({ client: { streams: false } })

    await rig.client.check(ann)
    await rig.client.check(ann)

    expect(rig.unary).toHaveLength(2)
  })
})

test('requests that differ in anything a server can see have different keys', () => {
  const text = fc.constantFrom('a', 'b', 'a,b', 'a\0b', 'ab', '"a"', 'x'.repeat(200))
  const values = fc.dictionary(
    fc.constantFrom('k', 'l', 'k.l'),
    fc.oneof(text, fc.boolean(), fc.integer({ min: 0, max: 2 }), fc.array(text, { maxLength: 2 })),
    { maxKeys: 2 },
  )
  const request = fc.record(
    {
      user: text,
      directory: text,
      app: text,
      host: text,
      ip: text,
      port: fc.integer({ min: 1, max: 3 }),
      protocol: text,
      action: text,
      claims: values,
      context: values,
      minRevision: text,
    },
    { requiredKeys: ['user', 'app'] },
  )
  const key = (one: CheckRequest) => Buffer.from(encodeRequest(one)).toString('hex')
  const sorted = (one: object) =>
    JSON.stringify(one, (_, value) =>
      value && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    )
  const seen = new Map<string, string>()
  fc.assert(
    fc.property(request, (one) => {
      const { claims = {}, context = {}, ...rest } = one
      const meant = sorted({ ...rest, claims, context })
      const other = seen.get(key(one as CheckRequest))
      seen.set(key(one as CheckRequest), meant)
      return other === undefined || other === meant
    }),
    { numRuns: 3_000 },
  )
})
