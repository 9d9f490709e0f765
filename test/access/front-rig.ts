import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { afterAll } from 'vitest'
import {
  type Connection,
  type Front,
  type FrontOptions,
  openFront,
} from '../../src/access/front.ts'
import type { FrontLimits } from '../../src/access/front-limits.ts'
import { type CertificateName, makeCertificates } from '../support/certificates.ts'

/** Made for the file that imports this, and gone with it. */
export const certificates = makeCertificates()
afterAll(() => certificates[Symbol.dispose]())
const { cert, key } = certificates.of('server')
export const tls = { cert, key, clientCa: certificates.ca }

/** A front that remembers whom it let in and whom it refused. */
export interface Rig extends AsyncDisposable {
  readonly front: Front
  readonly admitted: Socket[]
  readonly refused: string[]
  /** Who was let in next. */
  next(): Promise<Connection>
  /** Why somebody was refused next. */
  refusal(): Promise<string>
}

export async function openRig(limits: Partial<FrontLimits> = {}, more: Partial<FrontOptions> = {}) {
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

export function knock({ front }: Rig, localPort?: number): Socket {
  const socket = connect({ host: '127.0.0.1', port: front.port, localPort })
  socket.on('error', () => undefined).resume()
  return socket
}

export function knockByTls({ front }: Rig, name?: CertificateName, more: ConnectionOptions = {}) {
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
export async function freePort(): Promise<number> {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  holder.close()
  await once(holder, 'close')
  return port
}

export const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'
