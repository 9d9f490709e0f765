import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../src/std/clock.ts'
import { type CertificateName, makeCertificates } from '../support/certificates.ts'
import { type Door, openDoor } from '../support/door.ts'

/** A server whose certificate files change beneath it; it looks at them fifty times a second. */
const certificates = makeCertificates()
const folder = mkdtempSync(join(tmpdir(), 'sallyport-tls-'))
const [certFile, keyFile, caFile] = ['a.crt', 'a.key', 'ca.crt'].map((name) => join(folder, name))
const files = { cert: certFile!, key: keyFile!, clientCa: caFile! }
const clock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms === 1000 ? 20 : ms, signal),
}
let door: Door

beforeAll(async () => {
  put(certificates.of('server'))
  const { cert, key, clientCa } = files
  const tls = `{ cert: "${cert}", key: "${key}", clientCa: "${clientCa}" }`
  door = await openDoor({ grpc: `{ address: "127.0.0.1:0", tls: ${tls} }`, seams: { clock } })
})
afterAll(async () => {
  await door[Symbol.asyncDispose]()
  certificates[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

interface Put {
  readonly cert: Buffer | string
  readonly key: Buffer | string
  readonly clientCa?: Buffer | string
}
function put({ cert, key, clientCa = certificates.ca }: Put) {
  for (const [file, content] of [
    [files.cert, cert],
    [files.key, key],
    [files.clientCa, clientCa],
  ] as const) {
    // As tools do that renew certificates: the file is whole at any time.
    writeFileSync(`${file}.new`, content)
    renameSync(`${file}.new`, file)
  }
}

/** Which of ours a new connection is shown. */
async function shown(): Promise<CertificateName | undefined> {
  const port = Number(door.app.addresses.grpc!.split(':')[1])
  const to = { host: '127.0.0.1', port, servername: 'localhost', ca: certificates.ca }
  const socket = connect({ ...to, ALPNProtocols: ['h2'] })
  await once(socket, 'secureConnect')
  const seen = socket.getPeerX509Certificate()!.subject.replace('CN=', '')
  socket.destroy()
  return seen as CertificateName
}

async function told(value: 0 | 1): Promise<void> {
  const line = `sallyport_cert_reload_ok{listener="grpc"} ${value}`
  while (!(await door.app.metrics.text()).includes(line)) await systemClock.sleep(10)
}
async function shownBecomes(name: CertificateName): Promise<void> {
  while ((await shown()) !== name) await systemClock.sleep(10)
}

describe('a certificate on disk', () => {
  test('that is good is that of new connections', async () => {
    put(certificates.of('nextServer'))
    await shownBecomes('nextServer')
    await told(1)
    put(certificates.of('server'))
    await shownBecomes('server')
  })

  const good = certificates.of('server')
  const next = certificates.of('nextServer')
  const withCa = (clientCa: Buffer) => ({ ...next, clientCa })
  const bad: [string, Put][] = [
    ['is garbage', { cert: 'garbage', key: next.key }],
    ['is empty', { cert: '', key: '' }],
    ['is cut', { cert: next.cert.subarray(0, 300), key: next.key }],
    ['does not belong to its key', { cert: next.cert, key: good.key }],
    ['has a key that is garbage', { cert: next.cert, key: 'garbage' }],
    [
      'comes with a second CA that is cut',
      withCa(Buffer.concat([certificates.ca, certificates.ca.subarray(0, 300)])),
    ],
    ['comes with a CA that is no PEM', withCa(new X509Certificate(certificates.ca).raw)],
    ['has expired', certificates.of('expiredServer')],
    ['is not yet valid', certificates.of('earlyServer')],
  ]
  test.each(bad)('that %s leaves the last good one in use, and is told', async (_, pair) => {
    put(pair)
    await told(0)
    expect(await shown()).toBe('server')

    put(certificates.of('nextServer'))
    await told(1)
    expect(await shown()).toBe('nextServer')

    put(certificates.of('server'))
    await shownBecomes('server')
  })

  test.each(['cert', 'key', 'clientCa'] as const)('whose %s is missing, too', async (which) => {
    rmSync(files[which])
    await told(0)
    expect(await shown()).toBe('server')

    put(certificates.of('server'))

    // What is on disk again is what is in use: nothing is refused any more.
    await told(1)
    expect(await shown()).toBe('server')
  })

  test('that is bad, then good, then bad in the same way is told again', async () => {
    const garbage = { cert: 'garbage', key: good.key }
    for (const pair of [garbage, good, garbage, good]) {
      put(pair)
      await told(pair === good ? 1 : 0)
    }
  })
})

test('that has expired before the start serves, and is told', async () => {
  const { cert, key } = certificates.of('expiredServer')
  const own = mkdtempSync(join(tmpdir(), 'sallyport-tls-'))
  writeFileSync(join(own, 'a.crt'), cert)
  writeFileSync(join(own, 'a.key'), key)
  const tls = `{ cert: "${join(own, 'a.crt')}", key: "${join(own, 'a.key')}" }`

  await using late = await openDoor({ grpc: `{ address: "127.0.0.1:0", tls: ${tls} }` })

  expect(await late.app.metrics.text()).toContain('sallyport_cert_reload_ok{listener="grpc"} 0')
  rmSync(own, { recursive: true, force: true })
})
