import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { Connectors, mintConnectorToken } from '../../src/access/connectors.ts'
import { SallyportClient } from '../../src/client/client.ts'
import { ClientOptionsError } from '../../src/client/errors.ts'
import { serveGrpc } from '../../src/grpc/grpc.ts'
import { acme, ScriptedDecisions } from '../grpc/support.ts'
import { type CertificateName, identities, makeCertificates } from '../support/certificates.ts'
import { silentObserver } from '../support/silent-observer.ts'

const ann = { user: 'ann', app: 'payroll', timeoutMs: 10_000 }
const certificates = makeCertificates()
afterAll(() => certificates[Symbol.dispose]())
const { ca } = certificates
const [berlin, munich] = [certificates.of('berlin'), certificates.of('munich')]
const minted = mintConnectorToken('berlin')
const row = {
  connector: 'berlin',
  tenant: acme,
  applications: 'all',
  context: 'all',
  claims: 'all',
  obligations: 'all',
  explain: false,
  search: false,
  identity: identities.berlin,
  tokens: [minted.row],
  enabled: true,
} as const

async function startSecured(name: CertificateName = 'server') {
  const decisions = new ScriptedDecisions()
  const { cert, key } = certificates.of(name)
  return serveGrpc({
    decisions,
    connectors: new Connectors([row], [acme]),
    extAuthz: { subject: [], payload: 'jwt_payload' },
    listen: { host: '127.0.0.1', port: 0, tls: { cert, key, clientCa: ca } },
    observer: silentObserver(),
  })
}

describe('a server that asks who calls', () => {
  test.each([
    ['a certificate', { tls: { ca, ...berlin } }],
    ['a token', { tls: { ca }, token: minted.token }],
  ])('answers a gateway with %s, by call and by stream', async (_, options) => {
    await using front = await startSecured()
    using client = new SallyportClient(front.address, options)

    for (let asked = 0; asked < 20; asked++) {
      expect(await client.check(ann)).toMatchObject({ allowed: true, reason: 'RULE' })
    }
  })

  test.each([
    ['nothing', { tls: { ca } }, 'WIRE_UNAUTHENTICATED'],
    ['the certificate of nobody known', { tls: { ca, ...munich } }, 'WIRE_UNAUTHENTICATED'],
    ['a token of nobody', { tls: { ca }, token: `${minted.token}x` }, 'WIRE_UNAUTHENTICATED'],
    [
      'another CA for the server',
      { tls: { ca: certificates.of('selfSigned').cert } },
      'WIRE_UNAVAILABLE',
    ],
    ['plain text', {}, 'WIRE_UNAVAILABLE'],
  ])('is a block to a gateway with %s', async (_, options, reason) => {
    await using front = await startSecured()
    using client = new SallyportClient(front.address, options)

    expect(await client.check(ann)).toMatchObject({ allowed: false, reason })
  })
})

test('a server is known by its name or its address, whichever it is called by', async () => {
  await using front = await startSecured()
  await using other = await startSecured('elsewhere')
  const options = { tls: { ca, ...berlin } }
  const ask = async (address: string) => {
    using client = new SallyportClient(address, options)
    return (await client.check(ann)).reason
  }

  expect(await ask(front.address.replace('127.0.0.1', 'localhost'))).toBe('RULE')
  expect(await ask(front.address)).toBe('RULE')
  expect(await ask(other.address)).toBe('WIRE_UNAVAILABLE')
})

test('what is plain text is not taken to a proxy that the environment names', async () => {
  const connections: Socket[] = []
  const proxy = createServer((socket) => void connections.push(socket.resume()))
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const { port } = proxy.address() as AddressInfo
  vi.stubEnv('http_proxy', `http://127.0.0.1:${port}`)
  vi.stubEnv('no_proxy', '')
  using client = new SallyportClient('127.0.0.1:9', { token: 'slp_gw_1' })

  const { reason } = await client.check({ ...ann, timeoutMs: 2_000 })
  vi.unstubAllEnvs()
  for (const socket of connections) socket.destroy()
  proxy.close()

  expect([reason, connections.length]).toEqual(['WIRE_UNAVAILABLE', 0])
})

describe('a client cannot be made', () => {
  const token = 'slp_gw_1'
  test.each([
    ['that would show its token on the way', 'pdp.acme.example:7071', { token }],
    ['that would show it to whoever answers for a name', 'dns:///pdp.example:7071', { token }],
    ['with a token that holds a line break', '127.0.0.1:7071', { token: 'a\nb' }],
    ['with an empty token', '127.0.0.1:7071', { token: '' }],
    ['with a certificate and no key', 'pdp.acme.example:7071', { tls: { cert: 'x' } }],
    ['with what is no PEM', 'pdp.acme.example:7071', { tls: { cert: 'x', key: 'y' } }],
    ['that waits for ever', '127.0.0.1:7071', { timeoutMs: Number.POSITIVE_INFINITY }],
    ['that keeps half an answer', '127.0.0.1:7071', { cacheEntriesMax: 0.5 }],
    ['that keeps more than there is room for', '127.0.0.1:7071', { cacheEntriesMax: 2 ** 32 }],
    ['without an address', '', {}],
    ['without a host', ':7071', {}],
    ['without a port', 'pdp.acme.example', {}],
    ['with a URL', 'http://pdp.acme.example:7071', {}],
  ])('%s', (_, address, options) => {
    expect(() => new SallyportClient(address, options)).toThrow(ClientOptionsError)
  })

  test.each(['127.0.0.1:7071', 'localhost:7071', '[::1]:7071'])(
    'but for a token in plain text to %s it can',
    (address) => {
      using client = new SallyportClient(address, { token })
      expect(client).toBeInstanceOf(SallyportClient)
    },
  )
})
