import { Admission } from '../access/admission.ts'
import { Connectors } from '../access/connectors.ts'
import type { Connection } from '../access/front.ts'
import { type AuthzenServer, serveAuthzen } from '../authzen/authzen.ts'
import { DirectoryCache } from '../cache/directory-cache.ts'
import type { Config } from '../config/config.ts'
import { ActivePolicies } from '../decision/active-policies.ts'
import { Catalogue } from '../decision/catalogue.ts'
import { Decider } from '../decision/decider.ts'
import { DirectoryResolution } from '../decision/subject.ts'
import type { TenantId } from '../directory/directory.ts'
import { followFeed } from '../feed/feed.ts'
import { type GrpcServer, serveGrpc } from '../grpc/grpc.ts'
import type { Observer } from '../observe/observe.ts'
import { obligationTypes } from '../policy/schema.ts'
import type { Clock } from '../std/clock.ts'
import type { Store } from '../store/store.ts'
import type { CompiledPolicies } from './compiled-policies.ts'
import { connectorRows, isOvertaken } from './connector-rows.ts'
import { ConnectorReload } from './connector-watch.ts'
import type { Tenancy } from './house.ts'
import { followStaging } from './staging.ts'
import { subjectList } from './subject-list.ts'
import { readListen } from './tls-files.ts'
import { keepTls } from './tls-watch.ts'

/** The decision arm of one process: memory that follows the log, and the wires that ask it. */
export interface DecisionApp extends AsyncDisposable {
  readonly grpc: GrpcServer
  readonly authzen: AuthzenServer
  /** Why no decision is served now; empty: decisions are served. */
  trouble(): readonly string[]
  tenantsWithoutPolicy(): readonly string[]
  /** What to look at although decisions are served. */
  readonly warnings: readonly string[]
  readonly revision: string
}

export interface DecisionParts {
  readonly config: Config
  readonly store: Store
  readonly compiled: CompiledPolicies
  readonly tenancy: Tenancy
  readonly observer: Observer
  readonly clock: Clock
}

export async function startDecisionApp(parts: DecisionParts): Promise<DecisionApp> {
  const { config, store, compiled, tenancy, observer, clock } = parts
  await using started = new AsyncDisposableStack()
  const tenants = tenancy.tenants.map(({ key }) => key)

  const policies = new ActivePolicies(compiled.load, (tenant, { rules, revision }) => {
    cache.keepAttributes(policies.attributesRead())
    const { version, applications } = rules
    const counts = { rules: rules.rules.length, applications: applications.size }
    observer.policyActivated({ tenant, version, revision, ...counts })
  })
  const feed = followFeed(store, clock, (error) => observer.feedFailed({ error }))
  const cache = started.use(
    new DirectoryCache(store, feed, clock, observer, {
      principalsMax: config.cache.principals,
      warms: config.cache.warm,
      directories: tenancy.directories.map(({ id }) => id),
      tenants,
      preparePolicy: (tenant) => policies.prepare(tenant),
    }),
  )
  const vouch = started.use(store.enlist(() => cache.applied))
  const stop = new AbortController()
  const { staging } = store
  const staged = { staging, compiled, policies, cache, process: vouch.id, tenants, clock }
  const watching: Promise<void>[] = []
  const following = followStaging(staged, stop.signal)
  started.defer(async () => {
    stop.abort()
    await Promise.all([following, ...watching])
  })
  // A store that is away holds up no start: until it is back everything blocks, and says why.
  const early = new AbortController()
  await Promise.race([cache.started, clock.sleep(loadMsMax, early.signal)])
  early.abort()

  const resolution = new DirectoryResolution(tenancy.directories)
  const decider = new Decider(
    cache,
    vouch,
    policies,
    resolution,
    clock,
    config.consistency.cacheableMs,
  )
  const admission = new Admission(observer)
  const connectors = new Connectors(connectorRows(config), tenants)
  const listen = await readListen(config.listen.grpc, 'listen.grpc.tls')
  const { extAuthz } = config
  const { reflection } = config.listen.grpc
  const grpc = started.use(
    await serveGrpc({
      ...{ decisions: decider, connectors, admission, observer },
      ...{ extAuthz, reflection, listen },
    }),
  )
  const listenAuthzen = await readListen(config.listen.authzen, 'listen.authzen.tls')
  const authzen = started.use(
    await serveAuthzen({
      admission,
      decisions: decider,
      catalogue: new Catalogue(policies),
      listSubjects: subjectList(store, tenancy, resolution),
      connectors,
      obligationTypes,
      listen: listenAuthzen,
      publicUrl: config.listen.authzen.publicUrl,
      observer,
    }),
  )
  const isOver = (open: Connection) => isOvertaken(connectors, open)
  const reload = new ConnectorReload({
    config,
    connectors,
    replaced: () => {
      grpc.endConnections(isOver)
      authzen.endConnections(isOver)
    },
    observer,
    clock,
  })
  watching.push(reload.watch(stop.signal))
  for (const [listener, server, first] of [
    ['grpc', grpc, listen.tls],
    ['authzen', authzen, listenAuthzen.tls],
  ] as const) {
    const { replaceTls: replace } = server
    const tls = { listener, listen: config.listen[listener], first, replace }
    watching.push(keepTls(tls, observer, clock, stop.signal))
  }
  const withoutPolicy = () => tenants.filter((tenant) => policies.rulesOf(tenant) === undefined)
  const trouble = () => {
    const look = vouch.lastLook(cache.applied)
    const troubles = troublesOf(cache, look, tenants, withoutPolicy())
    const strict = tenancy.directories.filter(({ graceMs }) => vouch.staleForMs() > graceMs)
    if (look !== 'stale' || strict.length === 0) return troubles
    const names = strict.map(({ id }) => id).join(', ')
    return [...troubles, `the lease is over: every decision on ${names} blocks`]
  }
  const isConfirmed = () => vouch.lastLook(cache.applied) !== 'unavailable'
  observer.gauges(() => {
    const { principals, hits, misses, held } = cache.statistics
    return {
      revision: cache.applied.revision,
      ageSeconds: Math.max(vouch.ageMs(), cache.ageMs(isConfirmed())) / 1000,
      cachedPrincipals: principals,
      cacheHits: hits,
      cacheMisses: misses,
      heldRevocations: held,
      inFlight: admission.inFlight,
      ready: trouble().length === 0,
    }
  })
  const all = started.move()
  return {
    grpc,
    authzen,
    trouble,
    tenantsWithoutPolicy: withoutPolicy,
    get warnings() {
      return reload.troubles
    },
    get revision() {
      return cache.revisionToken
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** Longer than reading a million users' groups takes. */
const loadMsMax = 5_000

function troublesOf(
  cache: DirectoryCache,
  look: 'current' | 'behind' | 'stale' | 'unavailable',
  tenants: readonly TenantId[],
  withoutPolicy: readonly TenantId[],
): readonly string[] {
  const troubles: string[] = []
  if (!cache.loaded) troubles.push('the directory is being read from the store')
  if (look === 'unavailable') troubles.push('memory cannot be confirmed: every decision blocks')
  if (withoutPolicy.length === tenants.length) troubles.push('no tenant has a policy')
  return troubles
}
