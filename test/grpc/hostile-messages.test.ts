import { deflateSync, gzipSync } from 'node:zlib'
import type { MethodDefinition } from '@grpc/grpc-js'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localCaller } from '../../src/access/caller.ts'
import { Connectors, mintConnectorToken } from '../../src/access/connectors.ts'
import { extAuthzServiceDefinition } from '../../src/grpc/envoy-messages.ts'
import {
  callHeaders,
  dataFrames,
  frameType,
  headerFrames,
  message,
  messageOf,
  Wire,
} from '../support/http2-frames.ts'
import { randomSource } from '../support/random-source.ts'
import { RawCalls, type RawReply } from '../support/raw-calls.ts'
import { silentObserver } from '../support/silent-observer.ts'
import { acme, askPayroll, decisionMethods, type Rig, startRig } from './support.ts'

/** Well-formed HTTP/2 that says odd things, on every method that decides. */
let [rig, raw] = [undefined as unknown as Rig, undefined as unknown as RawCalls]
beforeAll(async () => {
  rig = await startRig()
  raw = new RawCalls(rig.server.address)
})
afterAll(async () => {
  await raw[Symbol.asyncDispose]()
  await rig[Symbol.asyncDispose]()
})

const OK = 0
const INVALID_ARGUMENT = 3
const DEADLINE_EXCEEDED = 4
const RESOURCE_EXHAUSTED = 8
const UNIMPLEMENTED = 12
const INTERNAL = 13

const envoyMethod = extAuthzServiceDefinition.Check as MethodDefinition<object, object>
const askAsEnvoy = { attributes: { context_extensions: { application: 'payroll' } } }
const batch = { requests: [askPayroll] }
const methods = [
  ['Check', decisionMethods.Check!, askPayroll],
  ['CheckBatch', decisionMethods.CheckBatch!, batch],
  ['CheckStream', decisionMethods.CheckStream!, batch],
  ['Explain', decisionMethods.Explain!, askPayroll],
  ['Envoy', envoyMethod, askAsEnvoy],
] as const
type Name = (typeof methods)[number][0]

function send(name: Name, request: object, headers = {}): Promise<RawReply> {
  const [, { path, requestSerialize }] = methods.find(([known]) => known === name)!
  return raw.call(path, messageOf(requestSerialize(request)), headers)
}

/** How Envoy understands an answer: 0 is allow. */
function envoyCode({ body }: RawReply): number {
  const { status } = envoyMethod.responseDeserialize(body.subarray(5)) as {
    status: { code?: number }
  }
  return status.code ?? 0
}

describe.each(methods)('%s', (name, method, request) => {
  const bytes = messageOf(method.requestSerialize(request))

  test.each([undefined, '5S', '1H', '99999999H', '300000m'])(
    'waits for a deadline of %s',
    async (t) => {
      const headers = t === undefined ? {} : { 'grpc-timeout': t }
      expect((await raw.call(method.path, bytes, headers)).status).toBe(OK)
    },
  )

  test.each(['0n', '1n', '2160000S', '1000000000000000000000S'])(
    'decides nothing with a deadline of %s, which has passed or is read as such',
    async (timeout) => {
      rig.decisions.attempts.length = 0
      const reply = await raw.call(method.path, bytes, { 'grpc-timeout': timeout })
      // Envoy is told a denial, lest its failure mode lets somebody in.
      if (name === 'Envoy' && reply.status === OK) expect(envoyCode(reply)).toBe(7)
      else expect(reply.status).toBe(DEADLINE_EXCEEDED)
      expect(rig.decisions.attempts).toEqual([])
    },
  )

  test.each(['abc', '', 'S', '1', '1d'])(
    'answers nothing with the deadline %j',
    async (timeout) => {
      const reply = await raw.call(method.path, bytes, { 'grpc-timeout': timeout })
      expect([reply.status, reply.body.length]).toEqual([INTERNAL, 0])
    },
  )

  test('refuses a message above 512 KiB, said or sent', async () => {
    const said = await raw.call(method.path, message(0xffff_ffff))
    const sent = await raw.call(method.path, messageOf(Buffer.alloc(512 * 1024 + 1)))
    const fits = await raw.call(method.path, messageOf(Buffer.alloc(512 * 1024)))
    expect([said.status, sent.status]).toEqual([RESOURCE_EXHAUSTED, RESOURCE_EXHAUSTED])
    expect(fits.status).not.toBe(RESOURCE_EXHAUSTED)
  })

  test.each(['gzip', 'deflate'])('refuses a message that is packed by %s', async (encoding) => {
    rig.decisions.attempts.length = 0
    const headers = { 'grpc-encoding': encoding }
    const packed = (encoding === 'gzip' ? gzipSync : deflateSync)(bytes.subarray(5))
    const one = message(packed.length, 1, packed)
    const refused = await raw.call(method.path, Buffer.concat([one, one]), headers)
    expect([refused.status, rig.decisions.attempts]).toEqual([UNIMPLEMENTED, []])
    expect(refused.text).toContain(`"${encoding} (not accepted)"`)
    // Who could pack messages, and has not, is answered.
    expect((await raw.call(method.path, bytes, headers)).status).toBe(OK)
  })

  test('tells nothing of itself when it cannot read a message', async () => {
    const { status, text } = await raw.call(method.path, message(4, 0, Buffer.alloc(4, 0xff)))
    expect([status, text]).toEqual([INTERNAL, 'Error deserializing request'])
  })

  test('meets no bug in 300 messages changed at random', async () => {
    const random = randomSource(20_261_126)
    const good = Buffer.from(method.requestSerialize(request))
    const replies = Array.from({ length: 300 }, () => {
      const changed = Buffer.concat([good, good.subarray(random.below(good.length))])
      for (let count = random.below(4); count >= 0; count--) {
        changed[random.below(changed.length)] = random.below(256)
      }
      const end = random.below(2) === 0 ? changed.length : good.length
      return raw.call(method.path, messageOf(changed.subarray(0, end)))
    })
    for (const { status, text } of await Promise.all(replies)) {
      expect(status).toBeOneOf([OK, INVALID_ARGUMENT, INTERNAL])
      if (status === INTERNAL) expect(text).toBe('Error deserializing request')
    }
    expect(rig.errors).toEqual([])
  })
})

describe.each(['CheckBatch', 'CheckStream'] as const)('%s', (name) => {
  test.each([
    [0, INVALID_ARGUMENT],
    [1, OK],
    [256, OK],
    [257, INVALID_ARGUMENT],
    [5000, INVALID_ARGUMENT],
  ])('of %d attempts is status %d, and a refused one decides nothing', async (count, status) => {
    rig.decisions.attempts.length = 0
    const requests = Array(count).fill({ subject: { id: 'a' }, application: 'b' })
    expect((await send(name, { requests })).status).toBe(status)
    expect(rig.decisions.attempts).toHaveLength(status === OK ? count : 0)
  })
})

test('CheckStream decides nothing more once it has refused a message', async () => {
  rig.decisions.attempts.length = 0
  const { path, requestSerialize } = decisionMethods.CheckStream!
  const none = messageOf(requestSerialize({ requests: [] }))
  const some = messageOf(requestSerialize(batch))
  const reply = await raw.call(path, Buffer.concat([some, none, some, some]))
  expect(reply.status).toBe(INVALID_ARGUMENT)
  expect(rig.decisions.attempts).toHaveLength(1)
})

test.each(['Check', 'CheckBatch', 'Explain', 'Envoy'] as const)(
  '%s of no message, or of two, is refused and decides nothing',
  async (name) => {
    rig.decisions.attempts.length = 0
    const [, { path, requestSerialize }, request] = methods.find(([known]) => known === name)!
    const one = messageOf(requestSerialize(request))
    for (const body of [Buffer.alloc(0), one.subarray(0, -1), Buffer.concat([one, one])]) {
      expect((await raw.call(path, body)).status).toBe(UNIMPLEMENTED)
    }
    expect(rig.decisions.attempts).toEqual([])
  },
)

test.each([
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
  '/grpc.channelz.v1.Channelz/GetServers',
  '/sallyport.v1.DecisionService/check',
  '/sallyport.v1.DecisionService/__proto__',
  '/sallyport.v1.DecisionService',
  '/envoy.service.auth.v2.Authorization/Check',
  '/toString',
])('%s is as unknown as anything', async (path) => {
  expect((await raw.call(path, message(0))).status).toBe(UNIMPLEMENTED)
})

describe('a host', () => {
  const hosts = fc.constantFrom(
    ...['payroll.acme.example', 'xn--bcher-kva.example', '10.1.2.3', '[2001:db8::1]', '_a.example'],
  )
  const spellings = (host: string) =>
    fc.constantFrom(
      ...[host, host.toUpperCase(), `${host}.`].filter((text) => !/\]\.$|\d\.$/.test(text)),
      ...(host.startsWith('xn--')
        ? ['bücher.example', 'BÜCHER.example', 'bu\u0308cher.example']
        : []),
      ...(host === '10.1.2.3' ? ['１０.1.2.3', '::ffff:10.1.2.3', '[::ffff:a01:203]'] : []),
      ...(host.startsWith('[') ? ['2001:DB8:0::1', '[2001:db8::1%25eth0]'] : []),
    )

  test('in any spelling is one destination, on every wire', async () => {
    const spelt = hosts.chain((host) => fc.tuple(fc.constant(host), spellings(host)))
    await fc.assert(
      fc.asyncProperty(spelt, async ([host, text]) => {
        rig.decisions.attempts.length = 0
        const ask = { ...askPayroll, application: '', destination: { host: text, port: 443 } }
        const canonical = { ...ask, destination: { host, port: 443 } }
        const bracketed = text.includes(':') && !text.startsWith('[') ? `[${text}]` : text
        const http = { host: `${bracketed}:443`, scheme: 'https' }

        await send('Check', canonical)
        await send('Check', ask)
        await send('CheckBatch', { requests: [ask] })
        await send('CheckStream', { requests: [ask] })
        await send('Explain', ask)
        await send('Envoy', { attributes: { request: { http } } })

        const [first, ...others] = rig.decisions.attempts.map(({ destination }) => destination)
        expect(others).toHaveLength(5)
        for (const other of others)
          expect({ protocol: 'tcp', ...other }).toEqual({ protocol: 'tcp', ...first })
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    ['with a space', 'pay roll.example'],
    ['with a path', 'payroll.example/x'],
    ['after a user', 'payroll.example@evil.example'],
    ['with NUL', 'payroll.example\0.evil.example'],
    ['with a wide slash', 'payroll．example／x'],
    ['of octal', '010.1.2.3'],
    ['of hexadecimal', '0x7f.1'],
    ['of three numbers', '1.2.3'],
    ['with an empty label', 'a..b'],
    ['with a star', '*.acme.example'],
    ['too long', 'x'.repeat(254)],
    ['of 400 KB', 'é'.repeat(200_000)],
  ])('%s is refused by every wire', async (_, host) => {
    rig.decisions.attempts.length = 0
    const ask = { ...askPayroll, destination: { host } }
    const envoy = await send('Envoy', { attributes: { request: { http: { host } } } })

    expect((await send('Check', ask)).status).toBe(INVALID_ARGUMENT)
    expect((await send('Explain', ask)).status).toBe(INVALID_ARGUMENT)
    expect([(await send('CheckBatch', { requests: [ask] })).status, envoyCode(envoy)]).toEqual([
      0, 7,
    ])
    expect(rig.decisions.attempts).toEqual([])
  })
})

describe('a name of a subject', () => {
  test.each([
    ['that is empty', ''],
    ['of 1,025 characters', 'a'.repeat(1025)],
    ['of 400 KB', 'é'.repeat(200_000)],
  ])('%s is refused', async (_, user_name) => {
    const { status } = await send('Check', { subject: { user_name }, application: 'a' })
    expect(status).toBe(INVALID_ARGUMENT)
  })

  test('that is no UTF-8 is nobody', async () => {
    rig.decisions.attempts.length = 0
    const { path, requestSerialize } = decisionMethods.Check!
    const bytes = Buffer.from(requestSerialize({ subject: { user_name: 'XXX' }, application: 'a' }))
    bytes.set([0xc3, 0x28, 0xff], bytes.indexOf('XXX'))
    await raw.call(path, messageOf(bytes))
    const names = rig.decisions.attempts.map(({ subject }) => subject.name)
    expect(names.filter((name) => !name.includes('\ufffd'))).toEqual([])
  })
})

test('Envoy that describes everything oddly is answered with a denial or refused', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('', '__proto__', 'constructor', 'a\0b', '%', '::1%lo', ':443', '[', '[]:99999'),
  )
  const leaf = fc.oneof(
    fc.record({ stringValue: text }),
    fc.record({ numberValue: fc.double() }),
    fc.record({ boolValue: fc.boolean() }),
    fc.constant({}),
    fc.record({ listValue: fc.record({ values: fc.array(fc.record({ stringValue: text })) }) }),
  )
  const struct = fc.record({ fields: fc.dictionary(text, leaf, { maxKeys: 4 }) })
  const socket_address = fc.record({ address: text, port_value: fc.nat() }, { requiredKeys: [] })
  const peer = fc.record(
    { address: fc.record({ socket_address }), principal: text },
    { requiredKeys: [] },
  )
  const jwt = fc.record({ 'envoy.filters.http.jwt_authn': struct })
  const http = fc.record(
    { host: text, path: text, method: text, scheme: text, headers: fc.dictionary(text, text) },
    { requiredKeys: [] },
  )
  const attributes = fc.record(
    {
      source: peer,
      destination: peer,
      request: fc.record({ http }),
      tls_session: fc.record({ sni: text }),
      context_extensions: fc.dictionary(text, text, { maxKeys: 4 }),
      metadata_context: fc.record({ filter_metadata: jwt }),
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(attributes, async (sent) => {
      const { status } = await send('Envoy', { attributes: sent })
      expect(status).toBe(OK)
    }),
    { numRuns: 300 },
  )
  expect(rig.errors).toEqual([])
})

test.each([
  ['10,000 lists deep', 10_000],
  ['90 deep', 90],
])('a JWT claim %s harms nobody', async (_, depth) => {
  let value: Buffer = Buffer.from([0x20, 1])
  // listValue (6) of values (1), and the claim `x` of a payload with them.
  for (let level = 0; level < depth; level++) value = field(6, field(1, value))
  const entry = (key: string, bytes: Buffer) =>
    field(1, Buffer.concat([field(1, Buffer.from(key)), field(2, bytes)]))
  const payload = entry('jwt_payload', field(5, entry('x', value)))
  const metadata = entry('envoy.filters.http.jwt_authn', payload)
  const attributes = field(1, field(11, metadata))
  const { status } = await raw.call(envoyMethod.path, messageOf(attributes))
  expect(status).toBeOneOf([OK, INTERNAL])
  expect((await send('Check', askPayroll)).status).toBe(OK)
  expect(rig.errors).toEqual([])
})

/** A field with bytes in it, as protobuf writes one. */
function field(number: number, bytes: Buffer): Buffer {
  const length: number[] = []
  let rest = bytes.length
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128)
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length, rest]), bytes])
}

describe('two `authorization` in one call', () => {
  const { token, row } = mintConnectorToken('berlin')
  const rows = [
    {
      ...localCaller(acme),
      connector: 'berlin',
      identity: undefined,
      tokens: [row],
      enabled: true,
    },
  ]
  const [good, bad] = [`Bearer ${token}`, 'Bearer of nothing']
  // Node keeps the first of a header that may stand once, so nobody reads the second.
  test.each([
    [good, bad, 1],
    [bad, good, 0],
  ])('are not two chances: the first counts (%#)', async (first, second, decided) => {
    const refused: string[] = []
    const observer = {
      ...silentObserver(),
      callRefused: ({ why }: { readonly why: string }) => void refused.push(why),
    }
    await using own = await startRig({ connectors: new Connectors(rows, [acme]), observer })
    using wire = new Wire(Number(own.server.address.split(':')[1]))
    const headers = [...callHeaders(), ['authorization', first], ['authorization', second]] as const
    const { requestSerialize } = decisionMethods.Check!

    wire.send(headerFrames(headers), dataFrames(messageOf(requestSerialize(askPayroll))))
    await wire.first(frameType.headers, frameType.reset)

    expect([own.decisions.attempts.length, refused.length]).toEqual([decided, 1 - decided])
  })
})
