import { join } from 'node:path'
import { Client, credentials, type MethodDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Connectors } from '../../src/access/connectors.ts'
import { type Answer, reasons } from '../../src/decision/decision.ts'
import type { ExtAuthzSettings } from '../../src/grpc/envoy-attempt.ts'
import { acme, allowed, call, type Reply, startRig } from './support.ts'

const definitions = loadSync('auth.proto', {
  includeDirs: [join(import.meta.dirname, 'envoy-api')],
  keepCase: true,
  oneofs: true,
})
const { Check } = definitions['envoy.service.auth.v3.Authorization'] as unknown as {
  Check: MethodDefinition<object, object>
}

const settings: ExtAuthzSettings = {
  payload: 'jwt_payload',
  subject: [
    { from: 'jwt', claim: 'preferred_username', as: 'userName' },
    { from: 'principal', prefix: 'spiffe://acme.example/user/', as: 'externalId' },
    { from: 'header', header: 'x-authenticated-user', as: 'id', directory: 'entra' },
  ],
}

const text = (stringValue: string) => ({ stringValue })
const jwt = (claims: object) => ({
  filter_metadata: {
    'envoy.filters.http.jwt_authn': {
      fields: { jwt_payload: { structValue: { fields: claims } } },
    },
  },
})
const socket = (address: string, port_value: number, protocol = 0) => ({
  address: { socket_address: { protocol, address, port_value } },
})
/** A TCP connection that the network filter asks about. */
const connection = {
  source: { ...socket('10.9.8.7', 51234), principal: 'spiffe://acme.example/user/E-1' },
  destination: socket('10.1.2.3', 5432),
}
const http = { method: 'GET', path: '/a?b', host: 'wiki.acme.example', scheme: 'https' }

async function asked(
  attributes: object,
  change: Partial<Answer> = {},
  extAuthz: ExtAuthzSettings = settings,
) {
  await using rig = await startRig({ extAuthz })
  const answer = { ...allowed, ...change }
  rig.decisions.check = (attempt) => {
    rig.decisions.attempts.push(attempt)
    return answer
  }
  const reply = await ask(rig.server.address, attributes)
  return { reply, attempt: rig.decisions.attempts[0] }
}

function ask(address: string, attributes: object): Promise<Reply> {
  const client = new Client(address, credentials.createInsecure())
  onTestFinished(() => client.close())
  return call(client, Check, { attributes })
}

describe('who asks is', () => {
  test.each([
    [
      'a claim of a verified JWT first',
      { ...connection, metadata_context: jwt({ preferred_username: text('ann@acme.example') }) },
      { kind: 'userName', name: 'ann@acme.example', directory: undefined },
    ],
    [
      "the peer's certificate, without its prefix",
      connection,
      { kind: 'externalId', name: 'E-1', directory: undefined },
    ],
    [
      'a header that the operator has named',
      { request: { http: { ...http, headers: { 'x-authenticated-user': '42' } } } },
      { kind: 'id', name: '42', directory: 'entra' },
    ],
    [
      'that header sent raw',
      {
        request: {
          http: {
            ...http,
            header_map: {
              headers: [{ key: 'X-Authenticated-User', raw_value: Buffer.from('42') }],
            },
          },
        },
      },
      { kind: 'id', name: '42', directory: 'entra' },
    ],
  ])('%s', async (_, attributes, subject) => {
    expect((await asked(attributes)).attempt?.subject).toEqual(subject)
  })

  test.each<[string, object]>([
    ['a principal of another prefix', { source: { principal: 'spiffe://evil.example/user/E-1' } }],
    ['the prefix alone', { source: { principal: 'spiffe://acme.example/user/' } }],
    ['a header sent twice', { headers: { 'x-authenticated-user': '42,43' } }],
    ['another header', { headers: { 'x-user': '42' } }],
    ['a claim that is no text', { metadata_context: jwt({ preferred_username: {} }) }],
    ['nothing at all', {}],
  ])('nobody with %s', async (_, { headers, ...more }: { headers?: object }) => {
    const { attempt } = await asked({ ...more, request: { http: { ...http, headers } } })

    expect(attempt?.subject.name).toBe('')
  })
})

test.each<[string, object]>([
  ['joined', { headers: { 'x-authenticated-user': '42,43' } }],
  [
    'raw',
    {
      header_map: {
        headers: ['42', '43'].map((value) => ({ key: 'x-authenticated-user', value })),
      },
    },
  ],
])('a header sent twice, %s, names nobody, whatever would be asked after it', async (_, sent) => {
  const headerFirst = { ...settings, subject: settings.subject.toReversed() }
  const request = { http: { ...http, ...sent } }
  const { attempt } = await asked({ ...connection, request }, {}, headerFirst)

  expect(attempt?.subject.name).toBe('')
})

describe('what is asked for is', () => {
  test.each([
    [
      'the application of context_extensions, and no host beside it',
      { context_extensions: { application: 'crm' }, request: { http } },
      ['crm', undefined],
    ],
    [
      'the host of a request, with the port of its scheme',
      { request: { http }, destination: socket('10.0.0.1', 10_000) },
      [undefined, { host: 'wiki.acme.example', port: 443, protocol: 'tcp' }],
    ],
    [
      'the port that the authority names',
      { request: { http: { ...http, host: 'Wiki.acme.example.:8443' } } },
      [undefined, { host: 'wiki.acme.example', port: 8443, protocol: 'tcp' }],
    ],
    [
      'SNI and port of a TLS connection',
      { ...connection, tls_session: { sni: 'db.acme.example' } },
      [undefined, { host: 'db.acme.example', port: 5432, protocol: 'tcp' }],
    ],
    [
      'address and port of a plain one',
      { ...connection, destination: socket('10.1.2.3', 53, 1) },
      [undefined, { ip: '10.1.2.3', port: 53, protocol: 'udp' }],
    ],
  ])('%s', async (_, attributes, expected) => {
    const { attempt } = await asked({ ...connection, ...attributes })

    expect([attempt?.application, attempt?.destination]).toEqual(expected)
  })

  test('with claims of the token, nested ones dotted and URLs left out', async () => {
    const { attempt } = await asked({
      request: { http },
      metadata_context: jwt({
        preferred_username: text('ann'),
        'https://acme.example/x': text('y'),
        amr: { listValue: { values: [text('otp'), text('pwd')] } },
        org: { structValue: { fields: { unit: text('it'), level: { numberValue: 3 } } } },
      }),
    })

    expect(Object.fromEntries(attempt!.claims)).toEqual({
      preferred_username: 'ann',
      amr: ['otp', 'pwd'],
      'org.unit': 'it',
      'org.level': 3,
    })
  })

  test('from where the connection comes, and what the operator adds', async () => {
    const context_extensions = { application: 'crm', action: 'read', 'context.location': 'berlin' }
    const { attempt } = await asked({ ...connection, context_extensions, request: { http } })

    expect(attempt?.action).toBe('read')
    expect(Object.fromEntries(attempt!.context)).toEqual({
      sourceIp: '10.9.8.7',
      peer: 'spiffe://acme.example/user/E-1',
      'http.method': 'GET',
      'http.path': '/a?b',
      location: 'berlin',
    })
  })
})

test('a method or path that is too long is unknown, as a whole and not from its end', async () => {
  const long = { method: 'M'.repeat(4097), path: `/${'a/../'.repeat(900)}admin` }
  const { attempt } = await asked({ ...connection, request: { http: { ...http, ...long } } })

  expect([...attempt!.context.keys()]).toEqual(['sourceIp', 'peer'])
})

describe('an answer', () => {
  test('to allow is OK, with the decision id in place of what the client sent', async () => {
    const { reply } = await asked(connection)

    expect(reply.code).toBe('OK')
    expect(reply.response.status.code).toBe(0)
    expect(reply.response.http_response).toBe('ok_response')
    const [header] = reply.response.ok_response.headers
    expect([header.header.key, header.header.value, header.append_action]).toEqual([
      'x-decision-id',
      'd-1',
      2,
    ])
    expect(reply.response.dynamic_metadata.fields).toEqual({
      effect: { kind: 'stringValue', stringValue: 'allow' },
      reason: { kind: 'stringValue', stringValue: 'RULE' },
      rule: { kind: 'stringValue', stringValue: 'finance-payroll' },
      application: { kind: 'stringValue', stringValue: 'payroll' },
      decision_id: { kind: 'stringValue', stringValue: 'd-1' },
      revision: { kind: 'stringValue', stringValue: 'r7' },
    })
  })

  test.each(reasons)('to block for %s is a denial and never reads as allow', async (reason) => {
    const { reply } = await asked(connection, { effect: 'block', reason, message: 'nö' })

    expect(reply.code).toBe('OK')
    const { status, denied_response } = reply.response
    const nobody = reason === 'SUBJECT_MISSING'
    expect([status.code, denied_response.status.code]).toEqual(nobody ? [16, 401] : [7, 403])
    expect(denied_response.body).toBe('nö')
  })

  test('to allow with an obligation is a denial, unless the route performs it', async () => {
    const obligations = [{ id: 'mfa', type: 'step-up', properties: new Map() }]

    const cannot = await asked(connection, { obligations })
    const context_extensions = { obligations: 'notification, step-up' }
    const can = await asked({ ...connection, context_extensions }, { obligations })

    expect(cannot.reply.response.status.code).toBe(7)
    expect(can.reply.response.status.code).toBe(0)
  })

  test.each<[string, object]>([
    ['names no application', { source: connection.source }],
    ['has no attributes', {}],
    ['has an impossible host', { request: { http: { ...http, host: 'a b' } } }],
    ['has an impossible port', { request: { http: { ...http, host: 'a:99999' } } }],
    ['has port 0, which is not any port', { request: { http: { ...http, host: 'a:0' } } }],
    ['has port 0 of an address', { request: { http: { ...http, host: '[::1]:0' } } }],
  ])('to a check that %s is a denial that says so', async (_, attributes) => {
    const { reply, attempt } = await asked(attributes)

    expect([reply.code, reply.response.status.code]).toEqual(['OK', 7])
    expect(reply.response.status.message).not.toBe('')
    expect(attempt).toBeUndefined()
  })

  test('to an Envoy that is nobody is a denial, not an error that it may let pass', async () => {
    const tenants = [acme, 'umbrella' as typeof acme]
    await using rig = await startRig({
      extAuthz: settings,
      connectors: new Connectors([], tenants),
    })

    const reply = await ask(rig.server.address, connection)

    expect([reply.code, reply.response.status.code]).toEqual(['OK', 7])
    expect(rig.decisions.attempts).toEqual([])
  })

  test('that a bug keeps from being made is UNAVAILABLE and leaks nothing', async () => {
    await using rig = await startRig({ extAuthz: settings })
    rig.decisions.check = () => {
      throw new Error('secret')
    }

    const reply = await ask(rig.server.address, connection)

    expect(reply.code).toBe('UNAVAILABLE')
    expect(reply.details).not.toContain('secret')
    expect(rig.errors).toHaveLength(1)
  })
})
