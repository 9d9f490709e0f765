import { createServer, type Server, type Socket } from 'node:net'
import type { Observer } from '../observe/observe.ts'
import { type Clock, systemClock } from '../std/clock.ts'
import { ListenError, toAddress } from '../std/listen-error.ts'
import { isLoopback } from '../std/loopback.ts'
import type { Caller } from './caller.ts'
import type { Admitted } from './connectors.ts'
import { type FrontLimits, standardLimits } from './front-limits.ts'
import { type Identity, local } from './peer-identity.ts'
import { type FrontTls, peerOf, type RefusalCause, secureServer } from './secure-front.ts'

/**
 * The front of a listener that decisions are asked of: accepts connections, knows every open one
 * and who is at its other end, and can end them. Protocol servers get sockets that are through
 * with TLS. They have no way of their own to cap connections, to swap certificates, or to end what
 * an identity has open.
 */
export interface Front {
  /** `host:port` as bound. */
  readonly address: string
  readonly port: number
  /** By the `address:port` that a call tells of its peer. */
  connectionFrom(peer: string): Connection | undefined
  connectionOf(socket: Socket): Connection | undefined
  /** New connections get these from now on; open ones keep what they have. */
  replaceTls(tls: FrontTls): void
  endConnections(where: (connection: Connection) => boolean): void
  /** Accepts no more. Resolves when the last open connection has ended. */
  close(): Promise<void>
  /** Ends every connection at once, those still shaking hands too. */
  destroyConnections(): void
}

export interface Connection {
  readonly socket: Socket
  readonly identity: Identity
  /** Who has called over it with a token. */
  readonly callers: Set<Caller['connector']>
  /** Monotonic. */
  readonly openedMs: number
  /** What it comes to without a token, and for which generation of the rows. */
  byItself: { readonly generation: number; readonly admitted: Admitted } | undefined
}

export interface FrontOptions {
  /** `grpc` or `authzen`: what is at this address. */
  readonly listener: string
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly tls?: FrontTls | undefined
  /** Application protocol (RFC 7301): `h2` or `http/1.1`. */
  readonly protocol: string
  readonly accept: (socket: Socket) => void
  readonly observer: Pick<Observer, 'connectionRefused' | 'internalError'>
  readonly limits?: Partial<FrontLimits>
  readonly clock?: Clock
}

/** Connections that the kernel holds while we are busy; reconnecting gateways come in crowds. */
const backlog = 1024

/** RFC 9113 §3.4: 24 fixed bytes and a SETTINGS frame, whose head alone has 9. */
const prefaceBytes = 33

/** @throws {ListenError} when the address cannot be had. */
export async function openFront(options: FrontOptions): Promise<Front> {
  const { listener, host, observer, tls, clock = systemClock } = options
  const limits = { ...standardLimits, ...options.limits }
  const sockets = new Set<Socket>()
  const byPeer = new Map<string, Connection>()
  const bySocket = new WeakMap<Socket, Connection>()
  const perIdentity = new Map<string, number>()
  const firstBytes = options.protocol === 'h2' ? prefaceBytes : 1
  const refuse = (socket: Socket, why: RefusalCause) => {
    observer.connectionRefused({ listener, why })
    socket.destroy()
  }

  function admit(socket: Socket, identity: Identity): void {
    const { remoteAddress } = socket
    // It has gone already.
    if (remoteAddress === undefined) return
    const peer = peerOf(socket)
    // The same peer on another local address of ours: a call could not be told from the other's.
    if (byPeer.has(peer)) {
      refuse(socket, 'peer-twice')
      return
    }
    const key = identity.kind === 'certificate' ? identity.uri : `at ${remoteAddress}`
    const count = perIdentity.get(key) ?? 0
    if (identity.kind !== 'local' && count >= limits.connectionsPerIdentityMax) {
      refuse(socket, 'identity-connections')
      return
    }
    const openedMs = clock.monotonicMs()
    const known = { socket, identity, openedMs }
    const connection: Connection = { ...known, callers: new Set(), byItself: undefined }
    perIdentity.set(key, count + 1)
    byPeer.set(peer, connection)
    bySocket.set(socket, connection)
    // Of TLS this counts what was decrypted, so a handshake is not enough.
    const look = setTimeout(() => {
      if (socket.bytesRead < firstBytes) refuse(socket, 'silent')
    }, limits.firstBytesMs).unref()
    socket.on('close', () => {
      clearTimeout(look)
      byPeer.delete(peer)
      const left = perIdentity.get(key)! - 1
      if (left === 0) perIdentity.delete(key)
      else perIdentity.set(key, left)
    })
    // A reset connection is the peer's business; its calls are told by `cancelled`.
    socket.on('error', () => undefined)
    options.accept(socket)
  }

  const accepts = new AcceptRate(limits.acceptsPerSecondMax, clock)
  const secure = tls && secureServer(options.protocol, tls, limits, admit, refuse)
  const isLocal = isLoopback(host)
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    if (!accepts.take()) return refuse(socket, 'accept-rate')
    if (secure !== undefined) return secure.take(socket)
    return admit(
      socket,
      isLocal ? local : { kind: 'nameless', why: 'the connection is plain text' },
    )
  })
  server.maxConnections = limits.connectionsMax
  server.on('drop', () => observer.connectionRefused({ listener, why: 'connections' }))
  const port = await bind(server, options)
  return {
    address: toAddress(host, port),
    port,
    connectionFrom: (peer) => byPeer.get(peer),
    connectionOf: (socket) => bySocket.get(socket),
    replaceTls: (next) => secure?.replace(next),
    endConnections: (where) => {
      for (const connection of byPeer.values()) if (where(connection)) connection.socket.destroy()
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
    destroyConnections: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** So many a second, and at most a second's worth at once. */
class AcceptRate {
  readonly #perSecond: number
  readonly #clock: Clock
  #left: number
  #filledMs: number

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#clock = clock
    this.#filledMs = clock.monotonicMs()
    this.#left = perSecond
  }

  take(): boolean {
    const nowMs = this.#clock.monotonicMs()
    const earned = ((nowMs - this.#filledMs) * this.#perSecond) / 1000
    this.#left = Math.min(this.#perSecond, this.#left + earned)
    this.#filledMs = nowMs
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}

async function bind(server: Server, options: FrontOptions): Promise<number> {
  const { listener, host, port, observer } = options
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new ListenError(host, port, `listen.${listener}.address`, cause)),
    )
    server.listen({ host, port, backlog }, () => {
      server.removeAllListeners('error')
      // Running out of file descriptors: the next accept may succeed.
      server.on('error', (error) => observer.internalError({ room: 'access', error }))
      resolve()
    })
  })
  const bound = server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : port
}
