import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js'
import { service as healthServiceDefinition } from 'grpc-health-check'
import { type Clock, systemClock } from '../std/clock.ts'
import { type DecisionServiceOptions, decisionService } from './decision-service.ts'
import { createHealth } from './health.ts'
import { type ListenAt, listen } from './listener.ts'
import { decisionServiceDefinition } from './messages.ts'
import { serverOptions } from './server-options.ts'

/**
 * grpc: decisions over gRPC.
 *
 * `sallyport.v1.DecisionService` and `grpc.health.v1.Health`. A decision, block included, is an OK
 * response; a status other than OK means that no decision exists, and the caller blocks. The front
 * is a listener of our own whose sockets are handed to grpc-js, which has no way to cap connections
 * or to end them. Messages end at `convert`, errors at `status`: neither is known outside this
 * room.
 *
 * Not here: deciding (decision/), who a caller is (access/), what other gRPC clients do with an
 * answer (client/).
 */
export interface GrpcServer extends AsyncDisposable {
  /** `host:port` as bound. */
  readonly address: string
  /** What health says. Calls are answered either way; a new server is not serving. */
  setServing(serving: boolean): void
  /** Ends in `lingerMs` plus `graceMs` at the latest; a second call waits for the first. */
  stop(how: StopOptions): Promise<void>
}
export interface StopOptions {
  /** How long to go on as usual after health said NOT_SERVING, so that callers move away. */
  readonly lingerMs: number
  /** How long calls under way may take after that. */
  readonly graceMs: number
}

export interface GrpcOptions extends Omit<DecisionServiceOptions, 'clock'> {
  readonly listen: ListenAt
  readonly clock?: Clock
}

/** What leaving an `await using` scope allows calls under way. */
const disposeGraceMs = 1000

/** @throws {ListenError} when the address cannot be had. */
export async function serveGrpc(options: GrpcOptions): Promise<GrpcServer> {
  const { observer, clock = systemClock } = options
  const health = createHealth(observer)
  // It prints what a peer sent, as it came, past our logger.
  setLogVerbosity(logVerbosity.NONE)
  const server = new Server(serverOptions)
  server.addService(decisionServiceDefinition, decisionService({ ...options, clock }))
  server.addService(healthServiceDefinition, health.implementation)
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  const listener = await listen(
    options.listen,
    (socket) => injector.injectConnection(socket),
    (error) => observer.internalError({ room: 'grpc', error }),
  )

  let stopped: Promise<void> | undefined
  async function stop({ lingerMs, graceMs }: StopOptions): Promise<void> {
    health.setServing(false)
    await clock.sleep(lingerMs)
    const over = new AbortController()
    const closed = listener.close().then(() => over.abort())
    health.endWatches()
    // Tells every client to go and ends connections as their last call ends. Its callback is of no
    // use: since Node's `close` ends sessions too, it takes those with calls for ended.
    server.tryShutdown(() => undefined)
    await clock.sleep(graceMs, over.signal)
    server.forceShutdown()
    // forceShutdown knows no sessions while channelz is off.
    listener.destroyConnections()
    await closed
  }
  function stopOnce(how: StopOptions): Promise<void> {
    stopped ??= stop(how)
    return stopped
  }

  return {
    address: listener.address,
    setServing: health.setServing,
    stop: stopOnce,
    [Symbol.asyncDispose]: () => stopOnce({ lingerMs: 0, graceMs: disposeGraceMs }),
  }
}
