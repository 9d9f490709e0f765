import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type Connection,
  type Front,
  type FrontOptions,
  openFront,
} from '../../src/access/front.ts'
import type { FrontLimits } from '../../src/access/front-limits.ts'
import { ListenError } from '../../src/std/listen-error.ts'
import { type CertificateName, identities, makeCertificates } from '../support/certificates.ts'

const certificates = makeCertificates()
afterAll(() => certificates[Symbol.dispose]())
const { cert, key } = certificates.of('server')
const tls = { cert, key, clientCa: certificates.ca }

/** A front that remembers whom it let in and whom it refused. */
interface Rig extends AsyncDisposable {
  readonly front: Front
  readonly admitted: Socket[]
  readonly refused: string[]
  /** Who was let in next. */
  next(): Promise<Connection>
  /** Why somebody was refused next. */
  refusal(): Promise<string>
}

async function openRig(limits: Partial<FrontLimits> = {}, more: Partial<FrontOptions> = {}) {
  const [admitted, refused]: [Socket[], string[]] = [[], []]
  const events = new EventTarget()
  const happened = (what: string) =>
    new Promise((resolve) => events.addEventListener(what, resolve, { once: true }))
  const front = await openFront({
    listener: 'grpc',
    host: '127.0.0.1',
    port: 0,
    protocol: 'h2',
    limits,
    accept: (socket) => {
      admitted.push(socket)
      socket.resume()
      events.dispatchEvent(new Event('admitted'))
    },
    observer: {
      connectionRefused: ({ why }) => {
        refused.push(why)
        events.dispatchEvent(new Event('refused'))
      },
      internalError: ({ error }) => {
        throw error
      },
    },
    ...more,
  })
  const [seen, told] = [0, 0]
  let [looked, heard] = [seen, told]
  const rig: Rig = {
    front,
    admitted,
    refused,
    next: async () => {
      while (admitted.length <= looked) await happened('admitted')
      return front.connectionOf(admitted[looked++]!)!
    },
    refusal: async () => {
      while (refused.length <= heard) await happened('refused')
      return refused[heard++]!
    },
    [Symbol.asyncDispose]: async () => {
      const closed = front.close()
      front.destroyConnections()
      await closed
    },
  }
  return rig
}

function knock({ front }: Rig, localPort?: number): Socket {
  const socket = connect({ host: '127.0.0.1', port: front.port, localPort })
  socket.on('error', () => undefined).resume()
  return socket
}

function knockByTls({ front }: Rig, name?: CertificateName, more: ConnectionOptions = {}) {
  const pair = name === undefined ? {} : certificates.of(name)
  const { cert, key } = pair as { cert?: Buffer; key?: Buffer }
  const own = cert === undefined ? {} : { cert, key }
  const ca = certificates.ca
  const to = { host: '127.0.0.1', port: front.port, servername: 'localhost', ca }
  const socket: TLSSocket = connectTls({ ...to, ALPNProtocols: ['h2'], ...own, ...more })
  socket.on('error', () => undefined).resume()
  return socket
}

/** One that a socket can be bound to more than once, since nobody listens at it. */
async function freePort(): Promise<number> {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  holder.close()
  await once(holder, 'close')
  return port
}

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'

describe('a front in plain text', () => {
  test('knows who is on this machine, and each connection by its peer', async () => {
    await using rig = await openRig()
    const socket = knock(rig)

    const connection = await rig.next()

    expect(connection.identity).toEqual({ kind: 'local' })
    const { localPort } = socket
    expect(rig.front.connectionFrom(`127.0.0.1:${localPort}`)).toBe(connection)
    expect(rig.front.connectionFrom(`127.0.0.2:${localPort}`)).toBeUndefined()
  })

  test('on any other address believes nobody', async () => {
    await using rig = await openRig({}, { host: '0.0.0.0' })
    knock(rig)
    expect((await rig.next()).identity).toMatchObject({ kind: 'nameless' })
  })

  test('forgets a connection that has ended', async () => {
    await using rig = await openRig()
    const socket = knock(rig)
    const connection = await rig.next()
    const ended = once(connection.socket, 'close')
    const peer = `127.0.0.1:${socket.localPort}`

    socket.destroy()
    await ended

    expect(rig.front.connectionFrom(peer)).toBeUndefined()
  })

  test('ends those that are asked for, and no other', async () => {
    await using rig = await openRig()
    const sockets = [knock(rig), knock(rig)]
    const [first, second] = [await rig.next(), await rig.next()]
    const ended = once(first.socket, 'close')

    rig.front.endConnections((connection) => connection === first)
    await ended

    expect(second.socket.destroyed).toBe(false)
    expect(sockets).toHaveLength(2)
  })

  test('refuses a taken address by name', async () => {
    await using rig = await openRig()
    await expect(openRig({}, { port: rig.front.port })).rejects.toThrow(ListenError)
  })
})

describe('a limit', () => {
  test('of accepts a second refuses the one above it before it is read', async () => {
    await using rig = await openRig({ acceptsPerSecondMax: 3 })
    const sockets = Array.from({ length: 4 }, () => knock(rig))

    await rig.refusal()

    expect(rig.refused).toEqual(['accept-rate'])
    expect(rig.admitted).toHaveLength(3)
    expect(sockets).toHaveLength(4)
  })

  test('of connections refuses the one above it, and takes one again when one has gone', async () => {
    await using rig = await openRig({ connectionsMax: 2 })
    const first = knock(rig)
    knock(rig)
    const { socket } = await rig.next()
    await rig.next()
    knock(rig)
    expect(await rig.refusal()).toBe('connections')

    const ended = once(socket, 'close')
    first.destroy()
    await ended
    knock(rig)

    expect((await rig.next()).identity.kind).toBe('local')
  })

  test('of connections of one identity leaves room for the others', async () => {
    await using rig = await openRig({ connectionsPerIdentityMax: 2 }, { tls })
    knockByTls(rig, 'berlin')
    knockByTls(rig, 'berlinWithDns')
    const { socket } = await rig.next()
    await rig.next()
    knockByTls(rig, 'berlin')
    expect(await rig.refusal()).toBe('identity-connections')

    knockByTls(rig, 'munich')
    expect((await rig.next()).identity).toMatchObject({ uri: identities.munich })
    const ended = once(socket, 'close')
    socket.destroy()
    await ended
    knockByTls(rig, 'berlin')
    expect((await rig.next()).identity).toMatchObject({ uri: identities.berlin })
  })

  test('of connections counts those without a name by their address', async () => {
    await using rig = await openRig({ connectionsPerIdentityMax: 1 }, { host: '0.0.0.0' })
    knock(rig)
    await rig.next()
    knock(rig)
    expect(await rig.refusal()).toBe('identity-connections')
  })

  test('of handshakes under way refuses the one above it', async () => {
    await using rig = await openRig({ handshakesMax: 1 }, { tls })
    const half = knock(rig)
    half.write(Buffer.from([0x16, 3, 1]))
    await once(half, 'connect')
    knock(rig)
    expect(await rig.refusal()).toBe('handshakes')

    const ended = rig.refusal()
    half.destroy()
    expect(await ended).toBe('handshake')
    knockByTls(rig, 'berlin')
    expect((await rig.next()).identity.kind).toBe('certificate')
  })
})

test('who begins handshakes from one address and ends none leaves room for others', async () => {
  await using rig = await openRig({ handshakesMax: 8, handshakesPerAddressMax: 3 }, { tls })
  const halves = Array.from({ length: 4 }, () => {
    const half = knock(rig)
    half.write(Buffer.from([0x16, 3, 1]))
    return half
  })
  expect(await rig.refusal()).toBe('handshakes')

  const elsewhere = connect({ host: '127.0.0.1', port: rig.front.port, localAddress: '127.0.0.9' })
  await once(elsewhere, 'connect')
  knockByTls(rig, 'berlin', { socket: elsewhere })
  expect((await rig.next()).identity).toMatchObject({ uri: identities.berlin })

  const gone = rig.refusal()
  for (const half of halves) half.destroy()
  await gone
  knockByTls(rig, 'berlin')
  await rig.next()
})

describe('the same peer on two addresses of ours', () => {
  test('is let in once: a call could not be told from the other', async () => {
    await using rig = await openRig({}, { host: '0.0.0.0' })
    const localPort = await freePort()
    const first = knock(rig, localPort)
    await rig.next()

    const to = { host: '127.0.0.2', port: rig.front.port, localAddress: '127.0.0.1', localPort }
    connect(to).on('error', () => undefined)

    expect(await rig.refusal()).toBe('peer-twice')
    expect(first.destroyed).toBe(false)
  })
})

describe('somebody who', () => {
  const limits = { firstBytesMs: 60 }
  test.each([
    ['says nothing', ''],
    ['says less than HTTP/2 begins with', 'PRI * HTTP/2.0\r\n'],
  ])('%s is sent away', async (_, text) => {
    await using rig = await openRig(limits)
    const socket = knock(rig)
    socket.write(text)

    const ended = once(socket, 'close')

    expect(await rig.refusal()).toBe('silent')
    await ended
  })

  test('says hello in TLS and nothing after it is sent away', async () => {
    await using rig = await openRig(limits, { tls })
    const socket = knockByTls(rig, 'berlin')
    const ended = once(socket, 'close')
    await rig.next()

    expect(await rig.refusal()).toBe('silent')
    await ended
  })

  test('begins HTTP/2 stays, in plain text and in TLS', async () => {
    await using plain = await openRig(limits)
    await using secure = await openRig(limits, { tls })
    const sockets = [knock(plain), knockByTls(secure, 'berlin')]
    for (const socket of sockets) socket.write(preface)
    const silent = [knock(plain), knock(secure)]

    await Promise.all([plain.refusal(), secure.refusal()])

    expect([plain.refused, secure.refused]).toEqual([['silent'], ['handshake']])
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, false])
    expect(silent).toHaveLength(2)
  })

  test('has gone by itself is not told of', async () => {
    await using rig = await openRig(limits)
    const gone = knock(rig)
    const { socket } = await rig.next()
    const ended = once(socket, 'close')
    gone.destroy()
    await ended

    await once(knock(rig), 'close')

    expect(rig.refused).toEqual(['silent'])
  })

  test('speaks plain text, HTTP/1.1 or noise to the TLS port is sent away', async () => {
    await using rig = await openRig({}, { tls })
    for (const bytes of [preface, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', Buffer.alloc(99, 0xa5)]) {
      const socket = knock(rig)
      socket.write(bytes)
      await once(socket, 'close')
    }
    expect(rig.refused).toEqual(['handshake', 'handshake', 'handshake'])
    expect(rig.admitted).toEqual([])
  })

  test('never ends its handshake is sent away', async () => {
    await using rig = await openRig({ firstBytesMs: 60 }, { tls })
    const socket = knock(rig)
    socket.write(Buffer.from([0x16, 3, 1, 2, 0]))
    await once(socket, 'close')
    expect(rig.refused).toEqual(['handshake'])
  })
})

describe('a certificate that is shown', () => {
  test.each(['selfSigned', 'otherCa', 'expired', 'notYetValid'] as const)(
    'and not good (%s) ends the connection before a word of it is read',
    async (name) => {
      await using rig = await openRig({}, { tls })
      const socket = knockByTls(rig, name)
      await once(socket, 'close')
      expect([rig.refused, rig.admitted]).toEqual([['certificate'], []])
    },
  )

  test.each([
    [undefined, 'the connection has no certificate'],
    ['commonName', 'the certificate has no URI SAN'],
    ['twoUris', 'the certificate has more than one URI SAN'],
  ] as const)('as %s leaves its owner nameless', async (name, why) => {
    await using rig = await openRig({}, { tls })
    knockByTls(rig, name)
    expect((await rig.next()).identity).toEqual({ kind: 'nameless', why })
  })

  test('where none is asked for is not looked at', async () => {
    await using rig = await openRig({}, { tls: { cert, key } })
    knockByTls(rig, 'berlin')
    expect((await rig.next()).identity).toMatchObject({ kind: 'nameless' })
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is shown anew on every connection of %s',
    async (v) => {
      await using rig = await openRig({}, { tls })
      const versions = { minVersion: v, maxVersion: v }
      const first = knockByTls(rig, 'berlin', versions)
      const sessions: Buffer[] = []
      first.on('session', (session) => sessions.push(session))
      const { socket } = await rig.next()
      // Whatever a session is resumed by has arrived before this.
      socket.write('x')
      await once(first, 'data')
      const session = sessions.at(-1) ?? first.getSession()

      const second = knockByTls(rig, undefined, { ...versions, session })

      expect((await rig.next()).identity.kind).toBe('nameless')
      expect(second.isSessionReused()).toBe(false)
    },
  )
})

describe('a replaced certificate', () => {
  const fingerprint = (socket: TLSSocket) => socket.getPeerX509Certificate()?.fingerprint256
  test('is that of new connections, and open ones go on', async () => {
    await using rig = await openRig({}, { tls })
    const before = knockByTls(rig, 'berlin')
    await rig.next()
    const next = certificates.of('nextServer')

    rig.front.replaceTls({ cert: next.cert, key: next.key, clientCa: certificates.ca })
    const after = knockByTls(rig, 'berlin')
    await rig.next()

    expect(fingerprint(after)).not.toBe(fingerprint(before))
    expect(before.destroyed).toBe(false)
  })

  test('comes with its CA: whom the old one vouched for is unknown', async () => {
    await using rig = await openRig({}, { tls })
    const stranger = certificates.of('selfSigned').cert

    rig.front.replaceTls({ cert, key, clientCa: stranger })
    const socket = knockByTls(rig, 'berlin')
    await once(socket, 'close')

    expect(rig.refused).toEqual(['certificate'])
  })
})

test('destroyConnections ends those that shake hands, too, and close waits for the last', async () => {
  await using rig = await openRig({}, { tls })
  const half = knock(rig)
  half.write(Buffer.from([0x16, 3, 1]))
  knockByTls(rig, 'berlin')
  await rig.next()
  let isClosed = false
  const closed = rig.front.close().then(() => {
    isClosed = true
  })
  await new Promise(setImmediate)
  expect(isClosed).toBe(false)

  rig.front.destroyConnections()

  await closed
})
