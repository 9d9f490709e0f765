import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'
import type { CheckRequest } from '../../src/client/client.ts'
import { SallyportClient } from '../../src/client/client.ts'
import { decisionMethods } from '../../src/client/service.ts'
import { inFlightMax } from '../../src/client/wire.ts'

const decision = {
  effect: 'ALLOW',
  reason: 'RULE',
  rule: 'finance-payroll',
  application: 'payroll',
  message: 'welcome',
  cacheable_for_ms: 30_000,
  obligations: [
    {
      id: 'mfa',
      type: 'step-up',
      properties: {
        acr_value: { string: 'loa:2' },
        retries: { number: 3 },
        silent: { bool: false },
        amr_values: { list: { values: ['otp'] } },
      },
    },
  ],
  decision_id: 'd-1',
  unknown: ['when.context.country'],
}
const world = { revision: 'r7', age_ms: 12, policy_version: 'v1' }
const askPayroll: CheckRequest = { user: 'ann', app: 'payroll' }

/** A server that answers every call as told, and a client connected to it. */
async function startRig(answer: handleUnaryCall<object, object>) {
  const server = new Server()
  // biome-ignore lint/suspicious/noExplicitAny: tests read what arrived.
  const asked: any[] = []
  const handle: handleUnaryCall<object, object> = (call, callback) => {
    asked.push(call.request)
    answer(call, callback)
  }
  server.addService(decisionMethods as unknown as ServiceDefinition, {
    Check: handle,
    Explain: handle,
  })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  const client = SallyportClient.connect(`127.0.0.1:${port}`, {
    performs: ['step-up'],
    timeoutMs: 10_000,
  })
  return {
    client,
    asked,
    [Symbol.dispose]: () => {
      client.close()
      server.forceShutdown()
    },
  }
}

describe('an answer', () => {
  test('arrives with all of its fields', async () => {
    using rig = await startRig((_, callback) => callback(null, { decision, world }))

    expect(await rig.client.check(askPayroll)).toEqual({
      effect: 'allow',
      allowed: true,
      reason: 'RULE',
      rule: 'finance-payroll',
      application: 'payroll',
      message: 'welcome',
      revision: 'r7',
      ageMs: 12,
      policyVersion: 'v1',
      unknown: ['when.context.country'],
      stale: false,
      cacheableForMs: 30_000,
      obligations: [
        {
          id: 'mfa',
          type: 'step-up',
          properties: { acr_value: 'loa:2', retries: 3, silent: false, amr_values: ['otp'] },
        },
      ],
      decisionId: 'd-1',
    })
  })

  test('to explain brings the rules', async () => {
    const condition = { path: 'who.groups.any', seen: '[]', wanted: 'Finance', note: 'none' }
    using rig = await startRig((_, callback) =>
      callback(null, {
        decision: { ...decision, effect: 'BLOCK', reason: 'NO_RULE' },
        world,
        rules: [
          {
            rule: 'r',
            effect: 'ALLOW',
            result: 'FALSE',
            conditions: [{ ...condition, result: 'FALSE', age_ms: 3 }],
            line: 4,
            file: 'policy.yaml',
          },
        ],
        nearest_allow: 'r',
        text: 'ann may not',
      }),
    )

    const { decision: answered, ...rest } = await rig.client.explain(askPayroll)

    expect(answered).toMatchObject({ allowed: false, reason: 'NO_RULE' })
    expect(rest).toEqual({
      rules: [
        {
          rule: 'r',
          effect: 'allow',
          result: 'false',
          decided: false,
          conditions: [{ ...condition, result: 'false', ageMs: 3 }],
          line: 4,
          file: 'policy.yaml',
          reason: '',
          note: '',
        },
      ],
      nearestAllow: 'r',
      omitted: 0,
      text: 'ann may not',
    })
  })
})

test('a request carries what was asked, nested objects under dotted keys', async () => {
  using rig = await startRig((_, callback) => callback(null, { decision, world }))

  await rig.client.check({
    externalId: 'E-1',
    directory: 'entra',
    host: 'payroll.acme.example',
    port: 443,
    action: 'read',
    claims: { groups: ['b', 'a'], none: null },
    context: { posture: { 'disk-encrypted': true, os: { major: 14 } }, 'location.site': 'hq' },
    minRevision: 'r5',
  })

  expect(rig.asked[0]).toMatchObject({
    subject: { external_id: 'E-1', directory: 'entra' },
    application: '',
    destination: { host: 'payroll.acme.example', ip: '', port: 443 },
    action: 'read',
    min_revision: 'r5',
  })
  expect(rig.asked[0].claims).toEqual({
    groups: expect.objectContaining({ list: { values: ['b', 'a'] } }),
  })
  expect(Object.keys(rig.asked[0].context).sort()).toEqual([
    'location.site',
    'posture.disk-encrypted',
    'posture.os.major',
  ])
})

describe('is a block', () => {
  const answers: [string, object, string][] = [
    ['an answer without decision', { world }, 'decision'],
    ['an answer without world', { decision }, 'world'],
    ['an effect left out', { decision: { ...decision, effect: 0 }, world }, 'effect'],
    ['an effect of a later version', { decision: { ...decision, effect: 3 }, world }, 'effect'],
    ['a reason of a later version', { decision: { ...decision, reason: 99 }, world }, 'reason'],
    [
      'a revision that no server would take back',
      { decision, world: { ...world, revision: 'r'.repeat(257) } },
      'revision',
    ],
    ['a reason left out', { decision: { ...decision, reason: 0 }, world }, 'reason'],
  ]
  test.each(answers)('%s', async (_, response, named) => {
    using rig = await startRig((_call, callback) => callback(null, response))

    const answer = await rig.client.check(askPayroll)

    expect(answer).toMatchObject({ effect: 'block', allowed: false, reason: 'WIRE_MALFORMED' })
    expect(answer.wire?.detail).toContain(named)
    expect(answer.cacheableForMs).toBe(0)
  })

  const codes = Object.keys(status).filter((name) => !/^\d+$/.test(name) && name !== 'OK')
  test.each(codes)('status %s', async (name) => {
    const code = status[name as keyof typeof status]
    using rig = await startRig((_, callback) => callback({ code, details: 'why' }))

    const answer = await rig.client.check({ ...askPayroll, timeoutMs: 2000 })

    expect(answer).toMatchObject({ allowed: false, reason: `WIRE_${name}` })
    expect(answer.wire).toEqual({ code: name, detail: 'why' })
  })

  test('a status that gRPC does not know, as UNKNOWN', async () => {
    using rig = await startRig((_, callback) => callback({ code: 99 as status, details: 'why' }))

    const answer = await rig.client.check({ ...askPayroll, timeoutMs: 2000 })

    expect(answer.wire).toEqual({ code: 'UNKNOWN', detail: 'why' })
  })

  test('an explanation above what may be in flight', async () => {
    using rig = await startRig(() => undefined)

    const waiting = [...Array(inFlightMax).keys()].map(() => rig.client.explain(askPayroll))
    const { decision: over } = await rig.client.explain(askPayroll)
    rig.client.close()
    await Promise.all(waiting)

    expect(over).toMatchObject({ allowed: false, reason: 'WIRE_OVERLOADED' })
  })

  test('an answer that does not come in time', async () => {
    using rig = await startRig(() => undefined)

    const answer = await rig.client.check({ ...askPayroll, timeoutMs: 20 })

    expect(answer).toMatchObject({ allowed: false, reason: 'WIRE_DEADLINE_EXCEEDED' })
  })

  test('a server that is not there, for Check and Explain', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    holder.close()
    await once(holder, 'close')
    using client = SallyportClient.connect(`127.0.0.1:${port}`)

    const answer = await client.check(askPayroll)
    const { decision: explained, rules } = await client.explain(askPayroll)

    expect(answer).toMatchObject({ allowed: false, reason: 'WIRE_UNAVAILABLE' })
    expect(explained).toMatchObject({ allowed: false, reason: 'WIRE_UNAVAILABLE' })
    expect(rules).toEqual([])
  })

  test('every question after close', async () => {
    using rig = await startRig((_, callback) => callback(null, { decision, world }))
    rig.client.close()

    expect(await rig.client.check(askPayroll)).toMatchObject({ allowed: false })
  })

  const cycle: { [key: string]: unknown } = {}
  cycle.again = cycle
  const bad: [string, object][] = [
    ['nobody named', { app: 'payroll' }],
    ['two names', { user: 'ann', id: '1', app: 'payroll' }],
    ['a nested key with a dot', { ...askPayroll, context: { a: { 'b.c': 1 } } }],
    ['one key given twice', { ...askPayroll, context: { 'a.b': 1, a: { b: 2 } } }],
    ['a list of numbers', { ...askPayroll, claims: { a: [1, 2] } }],
    ['a function', { ...askPayroll, claims: { a: () => 1 } }],
    ['a cycle', { ...askPayroll, context: cycle }],
    ['a port that wraps around', { user: 'ann', host: 'a', port: 2 ** 32 + 443 }],
    ['a port that is no number', { user: 'ann', host: 'a', port: Number.NaN }],
  ]
  test.each(bad)('a request with %s, which is not sent', async (_, request) => {
    using rig = await startRig((_call, callback) => callback(null, { decision, world }))

    const answer = await rig.client.check(request as CheckRequest)

    expect(answer).toMatchObject({ allowed: false, reason: 'WIRE_REQUEST' })
    expect(rig.asked).toEqual([])
  })
})

describe('asking again', () => {
  test('happens when the server was unavailable', async () => {
    let calls = 0
    using rig = await startRig((_, callback) => {
      calls++
      if (calls < 3) callback({ code: status.UNAVAILABLE, details: 'draining' })
      else callback(null, { decision, world })
    })

    const answer = await rig.client.check({ ...askPayroll, timeoutMs: 5000 })

    expect(answer.allowed).toBe(true)
    expect(calls).toBe(3)
  })

  test('does not happen when the server shed the call', async () => {
    using rig = await startRig((_, callback) =>
      callback({ code: status.RESOURCE_EXHAUSTED, details: 'busy' }),
    )

    await rig.client.check(askPayroll)

    expect(rig.asked).toHaveLength(1)
  })
})
