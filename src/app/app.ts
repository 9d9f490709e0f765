import { type AdminServer, type Readiness, serveAdmin } from '../admin/admin.ts'
import type { Config } from '../config/config.ts'
import { createLogger } from '../observe/logger.ts'
import { createMetrics, type Metrics } from '../observe/metrics.ts'
import { createObserver, type Observer } from '../observe/observe.ts'
import { type Clock, systemClock } from '../std/clock.ts'
import { productVersion } from '../std/product-version.ts'
import type { Store } from '../store/store.ts'
import { CompiledPolicies } from './compiled-policies.ts'
import { type DecisionArm, startDecisionArm } from './decision-arm.ts'
import { GroupWatch } from './group-watch.ts'
import { forkReporter, judgeStore, openHouseStore, tenancyOf } from './house.ts'
import { IngestLink } from './ingest-link.ts'
import { PolicyWorkshop } from './policy-workshop.ts'
import { PolicyPublisher } from './publish-file.ts'
import { Registries } from './registries.ts'
import { type Role, roles } from './roles.ts'
import { Seeds } from './seed.ts'
import { readListen } from './tls-files.ts'
import { keepTls } from './tls-watch.ts'

/**
 * app: the only room that knows all others.
 *
 * It builds them from the Config in the order in which data flows, hands each what it may not
 * import, and stops them in reverse. A start that fails stops what had started and throws; nothing
 * is left behind.
 *
 * Not here: what any of them does.
 */
export interface App extends AsyncDisposable {
  readonly addresses: Addresses
  readonly readiness: () => Promise<Readiness>
  readonly metrics: Metrics
}

/** Only what listens. */
export interface Addresses {
  /** Base of the tenant URLs: `/scim/{directory}/v2` follows. */
  readonly scim: string | undefined
  readonly grpc: string | undefined
  /** Base of its URLs: `/access/v1/…` follows. */
  readonly authzen: string | undefined
  readonly admin: string | undefined
}

/** Seams for tests; the product leaves them out. */
export interface Overrides {
  /** Of this thread: the one that serves SCIM has the system's. */
  readonly clock?: Clock
  readonly observer?: Observer
  /** What the thread that serves SCIM runs. */
  readonly ingestScript?: URL
  /** How long answers go on after the stop was announced. */
  readonly lingerMs?: number
}

export async function startApp(
  config: Config,
  wanted: ReadonlySet<Role> = new Set(roles),
  overrides: Overrides = {},
): Promise<App> {
  await using started = new AsyncDisposableStack()
  const clock = overrides.clock ?? systemClock
  const metrics = createMetrics(productVersion)
  const logger = createLogger(config.logLevel)
  const observer = overrides.observer ?? createObserver(logger, metrics, clock)
  const tenancy = tenancyOf(config)
  const registries = new Registries(tenancy)

  const publishes = wanted.has('ingest') || wanted.has('admin')
  const access = { mayWrite: publishes, onFork: forkReporter(observer) }
  const store = started.use(await openHouseStore(config, clock, access))
  void judgeStore(config, observer)
  const workshop = new PolicyWorkshop({ config, tenancy, registries, clock })
  const compiled = new CompiledPolicies(store, workshop)
  const parts = { config, store, compiled, workshop, tenancy, registries, observer, clock }
  const publisher = publishes ? new PolicyPublisher(parts) : undefined
  await publisher?.publishAll()
  const groups = publishes ? new GroupWatch(parts) : undefined
  const seeds = wanted.has('ingest') ? new Seeds(parts) : undefined
  await seeds?.sow()

  const times = { lingerMs: overrides.lingerMs ?? lingerMs, graceMs }
  const arm = wanted.has('decision') ? started.use(await startDecisionArm(parts, times)) : undefined
  const link = { config, observer, clock, script: overrides.ingestScript }
  const ingest = wanted.has('ingest') ? started.use(await IngestLink.start(link)) : undefined
  let draining = false
  const readiness = async (): Promise<Readiness> => {
    const fault = await faultOf(store)
    const stopping = draining ? ['stopping'] : []
    const deciding = await arm?.report()
    const troubles = [...stopping, ...fault, ...(deciding?.troubles ?? [])]
    // Told, though decisions are served without them.
    const others = [
      ...compiled.faults,
      ...(publisher?.refusals ?? []),
      ...(publisher?.differences ?? []),
      ...(groups?.findings ?? []),
      ...(ingest?.troubles ?? []),
      ...(deciding?.warnings ?? []),
    ]
    return {
      ready: troubles.length === 0,
      reasons: [...troubles, ...others],
      revision: deciding?.revision ?? '',
      tenantsWithoutPolicy: deciding?.tenantsWithoutPolicy ?? [],
    }
  }
  const stop = new AbortController()
  const admin = wanted.has('admin')
    ? started.use(await startAdmin(config, { readiness, metrics, arm, observer, clock }))
    : undefined

  const background = [
    publisher?.watch(stop.signal),
    groups?.watch(stop.signal),
    seeds?.keepTrying(stop.signal),
    arm?.setServing && keepHealth(arm.setServing, readiness, clock, stop.signal),
  ]
  started.defer(async () => {
    // Told first, so that load balancers turn away while answers still go out.
    draining = true
    stop.abort()
    await Promise.all(background)
    await arm?.drain()
  })
  const addresses = {
    scim: ingest?.url,
    grpc: arm?.grpc,
    authzen: arm?.authzen,
    admin: admin?.url,
  }
  observer.lifecycle({ what: 'started', ...addresses, version: productVersion })
  const all = started.move()
  return { addresses, readiness, metrics, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

const lingerMs = 2000
const graceMs = 5000

interface AdminParts {
  readonly readiness: () => Promise<Readiness>
  readonly metrics: Metrics
  readonly arm: DecisionArm | undefined
  readonly observer: Observer
  readonly clock: Clock
}

async function startAdmin(
  config: Config,
  { readiness, metrics, arm, observer, clock }: AdminParts,
): Promise<AdminServer> {
  await using started = new AsyncDisposableStack()
  const listen = await readListen(config.listen.admin, 'listen.admin.tls')
  const server = started.use(
    await serveAdmin({
      listen,
      readiness,
      metrics: async () => ({
        text: await metrics.text(await arm?.metrics()),
        contentType: metrics.contentType,
      }),
      observer,
    }),
  )
  const stop = new AbortController()
  const { replaceTls: replace } = server
  const tls = { listener: 'admin', listen: config.listen.admin, first: listen.tls, replace }
  const watching = keepTls(tls, observer, clock, stop.signal)
  started.defer(async () => {
    stop.abort()
    await watching
  })
  const all = started.move()
  return { ...server, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

/** What keeps the store from being asked, in its own words. */
async function faultOf(store: Store): Promise<readonly string[]> {
  try {
    await store.position()
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

/** `grpc.health.v1` says what `/readyz` says. */
async function keepHealth(
  setServing: (serving: boolean) => void,
  readiness: () => Promise<Readiness>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    setServing((await readiness()).ready)
    await clock.sleep(healthMs, signal)
  }
  setServing(false)
}

const healthMs = 500
