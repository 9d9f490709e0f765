import { Admission } from '../access/admission.ts'
import { Connectors } from '../access/connectors.ts'
import type { Connection } from '../access/front.ts'
import { type AuthzenServer, serveAuthzen } from '../authzen/authzen.ts'
import type { ListSubjects } from '../authzen/candidates.ts'
import type { Config } from '../config/config.ts'
import type { Catalogue } from '../decision/catalogue.ts'
import type { DecisionPoint } from '../decision/decision.ts'
import type { TenantId } from '../directory/directory.ts'
import { type GrpcServer, serveGrpc } from '../grpc/grpc.ts'
import type { Observer } from '../observe/observe.ts'
import { obligationTypes } from '../policy/schema.ts'
import type { Clock } from '../std/clock.ts'
import { connectorRows, isOvertaken } from './connector-rows.ts'
import { ConnectorReload } from './connector-watch.ts'
import { readListen } from './tls-files.ts'
import { keepTls } from './tls-watch.ts'

/** The wires over which one process is asked, and who may ask. */
export interface DecisionFronts extends AsyncDisposable {
  readonly grpc: GrpcServer
  readonly authzen: AuthzenServer
  /** Decisions under way. */
  readonly inFlight: number
  /** What to look at although decisions are served. */
  readonly warnings: readonly string[]
}

export interface FrontParts {
  readonly config: Config
  readonly tenants: readonly TenantId[]
  readonly decisions: DecisionPoint
  readonly catalogue: Catalogue
  readonly listSubjects: ListSubjects
  readonly observer: Observer
  readonly clock: Clock
}

/** @throws {ListenError | TlsFileError}; nothing is left behind then. */
export async function openDecisionFronts(parts: FrontParts): Promise<DecisionFronts> {
  const { config, tenants, decisions, catalogue, listSubjects, observer, clock } = parts
  const { listen, extAuthz } = config
  await using started = new AsyncDisposableStack()
  const admission = new Admission(observer)
  const connectors = new Connectors(connectorRows(config.connectors), tenants)
  let fronts: readonly Pick<GrpcServer | AuthzenServer, 'endConnections'>[] = []
  const isOver = (open: Connection) => isOvertaken(connectors, open)
  const replace = (rows: Config['connectors']) => {
    connectors.replace(connectorRows(rows))
    for (const front of fronts) front.endConnections(isOver)
  }
  const reload = new ConnectorReload({ config, replace, observer, clock })
  // The start has taken seconds since the file was read: nobody is admitted by rows of then.
  await reload.look()
  const shared = { decisions, connectors, admission, observer }
  const [grpcListen, authzenListen] = [
    await readListen(listen.grpc, 'listen.grpc.tls'),
    await readListen(listen.authzen, 'listen.authzen.tls'),
  ]
  const { reflection } = listen.grpc
  const grpc = started.use(await serveGrpc({ ...shared, extAuthz, reflection, listen: grpcListen }))
  const { publicUrl } = listen.authzen
  const authzen = started.use(
    await serveAuthzen({
      ...shared,
      ...{ catalogue, listSubjects, obligationTypes, publicUrl },
      listen: authzenListen,
    }),
  )
  fronts = [grpc, authzen]

  const stop = new AbortController()
  const grpcTls = { first: grpcListen.tls, listener: 'grpc', listen: listen.grpc }
  const authzenTls = { first: authzenListen.tls, listener: 'authzen', listen: listen.authzen }
  const watching = [
    reload.watch(stop.signal),
    keepTls({ ...grpcTls, replace: grpc.replaceTls }, observer, clock, stop.signal),
    keepTls({ ...authzenTls, replace: authzen.replaceTls }, observer, clock, stop.signal),
  ]
  started.defer(async () => {
    stop.abort()
    await Promise.all(watching)
  })
  const all = started.move()
  return {
    grpc,
    authzen,
    get inFlight() {
      return admission.inFlight
    },
    get warnings() {
      return reload.troubles
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}
