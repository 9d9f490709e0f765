import { type Clock, toDateTime } from '../std/clock.ts'
import type { Trace } from '../std/trace-context.ts'
import type { Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'

/**
 * observe: what happened, told once.
 *
 * One function per event; each writes the log line and moves the metrics together, so that they
 * never disagree. No user is ever named in a metric label. Log lines name ids, not attribute
 * values, and control characters are escaped by the JSON encoding.
 *
 * Not here: deciding whether something is a problem (the rooms do), the decision log.
 */
export interface Observer {
  /** After the answer is out. `durationMs` is the time the decision took in this process. */
  decided(event: DecidedEvent): void
  /** A shadow rule would have decided, had it been enforced. */
  wouldHaveDecided(event: ShadowEvent): void
  scimRequest(event: ScimRequestEvent): void
  scimAuthFailed(event: { readonly directory: string | undefined; readonly reason: string }): void
  /** A connection was ended for what its peer did, or failed to do, before it could call. */
  connectionRefused(event: { readonly listener: string; readonly why: string }): void
  /** A gateway that is unknown or switched off. `connector` is empty: unknown. */
  callRefused(event: { readonly connector: string; readonly why: string }): void
  /** Calls that were not taken on, to keep answering the others in time. */
  shed(event: { readonly why: string }): void
  /** Rows of connectors are in force as the config file now has them. */
  connectorsReplaced(event: { readonly connectors: number }): void
  /** The config file cannot be used as it is now: the rows of before are in force. */
  connectorsRefused(event: { readonly faults: string }): void
  certificateReplaced(event: { readonly listener: string; readonly expiresMs: number }): void
  /** The files cannot be used, or should not be: the certificate of before is in use. */
  certificateRefused(event: { readonly listener: string; readonly error: unknown }): void
  /** A bug of ours, or a dependency's: the caller was told "internal error" and nothing more. */
  internalError(event: { readonly room: string; readonly error: unknown }): void
  policyActivated(event: PolicyEvent): void
  /** The file on disk cannot be published: the active version answers on. */
  policyRefused(event: { readonly tenant: string; readonly faults: string }): void
  /** What lint finds in a version that was published, errors aside. */
  policyLinted(event: { readonly tenant: string; readonly findings: readonly string[] }): void
  /** Groups that the active policy names and that are not what it takes them for; empty: none. */
  policyGroups(event: { readonly tenant: string; readonly findings: readonly string[] }): void
  /** The file on disk is what decisions follow. */
  policyAccepted(event: { readonly tenant: string }): void
  /** The log could not be read on from where we were: everything in memory was dropped. */
  startedAgain(event: {
    readonly cause: string
    /** Users who stay blocked since the store has lost a revocation of theirs. */
    readonly held: number
  }): void
  feedFailed(event: { readonly error: unknown }): void
  /** Acknowledged writes are lost: the store went on from an older state. Resync the provider. */
  writesLost(event: { readonly lostRevision: number; readonly sharedUpTo: number }): void
  /** The store is set up so that it may lose what it acknowledged; empty: it is not. */
  storeJudged(event: { readonly weaknesses: readonly string[] }): void
  /** The thread that serves SCIM ended by itself, or cannot start again; it is tried anew. */
  ingestFailed(event: { readonly error: unknown }): void
  /** A process that decides ended by itself, or cannot start again; it is tried anew. */
  workerFailed(event: { readonly place: number; readonly error: unknown }): void
  seeded(event: {
    readonly directory: string
    readonly users: number
    readonly groups: number
  }): void
  lifecycle(event: { readonly what: string; readonly [fact: string]: unknown }): void
  /** Read when metrics are scraped. */
  gauges(read: () => Gauges): void
}

export interface DecidedEvent {
  readonly tenant: string
  /** Which gateway asked; empty: somebody on this machine. */
  readonly connector: string
  readonly effect: 'allow' | 'block'
  readonly reason: string
  readonly rule: string
  readonly application: string
  /** SCIM id, never a name: log lines travel. */
  readonly subjectId: string
  readonly decisionId: string
  readonly unknown: readonly string[]
  readonly durationMs: number
  /** W3C trace context of the call, if it had one: trace and span id. */
  readonly trace: Trace | undefined
}
export interface ShadowEvent {
  readonly tenant: string
  readonly rule: string
  readonly effect: 'allow' | 'block'
  /** What was answered. */
  readonly answered: 'allow' | 'block'
  readonly application: string
  readonly subjectId: string
  readonly decisionId: string
}
export interface ScimRequestEvent {
  readonly directory: string | undefined
  /** `create`, `patch`, …: a small fixed set, since it becomes a label. */
  readonly operation: string
  readonly method: string
  readonly route: string
  readonly status: number
  readonly durationMs: number
  readonly detail: string | undefined
  /** What was ignored or coerced, in words. */
  readonly notes: readonly string[]
}
export interface PolicyEvent {
  readonly tenant: string
  readonly version: string
  readonly revision: number
  readonly rules: number
  readonly applications: number
}
export interface Gauges {
  readonly revision: number
  readonly ageSeconds: number
  readonly cachedPrincipals: number
  readonly cacheHits: number
  readonly cacheMisses: number
  readonly heldRevocations: number
  readonly inFlight: number
  readonly ready: boolean
}

export function createObserver(logger: Logger, metrics: Metrics, clock: Clock): Observer {
  const blockLines = new Sampler(blockLinesPerSecondMax, clock)
  const shadowLines = new Sampler(blockLinesPerSecondMax, clock)
  const authLines = new Sampler(authLinesPerSecondMax, clock)
  const connectionLines = new Sampler(authLinesPerSecondMax, clock)
  return {
    decided: (event) => {
      metrics.decided(event.effect, event.reason, event.durationMs / 1000)
      if (event.effect === 'allow') return
      const skipped = blockLines.take()
      if (skipped === undefined) return
      const { durationMs, trace, ...decided } = event
      const facts = { ...decided, ...(trace && { trace_id: trace.traceId, span_id: trace.spanId }) }
      logger.info({ event: 'block', ...facts, ...(skipped > 0 && { skipped }) }, 'blocked')
    },
    wouldHaveDecided: (event) => {
      const { tenant, rule, effect, answered } = event
      metrics.shadowDecisions.inc({ tenant, rule, effect, answered })
      const skipped = shadowLines.take()
      if (skipped === undefined) return
      const text = `shadow rule ${rule} would have decided ${effect}`
      logger.info({ event: 'shadow', ...event, ...(skipped > 0 && { skipped }) }, text)
    },
    scimRequest: (event) => {
      metrics.scimRequests.inc({ op: event.operation, code: String(event.status) })
      const level = event.status >= 500 ? 'error' : event.status >= 400 ? 'warn' : 'info'
      logger[level]({ event: 'scim', ...event }, `scim ${event.operation} ${event.status}`)
    },
    scimAuthFailed: (event) => {
      metrics.scimAuthFailures.inc()
      const skipped = authLines.take()
      if (skipped === undefined) return
      logger.warn({ event: 'scim-auth-failed', ...event, skipped }, 'SCIM request refused')
    },
    connectionRefused: (event) => {
      metrics.connectionsRefused.inc(event)
      const skipped = connectionLines.take()
      if (skipped === undefined) return
      const text = `connection to ${event.listener} refused: ${event.why}`
      logger.warn({ event: 'connection-refused', ...event, skipped }, text)
    },
    callRefused: (event) => {
      metrics.callsRefused.inc()
      const skipped = authLines.take()
      if (skipped === undefined) return
      logger.warn({ event: 'call-refused', ...event, skipped }, `call refused: ${event.why}`)
    },
    shed: ({ why }) => metrics.shed.inc({ why }),
    connectorsReplaced: (event) => {
      metrics.connectorsReloadOk.set(1)
      logger.info({ event: 'connectors-replaced', ...event }, 'connectors replaced')
    },
    connectorsRefused: (event) => {
      metrics.connectorsReloadOk.set(0)
      const text = 'config file refused, the connectors of before are in force'
      logger.error({ event: 'connectors-refused', ...event }, text)
    },
    certificateReplaced: ({ listener, expiresMs }) => {
      metrics.certReloadOk.set({ listener }, 1)
      metrics.certExpiry.set({ listener }, expiresMs / 1000)
      const expires = toDateTime(expiresMs)
      logger.info({ event: 'certificate', listener, expires }, `certificate of ${listener} in use`)
    },
    certificateRefused: ({ listener, error }) => {
      metrics.certReloadOk.set({ listener }, 0)
      const text = `certificate files of ${listener} are not good, what was in use before still is`
      logger.error({ event: 'certificate-refused', listener, err: error }, text)
    },
    internalError: ({ room, error }) => {
      metrics.errors.inc({ room })
      logger.error({ event: 'internal-error', room, err: error }, 'internal error')
    },
    policyActivated: (event) => {
      metrics.policyActivated(event.tenant, event.version, event.revision)
      logger.info({ event: 'policy-activated', ...event }, 'policy activated')
    },
    policyRefused: ({ tenant, faults }) => {
      metrics.configReloadOk.set({ tenant }, 0)
      const text = `policy file of tenant ${tenant} refused, the active version answers on`
      logger.error({ event: 'policy-refused', tenant, faults }, text)
    },
    policyLinted: ({ tenant, findings }) => {
      metrics.policyFindings.set({ tenant }, findings.length)
      if (findings.length === 0) return
      const text = `policy of tenant ${tenant}: ${findings.length} findings, see policy check`
      const first = findings.slice(0, findingsToldMax)
      logger.warn({ event: 'policy-linted', tenant, findings: first }, text)
    },
    policyGroups: ({ tenant, findings }) => {
      metrics.policyGroupFindings.set({ tenant }, findings.length)
      if (findings.length === 0) return
      const groups = `${findings.length} groups are not what it takes them for`
      const text = `policy of tenant ${tenant}: ${groups}`
      const first = findings.slice(0, findingsToldMax)
      logger.warn({ event: 'policy-groups', tenant, findings: first }, text)
    },
    policyAccepted: ({ tenant }) => metrics.configReloadOk.set({ tenant }, 1),
    startedAgain: (event) => {
      metrics.restarts.inc()
      logger.warn({ event: 'feed-started-again', ...event }, 'memory dropped, reading anew')
    },
    feedFailed: ({ error }) =>
      logger.error(
        { event: 'feed-failed', err: error },
        'the log cannot be followed, trying again',
      ),
    writesLost: (event) => {
      metrics.writesLost.inc()
      const text = 'acknowledged writes are lost: let the identity provider send everything again'
      logger.error({ event: 'writes-lost', ...event }, text)
    },
    storeJudged: ({ weaknesses }) => {
      metrics.storeDurabilityOk.set(weaknesses.length === 0 ? 1 : 0)
      for (const weakness of weaknesses) {
        logger.warn({ event: 'store-weakness', weakness }, `store: ${weakness}`)
      }
    },
    ingestFailed: ({ error }) => {
      metrics.ingestFailures.inc()
      const text = 'SCIM is not served, decisions go on: its thread is being started again'
      logger.error({ event: 'ingest-failed', err: error }, text)
    },
    workerFailed: ({ place, error }) => {
      metrics.workerFailures.inc()
      const text = `decision worker ${place + 1} is not there, it is being started again`
      logger.error({ event: 'worker-failed', place, err: error }, text)
    },
    seeded: (event) => logger.info({ event: 'seeded', ...event }, 'directory filled from its seed'),
    lifecycle: ({ what, ...facts }) => logger.info({ event: what, ...facts }, what),
    gauges: (read) => metrics.readGauges(read),
  }
}

/** A line of the log holds so many. */
const findingsToldMax = 20
/** Enough to see that something blocks and why, too little to fill a disk. */
const blockLinesPerSecondMax = 20
const authLinesPerSecondMax = 5

/** Lets so many events a second through and counts the others. */
class Sampler {
  readonly #perSecond: number
  readonly #clock: Clock
  #second = -1
  #taken = 0
  #skipped = 0

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#clock = clock
  }

  /** Undefined: leave this one out. Otherwise how many were left out since the last one. */
  take(): number | undefined {
    const second = Math.floor(this.#clock.monotonicMs() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#taken = 0
    }
    if (this.#taken >= this.#perSecond) {
      this.#skipped++
      return undefined
    }
    this.#taken++
    const skipped = this.#skipped
    this.#skipped = 0
    return skipped
  }
}
