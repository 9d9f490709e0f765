import { createServer, type Socket } from 'node:net'
import { ListenError, toAddress } from '../std/listen-error.ts'

/** An idle connection costs 21 KB: this many stay below 350 MB. */
const connectionsMax = 16_384
/** Connections that the kernel holds while we are busy; reconnecting gateways come in crowds. */
const backlog = 1024

export interface ListenAt {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

/** Accepts connections and knows every open one, which grpc-js does not tell. */
export interface Listener {
  /** `host:port` as bound. */
  readonly address: string
  /** Accepts no more. Resolves when the last open connection has ended. */
  close(): Promise<void>
  /** Ends every connection at once. */
  destroyConnections(): void
}

/** @throws {ListenError} when the address cannot be had. */
export async function listen(
  at: ListenAt,
  accept: (socket: Socket) => void,
  failed: (error: Error) => void,
): Promise<Listener> {
  const open = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    // A reset connection is the peer's business; its calls are told by `cancelled`.
    socket.on('error', () => undefined)
    accept(socket)
  })
  server.maxConnections = connectionsMax
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new ListenError(at.host, at.port, 'listen.grpc.address', cause)),
    )
    server.listen({ host: at.host, port: at.port, backlog }, () => {
      server.removeAllListeners('error')
      // Running out of file descriptors: the next accept may succeed.
      server.on('error', failed)
      resolve()
    })
  })
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : at.port
  return {
    address: toAddress(at.host, port),
    close: () => new Promise((resolve) => server.close(() => resolve())),
    destroyConnections: () => {
      for (const socket of open) socket.destroy()
    },
  }
}
