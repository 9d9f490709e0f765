import type { Server } from 'node:http'
import { Admission } from '../access/admission.ts'
import { Callers as Judge } from '../access/callers.ts'
import type { Connectors } from '../access/connectors.ts'
import { type Connection, type FrontOptions, openFront } from '../access/front.ts'
import type { FrontTls } from '../access/secure-front.ts'
import type { Catalogue } from '../decision/catalogue.ts'
import type { DecisionPoint } from '../decision/decision.ts'
import { Turn } from '../decision/turn.ts'
import type { Observer } from '../observe/observe.ts'
import { Teller } from '../observe/teller.ts'
import { type Clock, systemClock } from '../std/clock.ts'
import { FairQueue } from '../std/fair-queue.ts'
import { Callers } from './callers.ts'
import type { ListSubjects } from './candidates.ts'
import { Evaluations } from './evaluation.ts'
import { createHttp } from './http.ts'
import { searchLine } from './limits.ts'
import { addRoutes } from './routes.ts'
import { Searches } from './search.ts'

/**
 * authzen: decisions over HTTP, as the OpenID AuthZEN Authorization API 1.0 has them.
 *
 * Access Evaluation and Evaluations, the three searches, and the metadata. A decision, block
 * included, is a 200; any other status means that no decision exists, and its body is a message as
 * plain text. Only the metadata is answered without a caller that is known. Sockets come from a
 * front of our own (access/); the words of the standard end at `convert`, errors at `status`.
 *
 * Not here: deciding (decision/), who a caller is (access/), who the users are (app hands it in).
 */
export interface AuthzenServer extends AsyncDisposable {
  /** `host:port` as bound. */
  readonly address: string
  /** Under which callers reach it: what the metadata says. */
  readonly url: string
  /** Ends in `lingerMs` plus `graceMs` at the latest; a second call waits for the first. */
  stop(how: StopOptions): Promise<void>
  /** New connections get this certificate. */
  replaceTls(tls: FrontTls): void
  /** Ends connections whose caller may no longer call. */
  endConnections(where: (connection: Connection) => boolean): void
}
export interface StopOptions {
  /** How long to go on as usual, so that callers move away. */
  readonly lingerMs: number
  /** How long requests under way may take after that. */
  readonly graceMs: number
}

export interface AuthzenOptions {
  readonly decisions: DecisionPoint
  readonly catalogue: Pick<Catalogue, 'applications' | 'actions'>
  readonly listSubjects: ListSubjects
  readonly connectors: Connectors
  /** Types of obligations that rules can have. */
  readonly obligationTypes: readonly string[]
  readonly observer: Pick<
    Observer,
    'decided' | 'wouldHaveDecided' | 'internalError' | 'connectionRefused' | 'callRefused' | 'shed'
  >
  readonly listen: Pick<FrontOptions, 'host' | 'port' | 'tls' | 'limits'>
  /** Without a slash at the end; default: the address. */
  readonly publicUrl?: string | undefined
  /** Shared by all listeners of a process. */
  readonly admission?: Admission
  readonly clock?: Clock
}

/** What leaving an `await using` scope allows requests under way. */
const disposeGraceMs = 1_000

/** @throws {ListenError} when the address cannot be had. */
export async function serveAuthzen(options: AuthzenOptions): Promise<AuthzenServer> {
  const { observer, clock = systemClock, decisions, catalogue, listSubjects } = options
  let server: Server | undefined
  const front = await openFront({
    ...options.listen,
    listener: 'authzen',
    protocol: 'http/1.1',
    // Before the server is there a connection has to come again.
    accept: (socket) =>
      server === undefined ? socket.destroy() : server.emit('connection', socket),
    observer,
    clock,
  })
  const scheme = options.listen.tls === undefined ? 'http' : 'https'
  const url = options.publicUrl ?? `${scheme}://${front.address}`
  const callers = new Callers(front, new Judge(options.connectors, observer), clock)
  const { admission = new Admission(observer) } = options
  const http = createHttp({ callers, observer })
  const evaluations = new Evaluations({
    decisions,
    turn: new Turn(decisions),
    teller: new Teller(observer, clock),
    admission,
    observer,
    clock,
  })
  const line = new FairQueue<string>(searchLine)
  const searches = new Searches({ decisions, catalogue, listSubjects, line, clock })
  addRoutes(http.app, {
    evaluations,
    searches,
    url,
    obligationTypes: options.obligationTypes,
    observer,
  })
  await http.app.ready()
  server = http.server

  let stopped: Promise<void> | undefined
  async function stop({ lingerMs, graceMs }: StopOptions): Promise<void> {
    await clock.sleep(lingerMs)
    const over = new AbortController()
    const closed = front.close().then(() => over.abort())
    http.close()
    await clock.sleep(graceMs, over.signal)
    front.destroyConnections()
    await closed
    await http.app.close()
  }
  function stopOnce(how: StopOptions): Promise<void> {
    stopped ??= stop(how)
    return stopped
  }

  return {
    address: front.address,
    url,
    replaceTls: front.replaceTls,
    endConnections: front.endConnections,
    stop: stopOnce,
    [Symbol.asyncDispose]: () => stopOnce({ lingerMs: 0, graceMs: disposeGraceMs }),
  }
}
