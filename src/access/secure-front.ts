import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { FrontLimits } from './front-limits.ts'
import { type Identity, identityIn } from './peer-identity.ts'

/** PEM, already judged. */
export interface FrontTls {
  readonly cert: Buffer
  readonly key: Buffer
  /** Who signs the certificates of connectors; absent: they are not asked for one. */
  readonly clientCa?: Buffer | undefined
}

/** Each is a value of a metric's label. */
export type RefusalCause =
  | 'accept-rate'
  | 'handshakes'
  | 'handshake'
  | 'certificate'
  | 'connections'
  | 'identity-connections'
  | 'peer-twice'
  | 'silent'

export interface Secure {
  take(socket: Socket): void
  replace(tls: FrontTls): void
}

/**
 * Certificates are asked for and judged here rather than by `rejectUnauthorized`, since a connector
 * without one may have a token. One that is shown and is not good ends the connection.
 */
export function secureServer(
  protocol: string,
  tls: FrontTls,
  limits: FrontLimits,
  admit: (socket: Socket, identity: Identity) => void,
  refuse: (socket: Socket, why: RefusalCause) => void,
): Secure {
  const handshakes = new Handshakes(limits)
  const asksForCertificate = tls.clientCa !== undefined
  const server: Server = createServer({
    ...contextOf(tls),
    requestCert: asksForCertificate,
    rejectUnauthorized: false,
    ALPNProtocols: [protocol],
    handshakeTimeout: limits.firstBytesMs,
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    handshakes.end(peerOf(socket))
    if (!asksForCertificate) {
      return admit(socket, { kind: 'nameless', why: 'no certificate is asked for' })
    }
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) {
      return admit(socket, { kind: 'nameless', why: 'the connection has no certificate' })
    }
    if (!socket.authorized) return refuse(socket, 'certificate')
    return admit(socket, identityIn(certificate))
  })
  server.on('tlsClientError', (_: Error, socket: TLSSocket) => refuse(socket, 'handshake'))
  return {
    take: (socket) => {
      const peer = peerOf(socket)
      if (!handshakes.begin(peer, socket.remoteAddress ?? '')) return refuse(socket, 'handshakes')
      socket.once('close', () => handshakes.end(peer))
      return void server.emit('connection', socket)
    },
    replace: (next) => server.setSecureContext(contextOf(next)),
  }
}

/** Those under way, so that neither all of them nor those of one address are too many. */
class Handshakes {
  readonly #limits: FrontLimits
  readonly #addressOf = new Map<string, string>()
  readonly #perAddress = new Map<string, number>()

  constructor(limits: FrontLimits) {
    this.#limits = limits
  }

  /** False: one too many. */
  begin(peer: string, address: string): boolean {
    const own = this.#perAddress.get(address) ?? 0
    const { handshakesMax, handshakesPerAddressMax } = this.#limits
    if (this.#addressOf.size >= handshakesMax || own >= handshakesPerAddressMax) return false
    this.#addressOf.set(peer, address)
    this.#perAddress.set(address, own + 1)
    return true
  }

  end(peer: string): void {
    const address = this.#addressOf.get(peer)
    if (address === undefined) return
    this.#addressOf.delete(peer)
    const left = (this.#perAddress.get(address) ?? 0) - 1
    if (left > 0) this.#perAddress.set(address, left)
    else this.#perAddress.delete(address)
  }
}

function contextOf({ cert, key, clientCa }: FrontTls) {
  return {
    cert,
    key,
    // Never the CAs of the machine: they sign for the whole world.
    ...(clientCa !== undefined && { ca: clientCa }),
    minVersion: 'TLSv1.2' as const,
    // A resumed session is not verified again: it would outlive a CA that was taken away.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  }
}

/** As a call tells it of its peer. */
export function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`
}
