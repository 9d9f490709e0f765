import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { connect as connectPlainly } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { type ConnectorRow, Connectors, mintConnectorToken } from '../../src/access/connectors.ts'
import { acme, allowed, annReadsPayroll, payroll, post, send, startRig } from './support.ts'

const row: ConnectorRow = {
  connector: 'crm-gateway',
  tenant: acme,
  identity: undefined,
  tokens: [],
  applications: 'all',
  context: 'all',
  claims: 'all',
  obligations: 'all',
  explain: false,
  search: false,
  enabled: true,
}

/** A rig with one connector, and the headers with its token. */
async function startWith(more: Partial<ConnectorRow> = {}) {
  const { token, row: kept } = mintConnectorToken('crm-gateway')
  const connectors = new Connectors([{ ...row, tokens: [kept], ...more }], [acme])
  const rig = await startRig({ connectors })
  const authorization = `Bearer ${token}`
  const ask = (body: unknown = annReadsPayroll, headers = {}) =>
    rig.post('evaluation', body, { authorization, ...headers })
  /** Who has called over a connection that is open. */
  const heard = () => {
    const all: string[] = []
    rig.server.endConnections(({ callers }) => {
      all.push(...callers)
      return false
    })
    return all
  }
  return { ...rig, connectors, kept, authorization, ask, heard }
}

describe('a caller', () => {
  test('over loopback needs no credentials where there is one tenant', async () => {
    await using rig = await startRig()
    await rig.post('evaluation', annReadsPayroll)
    expect(rig.decisions.attempts[0]?.tenant).toBe(acme)
    expect(rig.decided).toMatchObject([{ connector: '' }])
  })

  test('over loopback belongs to nobody where there are several', async () => {
    const other = 'other' as typeof acme
    await using rig = await startRig({ connectors: new Connectors([], [acme, other]) })
    const { status, headers, text } = await rig.post('evaluation', annReadsPayroll)
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer'])
    expect(text).toContain('several tenants')
    expect([rig.decisions.attempts, rig.refused]).toEqual([[], [expect.anything()]])
  })

  test('with a token is the connector that has it', async () => {
    await using rig = await startWith()
    expect((await rig.ask()).json.decision).toBe(true)
    expect(rig.decided).toMatchObject([{ connector: 'crm-gateway', tenant: acme }])
  })

  test.each([
    ['no bearer token', 'Basic YTpi'],
    ['a token of nobody', `Bearer ${mintConnectorToken('crm-gateway').token}`],
    ['a token twice', ['Bearer a', 'Bearer b']],
  ])('with %s is refused, whatever the URL, and keeps nothing of it', async (_, authorization) => {
    await using rig = await startWith()
    const headers = { authorization, 'x-request-id': 'r-1' }
    for (const path of ['/access/v1/evaluation', '/access/v1/search/subject', '/nowhere', '/%ff']) {
      const reply = await post(rig.server.url + path, annReadsPayroll, headers)
      expect([path, reply.status, reply.headers['www-authenticate']]).toEqual([path, 401, 'Bearer'])
      expect([reply.headers['x-request-id'], reply.headers.connection]).toEqual(['r-1', 'close'])
      expect(reply.text).not.toContain(String(authorization).slice(-10))
    }
    expect(rig.decisions.attempts).toEqual([])
  })

  test('reads the metadata without being known', async () => {
    await using rig = await startRig({ connectors: new Connectors([], []) })
    const path = '/.well-known/authzen-configuration'
    expect((await send('GET', rig.server.url + path)).status).toBe(200)
    expect((await send('POST', rig.server.url + path)).status).toBe(401)
  })

  test('that is switched off is told so, on an open connection too', async () => {
    await using rig = await startWith()
    const agent = new HttpAgent({ keepAlive: true, maxSockets: 1 })
    const ask = async () => {
      const call = httpRequest(`${rig.server.url}/access/v1/evaluation`, {
        agent,
        method: 'POST',
        headers: { authorization: rig.authorization, 'content-type': 'application/json' },
      })
      call.end(JSON.stringify(annReadsPayroll))
      const [response] = await once(call, 'response')
      response.resume()
      await once(response, 'end')
      return [response.statusCode, call.reusedSocket]
    }
    expect(await ask()).toEqual([200, false])
    rig.connectors.replace([{ ...row, tokens: [rig.kept], enabled: false }])
    expect(await ask()).toEqual([403, true])
    agent.destroy()
  })

  test.each<[string, Partial<ConnectorRow>, number]>([
    ['token', { tokens: [] }, 401],
    ['application', { applications: new Set(['crm']) }, 403],
  ])('whose %s is taken away while the body comes in is not answered', async (_, less, status) => {
    await using rig = await startWith()
    const socket = connectPlainly(Number(new URL(rig.server.url).port), '127.0.0.1')
    const body = JSON.stringify(annReadsPayroll)
    const length = `content-length: ${body.length}`
    const lines = ['POST /access/v1/evaluation HTTP/1.1', 'host: x', length]
    const type = 'content-type: application/json'
    socket.write([...lines, type, `authorization: ${rig.authorization}`, '', '{'].join('\r\n'))
    await expect.poll(() => rig.heard()).toContain('crm-gateway')

    rig.connectors.replace([{ ...row, tokens: [rig.kept], ...less }])
    socket.write(body.slice(1))

    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(rig.decisions.attempts).toEqual([])
    socket.destroy()
  })

  test('that has called with a token is found among the open connections, and ended', async () => {
    await using rig = await startWith()
    const socket = connectPlainly(Number(new URL(rig.server.url).port), '127.0.0.1')
    const lines = ['GET / HTTP/1.1', 'host: x', `authorization: ${rig.authorization}`, '', '']
    socket.write(lines.join('\r\n'))
    await once(socket, 'data')
    rig.server.endConnections(({ callers }) => callers.has('crm-gateway'))
    await once(socket, 'close')
  })
})

describe('what a caller may', () => {
  test('ask about are its applications, by name or by destination', async () => {
    await using rig = await startWith({ applications: new Set(['crm']) })
    const named = await rig.ask()
    expect([named.status, rig.decisions.attempts]).toEqual([403, []])
    const resource = { type: 'destination', id: 'payroll.acme.example:443' }
    const found = await rig.ask({ ...annReadsPayroll, resource })
    expect([found.status, found.text]).toEqual([
      403,
      'this connector may not ask about this application',
    ])
    const item = { resource: { ...payroll, id: 'crm' } }
    rig.decisions.check = () => ({ ...allowed, application: 'crm' })
    const { json } = await rig.post(
      'evaluations',
      { ...annReadsPayroll, evaluations: [item, {}] },
      { authorization: rig.authorization },
    )
    expect(json.evaluations).toMatchObject([
      { decision: true },
      { decision: false, context: { error: { status: 403 } } },
    ])
  })

  test('say is believed, and nothing else', async () => {
    await using rig = await startWith({ claims: new Set(['role']), context: new Set(['posture']) })
    await rig.ask({
      ...annReadsPayroll,
      subject: { ...annReadsPayroll.subject, properties: { role: 'x', level: 3 } },
      context: { posture: { firewall: true }, country: 'DE' },
    })
    const [{ claims, context } = { claims: new Map(), context: new Map() }] = rig.decisions.attempts
    expect([[...claims], [...context]]).toEqual([[['role', 'x']], [['posture.firewall', true]]])
  })

  test('see of the reasons is what its row says', async () => {
    await using rig = await startWith()
    expect((await rig.ask()).json.context).not.toHaveProperty('reason_admin')
    rig.connectors.replace([{ ...row, tokens: [rig.kept], explain: true }])
    expect((await rig.ask()).json.context.reason_admin).toBe('rule `finance-payroll` decided')
  })

  const mfa = { id: 'mfa', type: 'step-up', properties: new Map() }
  const note = { id: 'note', type: 'notification', properties: new Map() }
  test.each([
    ['all that are due', 'all', undefined, true],
    ['all but one', new Set(['notification']), undefined, false],
    ['all, and says that it performs one', 'all', ['notification'], false],
    ['all, and says so', 'all', ['notification', 'step-up', 'other'], true],
    ['one, and says all', new Set(['notification']), ['notification', 'step-up'], false],
  ] as const)('perform of obligations is %s', async (_, obligations, supported, wanted) => {
    await using rig = await startWith({ obligations })
    rig.decisions.check = () => ({ ...allowed, obligations: [mfa, note] })
    const context = supported === undefined ? {} : { supported_obligations: supported }
    const { json } = await rig.ask({ ...annReadsPayroll, context })
    expect(json.decision).toBe(wanted)
    // They are named all the same: the others are performed.
    expect(json.context.obligations).toHaveLength(2)
    expect(rig.decided).toMatchObject([{ effect: wanted ? 'allow' : 'block' }])
  })
})

describe.skipIf(!hasOpenssl())('over TLS', () => {
  test('a caller is whom its certificate names, and new ones get the new certificate', async () => {
    const pki = makePki()
    const identity = 'spiffe://acme.example/gateway/crm'
    const connectors = new Connectors([{ ...row, identity }], [acme])
    const tls = { cert: pki.server.cert, key: pki.server.key, clientCa: pki.ca }
    await using rig = await startRig({ connectors, listen: { host: '127.0.0.1', port: 0, tls } })
    expect(rig.server.url).toMatch(/^https:/)

    expect(await askOverTls(rig.server.url, pki, pki.client)).toBe(200)
    expect(rig.decided).toMatchObject([{ connector: 'crm-gateway' }])
    expect(await askOverTls(rig.server.url, pki)).toBe(401)
    await expect(askOverTls(rig.server.url, pki, pki.stranger)).rejects.toThrow()

    rig.server.replaceTls({ ...tls, cert: pki.next.cert, key: pki.next.key })
    const { port } = new URL(rig.server.url)
    const socket = connect({ port: Number(port), ca: pki.ca, servername: 'localhost' })
    await once(socket, 'secureConnect')
    expect(socket.alpnProtocol === false || socket.alpnProtocol === 'http/1.1').toBe(true)
    expect(socket.getPeerCertificate().subject.CN).toBe('next')
    socket.destroy()
  })
})

interface Pair {
  readonly cert: Buffer
  readonly key: Buffer
}
type Pki = ReturnType<typeof makePki>

async function askOverTls(url: string, { ca }: Pki, client?: Pair): Promise<number> {
  const call = httpsRequest(`${url}/access/v1/evaluation`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    agent: new Agent({ ca, ...client, servername: 'localhost' }),
  })
  call.end(JSON.stringify(annReadsPayroll))
  const [response] = await once(call, 'response')
  response.resume()
  await once(response, 'end')
  return response.statusCode
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'])
    return true
  } catch {
    return false
  }
}

/** A CA with two servers and a client, and a client of another CA. */
function makePki() {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pki-'))
  const file = (name: string) => join(folder, name)
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const pair = (name: string): Pair => ({
    cert: readFileSync(file(`${name}.pem`)),
    key: readFileSync(file(`${name}.key`)),
  })
  for (const ca of ['ca', 'other']) {
    openssl(
      'req',
      '-x509',
      ...key,
      '-keyout',
      `${ca}.key`,
      '-out',
      `${ca}.pem`,
      '-subj',
      `/CN=${ca}`,
    )
  }
  const signed = (name: string, ca: string, san: string): Pair => {
    writeFileSync(file('ext'), `subjectAltName=${san}\n`)
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', `${ca}.pem`, '-CAkey', `${ca}.key`],
      ...['-CAcreateserial', '-days', '2', '-extfile', 'ext', '-out', `${name}.pem`],
    )
    return pair(name)
  }
  const uri = 'URI:spiffe://acme.example/gateway/crm'
  return {
    ca: readFileSync(file('ca.pem')),
    server: signed('server', 'ca', 'DNS:localhost'),
    next: signed('next', 'ca', 'DNS:localhost'),
    client: signed('client', 'ca', uri),
    stranger: signed('stranger', 'other', uri),
  }
}
