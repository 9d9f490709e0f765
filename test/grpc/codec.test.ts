import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decisionServiceDefinition as own } from '../../src/grpc/codec.ts'
import { generalServiceDefinition as general } from '../../src/grpc/messages.ts'
import { severalKinds } from '../../src/grpc/sent-messages.ts'

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ minLength: 60, maxLength: 140 }),
  fc.constantFrom('country', 'posture.disk-encrypted', 'Ã©', 'é', ''),
)
const uint32 = fc.nat({ max: 0xffff_ffff })
const value = fc.oneof(
  fc.record({ string: text }),
  fc.record({ number: fc.double({ noNaN: true }) }),
  fc.record({ bool: fc.boolean() }),
  fc.record({ list: fc.record({ values: fc.array(text, { maxLength: 4 }) }) }),
)
const values = fc.dictionary(text, value, { maxKeys: 5 })
const optional = { requiredKeys: [] }
const request = fc.record(
  {
    id: uint32,
    subject: fc.record({ user_name: text, id: text, external_id: text, directory: text }, optional),
    application: text,
    destination: fc.record({ host: text, ip: text, port: uint32, protocol: text }, optional),
    action: text,
    claims: values,
    context: values,
    min_revision: text,
  },
  optional,
)

/** As our reader gives it: maps are maps, and a value stands for itself. */
function asRead(message: Record<string, unknown>): object {
  const { claims, context, ...rest } = message
  const mapped = (sent: unknown) =>
    sent &&
    new Map(
      Object.entries(sent as Record<string, Record<string, unknown>>).map(([key, each]) => {
        const list = each.list as { values?: string[] } | undefined
        return [key, list === undefined ? Object.values(each)[0] : (list.values ?? [])]
      }),
    )
  return { ...rest, claims: mapped(claims), context: mapped(context) }
}

describe('requests', () => {
  test('are read as the general codec reads them', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 4 }), (requests) => {
        const bytes = general.CheckStream!.requestSerialize({ requests })
        const wanted = general.CheckStream!.requestDeserialize(bytes).requests ?? []

        expect(own.CheckStream.requestDeserialize(bytes).requests).toEqual(wanted.map(asRead))
      }),
      { numRuns: 500 },
    )
  })

  // The general codec takes a text that ends too early for a shorter one.
  test('that are cut off anywhere are refused unless a field ends there', () => {
    fc.assert(
      fc.property(request, fc.nat(), (sent, cut) => {
        const bytes = general.Check!.requestSerialize(sent)
        const some = bytes.subarray(0, cut % (bytes.length + 1))
        const outcome = outcomeOf(() => own.Check.requestDeserialize(some))
        if (outcome === 'refused') return

        expect(outcome).toEqual(asRead(general.Check!.requestDeserialize(some)))
        const again = general.Check!.requestSerialize(general.Check!.requestDeserialize(some))
        expect(again).toHaveLength(some.length)
      }),
      { numRuns: 500 },
    )
  })

  test('of arbitrary bytes are read or refused as malformed, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          own.CheckStream.requestDeserialize(Buffer.from(bytes))
        } catch (error) {
          expect(error).toMatchObject({ name: 'MalformedMessage' })
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('with fields of a later version are read without them', () => {
    const later = [0x98, 0x06, 0x01, 0x9a, 0x06, 0x02, 0x61, 0x62, 0x9d, 0x06, 1, 2, 3, 4]
    const bytes = Buffer.concat([Buffer.from(later), Buffer.from([0x1a, 0x01, 0x61])])

    expect(own.Check.requestDeserialize(bytes)).toMatchObject({ application: 'a' })
  })

  test('that set two kinds of one value say so', () => {
    const twoKinds = [0x3a, 0x0a, 0x0a, 0x01, 0x61, 0x12, 0x05, 0x0a, 0x01, 0x62, 0x18, 0x01]

    const { context } = own.Check.requestDeserialize(Buffer.from(twoKinds))

    expect(context).toEqual(new Map([['a', severalKinds]]))
  })

  test('keep one more than there may be of attempts, keys and entries', () => {
    const several = (count: number) => [...Array(count).keys()].map(String)
    const list = { list: { values: several(1_000) } }
    const claims = Object.fromEntries(several(1_000).map((key) => [key, list]))
    const requests = [{ claims }, ...Array(999).fill({})]
    const bytes = general.CheckBatch!.requestSerialize({ requests })

    const read = own.CheckBatch.requestDeserialize(bytes).requests!

    expect(read).toHaveLength(257)
    expect(read[0]!.claims!.size).toBe(65)
    expect(read[0]!.claims!.get('0')).toHaveLength(257)
  })

  test('with groups, of before proto3, are refused', () => {
    expect(() => own.Check.requestDeserialize(Buffer.from([0x0b, 0x0c]))).toThrow(/wire format/)
  })
})

describe('responses', () => {
  const decision = fc.record({
    effect: fc.nat({ max: 2 }),
    reason: fc.nat({ max: 13 }),
    rule: text,
    application: text,
    message: text,
    cacheable_for_ms: uint32,
    obligations: fc.option(
      fc.array(fc.record({ id: text, type: text, properties: values }), { maxLength: 3 }),
      { nil: undefined },
    ),
    decision_id: text,
    unknown: fc.array(text, { maxLength: 3 }),
    stale: fc.option(fc.boolean(), { nil: undefined }),
  })
  const world = fc.record({ revision: text, age_ms: uint32, policy_version: text })
  const error = fc.record({
    code: fc.nat({ max: 16 }),
    message: text,
    details: fc.array(fc.record({ type_url: text, value: fc.uint8Array() }), { maxLength: 2 }),
  })
  const result = fc.oneof(fc.record({ id: uint32, decision }), fc.record({ id: uint32, error }))

  test('are the same to a client as those of the general codec', () => {
    fc.assert(
      fc.property(
        fc.array(result, { maxLength: 4 }),
        fc.option(world, { nil: undefined }),
        (results, decidedIn) => {
          const response = { results, world: decidedIn }
          const wanted = general.CheckStream!.responseSerialize(response)

          expect(read(own.CheckStream.responseSerialize(response))).toEqual(read(wanted))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('grow with what they hold, and one that failed leaves nothing behind', () => {
    const decision = {
      effect: 1,
      reason: 11,
      rule: 'r',
      application: 'a',
      message: 'é'.repeat(900),
    }
    const rest = { obligations: undefined, decision_id: 'd', unknown: [], stale: undefined }
    const one = { ...decision, ...rest, cacheable_for_ms: 0 }
    const results = Array.from({ length: 256 }, (_, id) => ({ id, decision: one }))
    const response = { results, world: undefined }
    const broken = {
      results: [{ id: 1, decision: { ...one, rule: undefined as never } }, ...results],
    }

    expect(() => own.CheckBatch.responseSerialize({ ...response, ...broken })).toThrow()

    const bytes = own.CheckBatch.responseSerialize(response)
    expect(read(bytes)).toEqual(read(general.CheckBatch!.responseSerialize(response)))
  })

  /** What is the default of its type is the same as left out. */
  function read(bytes: Buffer): object {
    return without(general.CheckStream!.responseDeserialize(bytes))
  }
  function without(message: object): object {
    const kept = Object.entries(message).filter(([, each]) => each !== '' && each !== 0)
    return Object.fromEntries(
      kept
        .filter(([, each]) => each !== false)
        .map(([name, each]) => [
          name,
          Array.isArray(each)
            ? each.map((item) => (typeof item === 'object' ? without(item) : item))
            : typeof each === 'object' && !(each instanceof Uint8Array)
              ? without(each)
              : each,
        ]),
    )
  }
})

function outcomeOf(work: () => unknown): unknown {
  try {
    return work()
  } catch {
    return 'refused'
  }
}
