import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mintConnectorToken } from '../../src/access/connectors.ts'
import { type Clock, systemClock } from '../../src/std/clock.ts'
import { userBody } from '../scim-http/scim-fixture.ts'
import { type CertificateName, identities, makeCertificates } from '../support/certificates.ts'
import { type Door, openDoor } from '../support/door.ts'
import { type Answered, endOf, Gateway } from '../support/gateway.ts'

/** Two tenants, and connectors that prove who they are in every way, over real TLS. */
const policy = `
version: 1
applications:
  wiki: { hosts: [wiki.acme.example] }
  payroll: { hosts: [payroll.acme.example] }
  lab: { hosts: [lab.acme.example] }
  vault: { hosts: [vault.acme.example] }
rules:
  - { id: everybody, effect: allow, apps: { names: [wiki, payroll] }, who: { directories: [entra] } }
  - id: from-germany
    effect: allow
    apps: { names: [lab] }
    who: { directories: [entra] }
    when: { context.country: { eq: DE }, claims.level: { eq: high } }
  - id: with-care
    effect: allow
    apps: { names: [vault] }
    who: { directories: [entra] }
    obligations: [{ id: tell, type: custom }]
`
const otherPolicy = policy.replaceAll('acme', 'umbrella').replaceAll('entra', 'okta')
const tokens = { laptop: mintConnectorToken('laptop'), spare: mintConnectorToken('spare') }

const certificates = makeCertificates()
const { certFile, keyFile } = certificates.of('server')
let [looks, door] = [0, undefined as unknown as Door]
/** Counts how often the config file is looked at. */
const clock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => {
    if (ms === lookMs) looks++
    return systemClock.sleep(ms, signal)
  },
}
const lookMs = 250

beforeAll(async () => {
  door = await openDoor({
    policy,
    files: { 'other.yaml': otherPolicy },
    grpc: `{ address: "127.0.0.1:0", tls: { cert: "${certFile}", key: "${keyFile}", clientCa: "${certificates.caFile}" } }`,
    more: [
      '  umbrella:',
      '    policy: other.yaml',
      '    directories: { okta: { domains: [umbrella.example], default: true } }',
      'connectors:',
      `  berlin: { identity: "${identities.berlin}", tenant: acme, state: enabled, explain: true, obligations: [custom] }`,
      `  off: { identity: "${identities.comma}", tenant: acme, state: disabled }`,
      `  munich: { identity: "${identities.munich}", tenant: umbrella }`,
      `  laptop: { tokens: ["${tokens.laptop.row}"], tenant: acme, applications: [wiki, lab], context: [country], claims: [level] }`,
      `  spare: { tokens: ["${tokens.spare.row}"], tenant: acme, context: [city] }`,
    ].join('\n'),
    seams: { clock },
  })
  const named = { user: 'ann@acme.example', other: 'uma@umbrella.example' }
  expect((await door.scim('POST', '/Users', userBody(named.user))).status).toBe(201)
  const inOkta = { directory: 'okta' }
  expect((await door.scim('POST', '/Users', userBody(named.other), inOkta)).status).toBe(201)
})
afterAll(async () => {
  await door[Symbol.asyncDispose]()
  certificates[Symbol.dispose]()
})

function gateway(name: CertificateName | undefined, ...authorizations: readonly string[]): Gateway {
  const pair = name === undefined ? undefined : certificates.of(name)
  return new Gateway({
    address: door.app.addresses.grpc!,
    ca: certificates.ca,
    pair,
    authorizations,
  })
}
const bearer = ({ token }: { readonly token: string }) => `Bearer ${token}`

const askWiki = { subject: { user_name: 'ann@acme.example' }, application: 'wiki' }
const batchOf = (...requests: readonly object[]) => ({ requests })
const askAsEnvoy = {
  attributes: {
    context_extensions: { application: 'wiki' },
    metadata_context: {
      filter_metadata: {
        'envoy.filters.http.jwt_authn': {
          fields: {
            jwt_payload: { structValue: { fields: { sub: { stringValue: 'ann@acme.example' } } } },
          },
        },
      },
    },
  },
}

/** What one gateway is told by every way of asking there is. */
async function everyWay(by: Gateway): Promise<readonly string[]> {
  const answers = [
    await by.ask('Check', askWiki),
    await by.ask('CheckBatch', batchOf(askWiki)),
    await by.askByStream(batchOf(askWiki)),
    await by.ask('Explain', askWiki),
  ]
  const envoy = await by.askAsEnvoy(askAsEnvoy)
  return [...answers.map(({ code }) => code), envoyTold(envoy)]
}
const envoyTold = ({ code, response }: Answered) =>
  response === undefined ? code : `Envoy ${response.status.code ?? 0}`

/** How many decisions the server has made. */
async function decided(): Promise<number> {
  return metric(/^sallyport_decisions_total\{/)
}
async function metric(name: RegExp): Promise<number> {
  const lines = (await door.app.metrics.text()).split('\n').filter((line) => name.test(line))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

describe('a connector', () => {
  test.each(['berlin', 'berlinWithDns'] as const)(
    'with the certificate %s is answered',
    async (name) => {
      using by = gateway(name)
      expect(await everyWay(by)).toEqual(['OK', 'OK', 'OK', 'OK', 'Envoy 0'])
      expect((await by.ask('Check', askWiki)).response.decision.effect).toBe('ALLOW')
    },
  )

  const refusals: readonly [CertificateName | undefined, string, number][] = [
    [undefined, 'UNAUTHENTICATED', 7],
    ['commonName', 'UNAUTHENTICATED', 7],
    ['dnsOnly', 'UNAUTHENTICATED', 7],
    ['dnsDisguised', 'UNAUTHENTICATED', 7],
    ['otherNameDisguised', 'UNAUTHENTICATED', 7],
    ['mailDisguised', 'UNAUTHENTICATED', 7],
    ['twoUris', 'UNAUTHENTICATED', 7],
    ['quote', 'UNAUTHENTICATED', 7],
    ['comma', 'PERMISSION_DENIED', 7],
  ]
  test.each(refusals)('with the certificate %s is %s before policy', async (name, code, envoy) => {
    using by = gateway(name)
    const before = await decided()
    expect(await everyWay(by)).toEqual([code, code, code, code, `Envoy ${envoy}`])
    expect(await decided()).toBe(before)
  })

  test.each(['selfSigned', 'otherCa', 'expired', 'notYetValid'] as const)(
    'with the certificate %s gets no connection',
    async (name) => {
      using by = gateway(name)
      const refused = /^sallyport_connections_refused_total\{.*why="certificate"/
      const [before, was] = [await decided(), await metric(refused)]
      expect((await by.ask('Check', askWiki)).code).toBe('UNAVAILABLE')
      expect((await by.askAsEnvoy(askAsEnvoy)).code).toBe('UNAVAILABLE')
      expect(await decided()).toBe(before)
      expect(await metric(refused)).toBeGreaterThan(was)
    },
  )

  test('with a token needs no certificate', async () => {
    using by = gateway(undefined, bearer(tokens.laptop))
    expect((await by.ask('Check', askWiki)).response.decision.effect).toBe('ALLOW')
  })

  test.each([
    ['a token of another row beside its certificate', 'berlin', [bearer(tokens.laptop)]],
    ['a token that is cut', undefined, [bearer(tokens.laptop).slice(0, -1)]],
    ['a password', 'berlin', ['Basic YWxhZGRpbjpvcGVuc2VzYW1l']],
  ] as const)('with %s is UNAUTHENTICATED before policy', async (_, name, authorizations) => {
    using by = gateway(name, ...authorizations)
    const before = await decided()
    const code = 'UNAUTHENTICATED'
    expect(await everyWay(by)).toEqual([code, code, code, code, 'Envoy 7'])
    expect(await decided()).toBe(before)
  })

  test('of another tenant sees the users and the rules of its own alone', async () => {
    using by = gateway('munich')
    const decision = async (user: string, application: string) =>
      (await by.ask('Check', { subject: { user_name: user }, application })).response.decision
    expect(await decision('uma@umbrella.example', 'wiki')).toMatchObject({ effect: 'ALLOW' })
    const stranger = await decision('ann@acme.example', 'wiki')
    expect(stranger).toMatchObject({ effect: 'BLOCK', reason: 'USER_UNKNOWN' })
    const named = { user_name: 'ann@acme.example', directory: 'entra' }
    const byName = await by.ask('Check', { subject: named, application: 'wiki' })
    expect(byName.response.decision.reason).toBe('DIRECTORY_UNKNOWN')
  })
})

describe('a row', () => {
  test('that lists applications refuses others by name and by destination, batched too', async () => {
    using by = gateway(undefined, bearer(tokens.laptop))
    const { subject } = askWiki
    const byName = { subject, application: 'payroll' }
    const byHost = { subject, destination: { host: 'payroll.acme.example', port: 443 } }
    const unknown = { subject, application: 'nowhere' }
    const before = await decided()

    const codes = await Promise.all(
      [byName, byHost, unknown].map(async (request) => (await by.ask('Check', request)).code),
    )
    const batch = await by.ask('CheckBatch', batchOf(byName, askWiki, byHost))
    const streamed = await by.askByStream(batchOf(byName, byHost))
    const extensions = { application: 'payroll' }
    const attributes = { ...askAsEnvoy.attributes, context_extensions: extensions }
    const envoy = await by.askAsEnvoy({ attributes })

    expect(codes).toEqual(['PERMISSION_DENIED', 'PERMISSION_DENIED', 'PERMISSION_DENIED'])
    const outcomes = (answered: Answered) =>
      answered.response.results.map(
        // biome-ignore lint/suspicious/noExplicitAny: what arrived.
        ({ decision, error }: any) => decision?.effect ?? error.code,
      )
    expect([outcomes(batch), outcomes(streamed)]).toEqual([
      [7, 'ALLOW', 7],
      [7, 7],
    ])
    expect(envoyTold(envoy)).toBe('Envoy 7')
    expect(await decided()).toBe(before + 1)
  })

  test('that lists keys of claims and context is believed in those, and in no other', async () => {
    const lab = {
      ...askWiki,
      application: 'lab',
      context: { country: { string: 'DE' } },
      claims: { level: { string: 'high' } },
    }
    const told = async (authorization: string) => {
      using by = gateway(undefined, authorization)
      return (await by.ask('Check', lab)).response.decision
    }
    expect(await told(bearer(tokens.laptop))).toMatchObject({ effect: 'ALLOW' })
    expect(await told(bearer(tokens.spare))).toMatchObject({ effect: 'BLOCK', reason: 'NO_RULE' })
  })

  test('that lacks an obligation makes a block of an allow with it, whatever a route says', async () => {
    const told = async (by: Gateway, obligations: string) => {
      const context_extensions = { application: 'vault', obligations }
      const attributes = { ...askAsEnvoy.attributes, context_extensions }
      return envoyTold(await by.askAsEnvoy({ attributes }))
    }
    using performs = gateway('berlin')
    using cannot = gateway(undefined, bearer(tokens.spare))
    const { response } = await cannot.ask('Check', { ...askWiki, application: 'vault' })
    expect(response.decision.effect).toBe('BLOCK')
    expect(await told(cannot, 'custom')).toBe('Envoy 7')
    expect(await told(performs, 'custom')).toBe('Envoy 0')
    expect(await told(performs, '')).toBe('Envoy 7')
  })

  test('without `explain` may not ask why', async () => {
    using by = gateway(undefined, bearer(tokens.laptop))
    expect((await by.ask('Explain', askWiki)).code).toBe('PERMISSION_DENIED')
  })
})

describe('a config file that changes', () => {
  let pristine = ''
  beforeAll(() => {
    pristine = readFileSync(door.config.file, 'utf8')
  })
  const edit = (from: string, to: string) => {
    expect(pristine).toContain(from)
    writeFileSync(door.config.file, pristine.replace(from, to))
  }
  const restore = () => writeFileSync(door.config.file, pristine)
  const reloads = (value: 0 | 1) => until(async () => (await reloadOk()) === value)
  const reloadOk = () => metric(/^sallyport_connectors_reload_ok /)

  test('ends what a connector that it disables has open, and leaves the others alone', async () => {
    using berlin = gateway('berlin')
    using munich = gateway('munich')
    const [stream, idle, others] = [berlin, berlin, munich].map((by) => by.openStream())
    await Promise.all([stream, idle, others].map((open) => once(open!, 'metadata')))
    stream!.write(batchOf(askWiki))
    await once(stream!, 'data')
    const ended = [stream!, idle!].map(endOf)
    looks = 0

    edit('state: enabled', 'state: disabled')

    expect(await Promise.all(ended)).toEqual(['UNAVAILABLE', 'UNAVAILABLE'])
    // Within a second, whatever else this machine does meanwhile.
    expect(looks * lookMs).toBeLessThanOrEqual(1000)
    expect(await everyWay(berlin)).toEqual([...Array(4).fill('PERMISSION_DENIED'), 'Envoy 7'])
    others!.write(batchOf({ subject: { user_name: 'uma@umbrella.example' }, application: 'wiki' }))
    const [answer] = await once(others!, 'data')
    expect(answer.results[0].decision.effect).toBe('ALLOW')

    restore()
    await until(async () => (await berlin.ask('Check', askWiki)).code === 'OK')
  })

  test('ends the connection of who called with a token of a row that is gone', async () => {
    using by = gateway(undefined, bearer(tokens.spare))
    const stream = by.openStream()
    await once(stream, 'metadata')
    stream.write(batchOf(askWiki))
    await once(stream, 'data')
    const ended = endOf(stream)

    edit('  spare: {', '  gone: { state: disabled,')

    expect(await ended).toBe('UNAVAILABLE')
    expect((await by.ask('Check', askWiki)).code).toBe('PERMISSION_DENIED')
    restore()
    await until(async () => (await by.ask('Check', askWiki)).code === 'OK')
  })

  test.each([
    ['is no YAML', 'connectors:', 'connectors: [', 'sallyport.yaml'],
    [
      'has a row that cannot prove who it is',
      `identity: "${identities.berlin}", `,
      '',
      '`berlin` cannot prove who it is',
    ],
    [
      'has a tenant that is none',
      'tenant: acme, state',
      'tenant: new, state',
      '`new` is no tenant',
    ],
    [
      'has a connector of a tenant that was not there at the start',
      'connectors:',
      '  new: { directories: { new: {} } }\nconnectors:\n  nia: { identity: "a:b", tenant: new }',
      '`nia` has a new tenant',
    ],
    [
      'gives one token to two',
      `tokens: ["${tokens.spare.row}"]`,
      `tokens: ["${tokens.laptop.row}"]`,
      'is one of `laptop` already',
    ],
  ])('and %s changes nothing, and is told', async (_, from, to, fault) => {
    using berlin = gateway('berlin')
    const stream = berlin.openStream()
    await once(stream, 'metadata')
    edit(from, to)
    await reloads(0)

    const { ready, reasons } = await door.app.readiness()

    expect(reasons.find((reason) => reason.startsWith('config file refused: '))).toContain(fault)
    expect(ready).toBe(true)
    expect((await berlin.ask('Check', askWiki)).code).toBe('OK')
    stream.write(batchOf(askWiki))
    await once(stream, 'data')
    stream.cancel()
    restore()
    await reloads(1)
    expect((await door.app.readiness()).reasons).toEqual([])
  })
})

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await systemClock.sleep(20)
}
