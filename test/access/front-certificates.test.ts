import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'

import { certificates, knockByTls, openRig, tls } from './front-rig.ts'

const { cert, key } = tls

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
