import { Counter, collectDefaultMetrics, Gauge, Registry } from '@prometheus-io/client'
import { CheapHistogram } from './cheap-histogram.ts'
import type { Gauges } from './observe.ts'

/** Every metric there is, by its name in the register of the documentation. */
export interface Metrics {
  /** What a scrape returns: Prometheus text, of this process and of others' snapshots together. */
  text(others?: readonly MetricsSnapshot[]): Promise<string>
  /** What another process adds to its text. */
  snapshot(): Promise<MetricsSnapshot>
  readonly contentType: string
  decided(effect: string, reason: string, seconds: number): void
  policyActivated(tenant: string, version: string, revision: number): void
  readGauges(read: () => Gauges): void
  readonly shadowDecisions: Counter<'tenant' | 'rule' | 'effect' | 'answered'>
  readonly scimRequests: Counter<'op' | 'code'>
  readonly scimAuthFailures: Counter<string>
  readonly connectionsRefused: Counter<'listener' | 'why'>
  readonly callsRefused: Counter<string>
  readonly shed: Counter<'why'>
  readonly connectorsReloadOk: Gauge<string>
  readonly certReloadOk: Gauge<'listener'>
  readonly certExpiry: Gauge<'listener'>
  readonly errors: Counter<'room'>
  readonly restarts: Counter<string>
  readonly ingestFailures: Counter<string>
  readonly workerFailures: Counter<string>
  readonly writesLost: Counter<string>
  readonly storeDurabilityOk: Gauge<string>
  readonly configReloadOk: Gauge<'tenant'>
  readonly policyFindings: Gauge<'tenant'>
  readonly policyGroupFindings: Gauge<'tenant'>
}

/** Plain data, as the library makes and takes it. */
export type MetricsSnapshot = object

/** How one gauge is told of several processes: as the one that is worst off would tell it. */
type Together = 'min' | 'max' | 'sum' | 'first'

export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, prefix: 'sallyport_' })
  const counter = <Label extends string = string>(
    name: string,
    help: string,
    labelNames: Label[] = [],
  ) => new Counter<Label>({ name: `sallyport_${name}`, help, labelNames, registers })
  const gauge = <Label extends string = string>(
    name: string,
    help: string,
    labelNames: Label[] = [],
    aggregator: Together = 'min',
  ) => new Gauge<Label>({ name: `sallyport_${name}`, help, labelNames, registers, aggregator })

  // A labelled increment costs more than a decision: counts are kept here and told at a scrape.
  const counts = new Map<string, Count>()
  new Counter({
    name: 'sallyport_decisions_total',
    help: 'Decisions by effect and reason.',
    labelNames: ['effect', 'reason'],
    registers,
    collect() {
      this.reset()
      for (const { effect, reason, total } of counts.values()) this.inc({ effect, reason }, total)
    },
  })
  const duration = new CheapHistogram({
    name: 'sallyport_decision_duration_seconds',
    help: 'Time a decision took in this process, from the parsed request to the answer.',
    buckets: decisionBuckets,
    registers,
  })
  const policyRevision = gauge('policy_revision', 'Revision of the active policy.', ['tenant'])
  const policyInfo = gauge(
    'policy_info',
    'The active policy; always 1.',
    ['tenant', 'version'],
    'first',
  )
  gauge('build_info', 'The running version; always 1.', ['version']).set({ version }, 1)

  const connectorsReloadOk = gauge('connectors_reload_ok', '0: the config on disk is refused.')
  connectorsReloadOk.set(1)

  const activeVersions = new Map<string, string>()
  const countOf = (effect: string, reason: string): Count => {
    const key = `${effect} ${reason}`
    const known = counts.get(key)
    if (known !== undefined) return known
    const count = { effect, reason, total: 0 }
    counts.set(key, count)
    return count
  }
  /** Most decisions are like the one before. */
  let last: Count | undefined
  return {
    text: async (others = []) => {
      if (others.length === 0) return await registry.metrics()
      const own = await registry.getMetricsAsJSON()
      return await Registry.aggregate([own, ...others]).metrics()
    },
    snapshot: () => registry.getMetricsAsJSON(),
    contentType: registry.contentType,
    decided: (effect, reason, seconds) => {
      duration.count(seconds)
      if (last?.effect !== effect || last.reason !== reason) last = countOf(effect, reason)
      last.total++
    },
    policyActivated: (tenant, active, revision) => {
      policyRevision.set({ tenant }, revision)
      policyInfo.remove({ tenant, version: activeVersions.get(tenant) ?? '' })
      activeVersions.set(tenant, active)
      policyInfo.set({ tenant, version: active }, 1)
    },
    readGauges: (read) => addScrapedGauges(registry, read),
    shadowDecisions: counter(
      'shadow_decisions_total',
      'Decisions that a shadow rule would have made.',
      ['tenant', 'rule', 'effect', 'answered'],
    ),
    scimRequests: counter('scim_requests_total', 'SCIM requests.', ['op', 'code']),
    scimAuthFailures: counter('scim_auth_failures_total', 'SCIM requests with no valid token.'),
    connectionsRefused: counter('connections_refused_total', 'Connections ended before a call.', [
      'listener',
      'why',
    ]),
    callsRefused: counter('calls_refused_total', 'Calls of gateways that may not make them.'),
    shed: counter('shed_total', 'Calls not taken on, to answer the others in time.', ['why']),
    connectorsReloadOk,
    certReloadOk: gauge('cert_reload_ok', '0: the certificate files on disk are refused.', [
      'listener',
    ]),
    certExpiry: gauge('cert_expiry_seconds', 'End of the certificate in use, since 1970.', [
      'listener',
    ]),
    errors: counter('decision_errors_total', 'Internal errors by room.', ['room']),
    restarts: counter('feed_started_again_total', 'Times that memory was dropped and read anew.'),
    ingestFailures: counter('scim_thread_failures_total', 'Faults that ended the SCIM thread.'),
    workerFailures: counter('worker_failures_total', 'Faults that ended a decision worker.'),
    writesLost: counter('directory_regressed', 'Times that acknowledged writes were lost.'),
    storeDurabilityOk: gauge('store_durability_ok', '0: the store may lose what it acknowledged.'),
    policyGroupFindings: gauge(
      'policy_group_findings',
      'Groups that the active policy names and that are not what it takes them for.',
      ['tenant'],
      'max',
    ),
    policyFindings: gauge(
      'policy_findings',
      'Findings of lint in the active policy.',
      ['tenant'],
      'max',
    ),
    configReloadOk: gauge('config_reload_ok', '0: the file on disk is refused.', ['tenant']),
  }
}

interface Count {
  readonly effect: string
  readonly reason: string
  total: number
}

/** 10 µs to 50 ms: what is slower is a fault, not a slow decision. */
const decisionBuckets = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
]

function addScrapedGauges(registry: Registry, read: () => Gauges): void {
  const scraped: readonly (readonly [string, string, Together, (now: Gauges) => number])[] = [
    ['directory_revision', 'Newest revision applied.', 'min', (now) => now.revision],
    ['directory_age_seconds', 'Age of what is in memory.', 'max', (now) => now.ageSeconds],
    ['cache_principals', 'Users in memory.', 'sum', (now) => now.cachedPrincipals],
    ['cache_hits_total', 'Look-ups answered from memory.', 'sum', (now) => now.cacheHits],
    ['cache_misses_total', 'Look-ups that read the store.', 'sum', (now) => now.cacheMisses],
    ['held_revocations', 'Users blocked by lost revocations.', 'max', (now) => now.heldRevocations],
    ['inflight', 'Decisions under way.', 'sum', (now) => now.inFlight],
    ['ready', 'Whether decisions are served.', 'min', (now) => (now.ready ? 1 : 0)],
  ]
  for (const [name, help, aggregator, value] of scraped) {
    new Gauge({
      name: `sallyport_${name}`,
      help,
      aggregator,
      registers: [registry],
      collect() {
        this.set(value(read()))
      },
    })
  }
}
