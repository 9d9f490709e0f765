import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js'
import { service as healthServiceDefinition } from 'grpc-health-check'
import { Admission } from '../access/admission.ts'
import { Callers as Judge } from '../access/callers.ts'
import type { Connectors } from '../access/connectors.ts'
import { type Connection, type FrontOptions, openFront } from '../access/front.ts'
import type { FrontTls } from '../access/secure-front.ts'
import type { DecisionPoint } from '../decision/decision.ts'
import { Turn } from '../decision/turn.ts'
import type { Observer } from '../observe/observe.ts'
import { Teller } from '../observe/teller.ts'
import { type Clock, systemClock } from '../std/clock.ts'
import { Callers } from './callers.ts'
import { decisionServiceDefinition } from './codec.ts'
import { decisionService } from './decision-service.ts'
import type { ExtAuthzSettings } from './envoy-attempt.ts'
import { extAuthzServiceDefinition } from './envoy-messages.ts'
import { extAuthzService } from './ext-authz.ts'
import { createHealth } from './health.ts'
import { addReflection } from './reflection.ts'
import { serverOptions } from './server-options.ts'
import { Failure } from './status.ts'
import { TrickleGuard, type TrickleLimits } from './trickle-guard.ts'
import { refuseCompressed } from './uncompressed.ts'

/**
 * grpc: decisions over gRPC.
 *
 * `sallyport.v1.DecisionService`, Envoy's `ext_authz` and `grpc.health.v1.Health`. A decision,
 * block included, is an OK response; a status other than OK means that no decision exists, and the
 * caller blocks. Sockets come from a front of our own (access/), since grpc-js has no way to cap
 * connections, to swap certificates or to end what one caller has open. Messages end at `convert`,
 * errors at `status`: neither is known outside this room.
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
  /** New connections get this certificate. */
  replaceTls(tls: FrontTls): void
  /** Ends connections whose caller may no longer call. */
  endConnections(where: (connection: Connection) => boolean): void
}
export interface StopOptions {
  /** How long to go on as usual after health said NOT_SERVING, so that callers move away. */
  readonly lingerMs: number
  /** How long calls under way may take after that. */
  readonly graceMs: number
}

export interface GrpcOptions {
  readonly decisions: DecisionPoint
  readonly connectors: Connectors
  readonly extAuthz: ExtAuthzSettings
  /** Whether the protos are served. */
  readonly reflection?: boolean
  readonly observer: Pick<
    Observer,
    'decided' | 'wouldHaveDecided' | 'internalError' | 'connectionRefused' | 'callRefused' | 'shed'
  >
  readonly listen: Pick<FrontOptions, 'host' | 'port' | 'tls' | 'limits'>
  /** Shared by all listeners of a process. */
  readonly admission?: Admission
  readonly trickle?: Partial<TrickleLimits>
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
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  refuseCompressed(server)
  const front = await openFront({
    ...options.listen,
    listener: 'grpc',
    protocol: 'h2',
    accept: (socket) => injector.injectConnection(socket),
    observer,
    clock,
  })
  const callers = new Callers(front, new Judge(options.connectors, observer))
  const { admission = new Admission(observer) } = options
  const shared = {
    callers,
    admission,
    observer,
    clock,
    turn: new Turn(options.decisions),
    teller: new Teller(observer, clock),
  }
  const service = decisionService({ ...shared, decisions: options.decisions })
  const extAuthz = extAuthzService({ ...shared, settings: options.extAuthz })
  server.addService(decisionServiceDefinition, service.implementation)
  server.addService(extAuthzServiceDefinition, extAuthz)
  server.addService(healthServiceDefinition, health.implementation)
  if (options.reflection) {
    addReflection(server, (call) => {
      const caller = callers.of(call)
      return caller instanceof Failure ? caller : undefined
    })
  }

  const ended = () => observer.connectionRefused({ listener: 'grpc', why: 'unfinished-request' })
  const guard = new TrickleGuard(server, service.openStreams, ended, options.trickle)
  let stopped: Promise<void> | undefined
  async function stop({ lingerMs, graceMs }: StopOptions): Promise<void> {
    health.setServing(false)
    await clock.sleep(lingerMs)
    const over = new AbortController()
    const closed = front.close().then(() => over.abort())
    health.endWatches()
    service.endStreams()
    // Tells every client to go and ends connections as their last call ends. Its callback is of no
    // use: since Node's `close` ends sessions too, it takes those with calls for ended.
    server.tryShutdown(() => undefined)
    await clock.sleep(graceMs, over.signal)
    server.forceShutdown()
    // forceShutdown knows no sessions while channelz is off.
    front.destroyConnections()
    guard[Symbol.dispose]()
    await closed
  }
  function stopOnce(how: StopOptions): Promise<void> {
    stopped ??= stop(how)
    return stopped
  }

  return {
    address: front.address,
    replaceTls: front.replaceTls,
    endConnections: front.endConnections,
    setServing: health.setServing,
    stop: stopOnce,
    [Symbol.asyncDispose]: () => stopOnce({ lingerMs: 0, graceMs: disposeGraceMs }),
  }
}
