import { describe, expect, test } from 'vitest'
import { Connectors } from '../../src/access/connectors.ts'
import { type Refusal, reasons } from '../../src/decision/decision.ts'
import { silentObserver } from '../support/silent-observer.ts'
import { acme, allowed, askPayroll, detailsOf, explained, startRig } from './support.ts'

describe('Check', () => {
  test('brings every field of an answer to the caller', async () => {
    await using rig = await startRig()
    rig.decisions.check = () => ({
      ...allowed,
      effect: 'block',
      reason: 'NO_RULE',
      rule: 'r',
      message: 'ask IT for access',
      unknown: ['when.context.country'],
    })

    const { code, response } = await rig.call('Check', askPayroll)

    expect(code).toBe('OK')
    expect(response).toEqual({
      decision: {
        effect: 'BLOCK',
        reason: 'NO_RULE',
        rule: 'r',
        application: 'payroll',
        message: 'ask IT for access',
        cacheable_for_ms: 30_000,
        obligations: [],
        decision_id: 'd-1',
        unknown: ['when.context.country'],
        stale: false,
      },
      world: { revision: 'r7', age_ms: 12, policy_version: 'v1' },
    })
  })

  test('makes one attempt of the request, for the tenant of the caller', async () => {
    await using rig = await startRig()

    await rig.call('Check', {
      subject: { external_id: 'E-1', directory: 'entra' },
      application: 'payroll',
      destination: { host: 'Payroll.ACME.example.', port: 443, protocol: 'tcp' },
      action: 'read',
      claims: { department: { string: 'finance' } },
      context: {
        'posture.firewall': { bool: true },
        asn: { number: 3320 },
        trustedNetworks: { list: { values: ['hq', 'lab'] } },
      },
      min_revision: 'r5',
    })

    expect(rig.decisions.attempts).toEqual([
      {
        tenant: acme,
        subject: { kind: 'externalId', name: 'E-1', directory: 'entra' },
        application: 'payroll',
        destination: { host: 'payroll.acme.example', port: 443, protocol: 'tcp' },
        action: 'read',
        claims: new Map([['department', 'finance']]),
        context: new Map<string, unknown>([
          ['posture.firewall', true],
          ['asn', 3320],
          ['trustedNetworks', ['hq', 'lab']],
        ]),
        minRevision: 'r5',
        waitMs: expect.any(Number),
      },
    ])
  })

  test.each(reasons)('names the reason %s as the proto does', async (reason) => {
    await using rig = await startRig()
    rig.decisions.check = async () => ({ ...allowed, effect: 'block', reason })

    const { response } = await rig.call('Check', askPayroll)

    expect(response.decision.reason).toBe(reason)
  })

  test('sends times that do not fit as the nearest that does', async () => {
    await using rig = await startRig()
    const world = { ...allowed.world, ageMs: 0.2 }
    rig.decisions.check = () => ({ ...allowed, cacheableForMs: Number.POSITIVE_INFINITY, world })

    const { response } = await rig.call('Check', askPayroll)

    expect(response.decision.cacheable_for_ms).toBe(4_294_967_295)
    expect(response.world.age_ms).toBe(1)
  })

  test('tells the observer once per decision, by id and not by name', async () => {
    await using rig = await startRig()

    await rig.call('Check', askPayroll)

    const { subjectId } = allowed
    expect(rig.decided).toEqual([
      expect.objectContaining({ tenant: 'acme', effect: 'allow', subjectId }),
    ])
    expect(JSON.stringify(rig.decided)).not.toContain('ann@acme.example')
  })
})

describe('a call without a decision', () => {
  const refusals: [Refusal['kind'], string, string][] = [
    ['revision-malformed', 'INVALID_ARGUMENT', 'BadRequest'],
    ['revision-not-reached', 'UNAVAILABLE', 'RetryInfo'],
    ['revision-lost', 'FAILED_PRECONDITION', 'ErrorInfo'],
  ]
  test.each(refusals)('that is refused by %s ends %s with %s', async (kind, code, detail) => {
    await using rig = await startRig()
    rig.decisions.check = () => ({ kind })
    rig.decisions.explain = async () => ({ kind })

    for (const method of ['Check', 'Explain']) {
      const reply = await rig.call(method, { ...askPayroll, min_revision: 'r9' })
      expect(reply.code).toBe(code)
      expect(detailsOf(reply).map(({ type }) => type)).toEqual([detail])
    }
  })

  test('of a caller without a tenant is UNAUTHENTICATED and decides nothing', async () => {
    const tenants = [acme, 'umbrella' as typeof acme]
    await using rig = await startRig({ connectors: new Connectors([], tenants) })

    const reply = await rig.call('Check', askPayroll)

    expect(reply.code).toBe('UNAUTHENTICATED')
    expect(detailsOf(reply)).toEqual([
      {
        type: 'ErrorInfo',
        message: { reason: 'CONNECTOR_UNKNOWN', domain: 'sallyport', metadata: {} },
      },
    ])
    expect(rig.decisions.attempts).toEqual([])
  })

  test('that was late before it was read is DEADLINE_EXCEEDED and decides nothing', async () => {
    const clock = {
      wallMs: () => Date.now() + 60_000,
      monotonicMs: () => performance.now(),
      sleep: async () => undefined,
    }
    await using rig = await startRig({ clock })

    const reply = await rig.call('Check', askPayroll)

    expect(reply.code).toBe('DEADLINE_EXCEEDED')
    expect(rig.decisions.attempts).toEqual([])
  })

  const secret = 'password=hunter2'
  const bugs: [string, () => never | Promise<never>][] = [
    [
      'throws',
      () => {
        throw new Error(secret)
      },
    ],
    ['rejects', () => Promise.reject(new Error(secret))],
    [
      'throws what is no error',
      () => {
        throw secret
      },
    ],
    ['answers with what cannot be read', () => undefined as never],
  ]
  test.each(bugs)('of a decision point that %s is INTERNAL without its text', async (_, bug) => {
    await using rig = await startRig()
    rig.decisions.check = bug
    rig.decisions.explain = bug as () => Promise<never>

    for (const method of ['Check', 'Explain']) {
      const reply = await rig.call(method, askPayroll)
      expect([reply.code, reply.details]).toEqual(['INTERNAL', 'internal error'])
      expect(JSON.stringify(reply.metadata.toJSON())).not.toContain('hunter2')
    }
    expect(rig.errors).toHaveLength(2)
  })

  test('does not come of an observer that throws after the answer', async () => {
    const seen: unknown[] = []
    await using rig = await startRig({
      observer: {
        ...silentObserver(),
        decided: () => {
          throw new Error('disk full')
        },
        internalError: ({ error }) => void seen.push(error),
      },
    })

    expect((await rig.call('Check', askPayroll)).code).toBe('OK')
    expect((await rig.call('Check', askPayroll)).code).toBe('OK')
    expect(seen).toHaveLength(2)
  })
})

test('Explain brings rules, conditions and their truth to the caller', async () => {
  await using rig = await startRig()
  const condition = { path: 'when.context.country', seen: '', wanted: 'in [DE]', note: 'not sent' }
  rig.decisions.explain = async () => ({
    ...explained,
    rules: [
      {
        rule: 'finance-payroll',
        effect: 'allow',
        result: 1,
        decided: false,
        conditions: [{ ...condition, result: 1, ageMs: 3.5 }],
        file: 'policy.yaml',
        line: 12,
        reason: 'finance only',
        note: 'no longer valid',
      },
    ],
    nearestAllow: 'finance-payroll',
  })

  const { response } = await rig.call('Explain', askPayroll)

  expect(response.rules).toEqual([
    {
      rule: 'finance-payroll',
      effect: 'ALLOW',
      result: 'UNKNOWN',
      decided: false,
      conditions: [{ ...condition, result: 'UNKNOWN', age_ms: 4 }],
      file: 'policy.yaml',
      line: 12,
      reason: 'finance only',
      note: 'no longer valid',
    },
  ])
  expect([response.nearest_allow, response.text]).toEqual(['finance-payroll', 'ann may'])
})

test.each(['Watch'])('%s says that it is not there', async (name) => {
  await using rig = await startRig()

  const reply = await rig.call(name, {})

  expect(reply.code).toBe('UNIMPLEMENTED')
  expect((await rig.call('Check', askPayroll)).code).toBe('OK')
})
