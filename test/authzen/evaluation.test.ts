import { describe, expect, test } from 'vitest'
import { Admission } from '../../src/access/admission.ts'
import { type Refusal, reasons } from '../../src/decision/decision.ts'
import { silentObserver } from '../support/silent-observer.ts'
import { acme, allowed, ann, annReadsPayroll, payroll, startRig } from './support.ts'

describe('a request becomes the attempt', () => {
  test('with everything that it says', async () => {
    await using rig = await startRig()

    await rig.post('evaluation', {
      subject: { type: 'user-external-id', id: 'E-1', properties: { token: { amr: ['mfa'] } } },
      action: { name: 'delete', properties: { soft: true } },
      resource: { type: 'record', id: 'record-1', properties: { owner: 'bob', size: 3 } },
      context: {
        country: 'DE',
        posture: { 'disk-encrypted': true },
        none: null,
        min_revision: 'r5',
      },
    })

    expect(rig.decisions.attempts).toEqual([
      {
        tenant: acme,
        subject: { kind: 'externalId', name: 'E-1', directory: undefined },
        application: 'record-1',
        applicationType: 'record',
        destination: undefined,
        action: 'delete',
        claims: new Map([['token.amr', ['mfa']]]),
        context: new Map<string, unknown>([
          ['country', 'DE'],
          ['posture.disk-encrypted', true],
        ]),
        actionProperties: new Map([['soft', true]]),
        resourceProperties: new Map<string, unknown>([
          ['owner', 'bob'],
          ['size', 3],
        ]),
        minRevision: 'r5',
      },
    ])
  })

  test.each([
    ['user', 'userName'],
    ['user-id', 'id'],
    ['user-external-id', 'externalId'],
  ])('of a subject of type %s, by its %s', async (type, kind) => {
    await using rig = await startRig()
    await rig.post('evaluation', { ...annReadsPayroll, subject: { type, id: 'x' } })
    expect(rig.decisions.attempts[0]?.subject).toEqual({ kind, name: 'x', directory: undefined })
  })

  const host = 'payroll.acme.example'
  test.each([
    ['payroll.acme.example:443', undefined, { host, port: 443 }],
    ['payroll.acme.example', { port: 443, protocol: 'tcp' }, { host, port: 443, protocol: 'tcp' }],
    ['a label', { host: 'Payroll.ACME.example.', port: 443 }, { host, port: 443 }],
    ['a label', { ip: '::ffff:10.1.2.3' }, { ip: '10.1.2.3' }],
    ['10.1.2.3:22', {}, { ip: '10.1.2.3', port: 22 }],
    ['[2001:db8::1]:22', {}, { ip: '2001:db8::1', port: 22 }],
    ['2001:db8::1', {}, { ip: '2001:db8::1' }],
  ])('of the destination %s with %j', async (id, properties, destination) => {
    await using rig = await startRig()
    const resource = { type: 'destination', id, properties }
    await rig.post('evaluation', { ...annReadsPayroll, resource })
    expect(rig.decisions.attempts[0]).toMatchObject({ application: undefined, destination })
    expect(rig.decisions.attempts[0]).not.toHaveProperty('applicationType')
  })

  test.each([
    ['resource.id', 'no host!', undefined],
    ['resource.properties.host', 'x', { host: 'no host!' }],
    ['resource.properties.ip', 'x', { ip: '10.1' }],
    ['resource.properties.port', 'x', { host, port: 0 }],
    ['resource.properties.port', 'x', { host, port: '443' }],
    ['resource.properties.port', 'payroll.acme.example:443', { port: 80 }],
    ['resource.properties.protocol', 'x', { host, protocol: 'http' }],
    ['resource.properties.host', 'x', { host: 7 }],
  ])('or a 400 naming `%s` for the destination %s with %j', async (field, id, properties) => {
    await using rig = await startRig()
    const resource = { type: 'destination', id, properties }
    const { status, text } = await rig.post('evaluation', { ...annReadsPayroll, resource })
    expect([status, rig.decisions.attempts]).toEqual([400, []])
    expect(text).toContain(`\`${field}\``)
  })

  test.each([
    ['context.a.b', { context: { 'a.b': 1 } }],
    ['subject.properties.a.b', { subject: { ...ann, properties: { 'a.b': 1 } } }],
    ['context.x', { context: { x: 'y'.repeat(5_000) } }],
    ['resource.id', { resource: { ...payroll, id: 'x'.repeat(300) } }],
    ['context.supported_obligations', { context: { supported_obligations: 'all' } }],
    ['context.supported_obligations', { context: { supported_obligations: Array(257).fill('x') } }],
    ['context.min_revision', { context: { min_revision: 5 } }],
  ])('or a 400 naming `%s`', async (field, more) => {
    await using rig = await startRig()
    const { status, text } = await rig.post('evaluation', { ...annReadsPayroll, ...more })
    expect(status).toBe(400)
    expect(text).toContain(`\`${field}\``)
  })

  test('names that mean something to JavaScript mean nothing', async () => {
    await using rig = await startRig()
    const body = `{"__proto__": ${JSON.stringify(annReadsPayroll)}, "constructor": {"prototype": 1}}`
    const { status, text } = await rig.post('evaluation', body)
    expect([status, text]).toEqual([
      400,
      '`subject` is missing; `action` is missing; `resource` is missing',
    ])
  })

  test('of two members with one name the last counts', async () => {
    await using rig = await startRig()
    const twice = JSON.stringify(annReadsPayroll).replace(
      '{',
      '{"subject":{"type":"user","id":"bob"},',
    )
    await rig.post('evaluation', twice)
    expect(rig.decisions.attempts[0]?.subject.name).toBe(ann.id)
  })
})

describe('an answer', () => {
  test('has in its context what every wire says, and leaves out what is not there', async () => {
    await using rig = await startRig()
    const { json } = await rig.post('evaluation', annReadsPayroll)
    expect(json).toEqual({
      decision: true,
      context: {
        reason: 'RULE',
        rule: 'finance-payroll',
        application: 'payroll',
        decision_id: 'd-1',
        revision: 'r7',
        policy_version: 'v1',
        cacheable_for_ms: 30_000,
        age_ms: 12,
        reason_admin: 'rule `finance-payroll` decided',
      },
    })
  })

  test('tells of a block why, to the person, and what could not be known', async () => {
    await using rig = await startRig()
    const properties = new Map([['acr_value', 'urn:example:loa:2']])
    rig.decisions.check = () => ({
      ...allowed,
      effect: 'block',
      stale: true,
      message: 'Use a managed device.',
      unknown: ['context.posture'],
      obligations: [{ id: 'mfa', type: 'step-up', properties }],
    })
    const { json } = await rig.post('evaluation', annReadsPayroll)
    expect(json).toMatchObject({
      decision: false,
      context: {
        reason_user: 'Use a managed device.',
        reason_admin: 'rule `finance-payroll` decided; unknown: context.posture',
        unknown: ['context.posture'],
        stale: true,
        obligations: [
          { id: 'mfa', type: 'step-up', properties: { acr_value: 'urn:example:loa:2' } },
        ],
      },
    })
  })

  test.each(reasons)('is a 200 for a block because of %s', async (reason) => {
    await using rig = await startRig()
    rig.decisions.check = async () => ({ ...allowed, effect: 'block', reason, rule: '' })
    const { status, json } = await rig.post('evaluation', annReadsPayroll)
    expect([status, json.decision, json.context.reason]).toEqual([200, false, reason])
  })

  test('to a well-formed question about somebody that no directory has is no', async () => {
    await using rig = await startRig()
    const subject = { type: 'spaceship', id: 'x' }
    const { status, json } = await rig.post('evaluation', { ...annReadsPayroll, subject })
    expect([status, json.decision, rig.decisions.attempts]).toEqual([200, false, []])
    expect(json.context.error.message).toContain('`subject.type` is none of user, user-id')
  })

  test('is told to the observer once, by id and not by name', async () => {
    await using rig = await startRig()
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    await rig.post('evaluation', annReadsPayroll, { traceparent })
    const trace = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }
    const { subjectId } = allowed
    expect(rig.decided).toEqual([
      expect.objectContaining({ tenant: 'acme', effect: 'allow', subjectId, trace }),
    ])
    expect(JSON.stringify(rig.decided)).not.toContain(ann.id)
  })
})

describe('without a decision', () => {
  const refusals: [Refusal['kind'], number][] = [
    ['revision-malformed', 400],
    ['revision-not-reached', 503],
    ['revision-lost', 412],
  ]
  test.each(refusals)('%s is a %i that names `context.min_revision`', async (kind, wanted) => {
    await using rig = await startRig()
    rig.decisions.check = () => ({ kind })
    const { status, text } = await rig.post('evaluation', annReadsPayroll)
    expect(status).toBe(wanted)
    expect(text).toContain('`context.min_revision`')
    const batch = await rig.post('evaluations', { evaluations: [annReadsPayroll] })
    const error = { status: wanted, message: text }
    expect(batch.json.evaluations).toEqual([{ decision: false, context: { error } }])
  })

  test.each([
    [
      'thrown at once',
      () => {
        throw new Error('a secret')
      },
    ],
    [
      'rejected later',
      async () => {
        throw new Error('a secret')
      },
    ],
  ])('a bug %s is a 500 that tells nothing, and reaches the observer', async (_, check) => {
    await using rig = await startRig()
    rig.decisions.check = check
    const { status, text } = await rig.post('evaluation', annReadsPayroll)
    expect([status, text, rig.errors.map(String)]).toEqual([
      500,
      'internal error',
      ['Error: a secret'],
    ])
  })

  test('what is too much at once is refused before it is decided', async () => {
    await using rig = await startRig({
      admission: new Admission(silentObserver(), { inFlightMax: 1 }),
    })
    const evaluations = [annReadsPayroll, annReadsPayroll]
    const { status, headers } = await rig.post('evaluations', { evaluations })
    expect([status, headers['retry-after'], rig.decisions.attempts]).toEqual([503, '1', []])
    expect((await rig.post('evaluation', annReadsPayroll)).status).toBe(200)
  })
})

describe('a batch', () => {
  /** Permits what is asked of an application named `yes…`. */
  async function startYesRig() {
    const rig = await startRig()
    rig.decisions.check = ({ application = '' }) => ({
      ...allowed,
      application,
      effect: application.startsWith('yes') ? 'allow' : 'block',
    })
    const ask = async (names: readonly string[], semantic?: unknown) => {
      const evaluations = names.map((id) => ({ resource: { type: 'application', id } }))
      const options = semantic === undefined ? undefined : { evaluations_semantic: semantic }
      return await rig.post('evaluations', { ...annReadsPayroll, evaluations, options })
    }
    return { ...rig, ask }
  }
  const names = ['yes-1', 'no-1', 'yes-2', 'no-2']

  test.each([
    [undefined, [true, false, true, false]],
    ['execute_all', [true, false, true, false]],
    ['deny_on_first_deny', [true, false]],
    ['permit_on_first_permit', [true]],
  ])(
    'with the semantic %s answers %j, and no more is told to the observer',
    async (semantic, wanted) => {
      await using rig = await startYesRig()
      const { json } = await rig.ask(names, semantic)
      expect(json.evaluations.map(({ decision }: { decision: boolean }) => decision)).toEqual(
        wanted,
      )
      expect(rig.decided.map(({ effect }) => effect === 'allow')).toEqual(wanted)
    },
  )

  test.each([
    ['deny_on_first_deny', ['yes-1', 'yes-2'], [true, true]],
    ['permit_on_first_permit', ['no-1', 'no-2'], [false, false]],
  ])(
    'with the semantic %s goes to the end if nothing stops it',
    async (semantic, asked, wanted) => {
      await using rig = await startYesRig()
      const { json } = await rig.ask(asked, semantic)
      expect(json.evaluations.map(({ decision }: { decision: boolean }) => decision)).toEqual(
        wanted,
      )
    },
  )

  test('an item at fault is a denial to a short circuit as well', async () => {
    await using rig = await startYesRig()
    const items = [{ resource: { type: 'application' } }, {}]
    const options = { evaluations_semantic: 'deny_on_first_deny' }
    const { json } = await rig.post('evaluations', {
      ...annReadsPayroll,
      evaluations: items,
      options,
    })
    expect(json.evaluations).toEqual([
      { decision: false, context: { error: { status: 400, message: '`resource.id` is missing' } } },
    ])
  })

  test('an entity of an item takes the place of the default as a whole', async () => {
    await using rig = await startRig()
    const subject = { ...ann, properties: { role: 'admin' } }
    const evaluations = [{ subject: ann }, { subject: { id: 'bob' } }, {}]
    const { json } = await rig.post('evaluations', { ...annReadsPayroll, subject, evaluations })
    expect(rig.decisions.attempts.map(({ claims }) => [...claims])).toEqual([
      [],
      [['role', 'admin']],
    ])
    expect(json.evaluations[1].context.error.message).toBe('`subject.type` is missing')
  })

  test('a bug met by one item is an error of that one', async () => {
    await using rig = await startRig()
    rig.decisions.check = ({ application }) => {
      if (application === 'broken') throw new Error('a secret')
      return allowed
    }
    const evaluations = [{}, { resource: { ...payroll, id: 'broken' } }, {}]
    const { json } = await rig.post('evaluations', { ...annReadsPayroll, evaluations })
    const error = { status: 500, message: 'internal error' }
    expect(json.evaluations.map(({ decision }: { decision: boolean }) => decision)).toEqual([
      true,
      false,
      true,
    ])
    expect(json.evaluations[1].context).toEqual({ error })
    expect(rig.errors.map(String)).toEqual(['Error: a secret'])
  })

  test.each([
    ['evaluations', { ...annReadsPayroll, evaluations: {} }],
    ['evaluations', { ...annReadsPayroll, evaluations: Array(257).fill({}) }],
    ['options', { ...annReadsPayroll, evaluations: [{}], options: [] }],
    ['options.evaluations_semantic', { evaluations: [{}], options: { evaluations_semantic: 'x' } }],
    ['subject', { ...annReadsPayroll, subject: 'ann', evaluations: [{}] }],
    ['resource.id', { ...annReadsPayroll, resource: { id: 5 }, evaluations: [{}] }],
    ['context', { ...annReadsPayroll, context: [], evaluations: [{}] }],
  ])('whose `%s` is at fault as a whole is a 400', async (field, body) => {
    await using rig = await startRig()
    const { status, text } = await rig.post('evaluations', body)
    expect([status, rig.decisions.attempts]).toEqual([400, []])
    expect(text).toContain(`\`${field}\``)
  })

  test('of the most items there may be is answered', async () => {
    await using rig = await startRig()
    const context = { note: 'x'.repeat(1_500) }
    const evaluations = Array(256).fill({ context })
    const { status, json } = await rig.post('evaluations', { ...annReadsPayroll, evaluations })
    expect([status, json.evaluations.length]).toEqual([200, 256])
  })
})
