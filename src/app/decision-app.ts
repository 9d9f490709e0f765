import type { AuthzenServer } from '../authzen/authzen.ts'
import { DirectoryCache } from '../cache/directory-cache.ts'
import type { Config } from '../config/config.ts'
import { ActivePolicies } from '../decision/active-policies.ts'
import { Catalogue } from '../decision/catalogue.ts'
import { Decider } from '../decision/decider.ts'
import { DirectoryResolution } from '../decision/subject.ts'
import type { TenantId } from '../directory/directory.ts'
import { followFeed } from '../feed/feed.ts'
import type { GrpcServer } from '../grpc/grpc.ts'
import type { Observer } from '../observe/observe.ts'
import type { Clock } from '../std/clock.ts'
import type { Store } from '../store/store.ts'
import type { CompiledPolicies } from './compiled-policies.ts'
import { openDecisionFronts } from './decision-fronts.ts'
import type { Tenancy } from './house.ts'
import { followStaging } from './staging.ts'
import { subjectList } from './subject-list.ts'

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
  const following = followStaging(staged, stop.signal)
  started.defer(async () => {
    stop.abort()
    await following
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
  const fronts = started.use(
    await openDecisionFronts({
      ...{ config, tenants, observer, clock },
      decisions: decider,
      catalogue: new Catalogue(policies),
      listSubjects: subjectList(store, tenancy, resolution),
    }),
  )
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
      inFlight: fronts.inFlight,
      ready: trouble().length === 0,
    }
  })
  const all = started.move()
  return {
    grpc: fronts.grpc,
    authzen: fronts.authzen,
    trouble,
    tenantsWithoutPolicy: withoutPolicy,
    get warnings() {
      return fronts.warnings
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
