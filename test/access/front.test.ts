import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { ListenError } from '../../src/std/listen-error.ts'
import { identities } from '../support/certificates.ts'

import { freePort, knock, knockByTls, openRig, preface, tls } from './front-rig.ts'

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
