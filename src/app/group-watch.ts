import type { TenantId } from '../directory/directory.ts'
import { judge } from '../feed/chain.ts'
import { namedGroups } from '../insight/policy-findings.ts'
import type { Observer } from '../observe/observe.ts'
import { type CheckedPolicy, parsePolicyDocument } from '../policy/checked-policy.ts'
import type { Clock } from '../std/clock.ts'
import { StoreUnavailable } from '../store/errors.ts'
import type { Position } from '../store/position.ts'
import type { Store } from '../store/store.ts'
import { directoryFindings, type JudgeParts } from './judge-policy.ts'

export interface GroupWatchParts extends Omit<JudgeParts, 'nowMs'> {
  readonly store: Store
  readonly observer: Observer
  readonly clock: Clock
}

/**
 * Holds the groups that active policies name against the directory, at the start and whenever the
 * log tells of a group or a policy: a group that is renamed overnight is told at once. It changes
 * nothing.
 */
export class GroupWatch {
  readonly #parts: GroupWatchParts
  readonly #told = new Map<TenantId, readonly string[]>()

  constructor(parts: GroupWatchParts) {
    this.#parts = parts
  }

  /** What is wrong with the groups of active policies now. */
  get findings(): readonly string[] {
    return [...this.#told].flatMap(([tenant, messages]) =>
      messages.map((message) => `policy of tenant ${tenant}: ${message}`),
    )
  }

  /** Looks until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock, observer, store } = this.#parts
    let at: Position | undefined
    while (!signal.aborted) {
      try {
        const from: Position | undefined = at
        const head: Position = from === undefined ? await store.position() : from
        const next = from === undefined ? undefined : await this.#read(from)
        if (next === undefined || next.isTouched) await this.#look()
        at = next?.at ?? head
      } catch (error) {
        // A store that is away is told of elsewhere; a policy of a newer version, too.
        if (!(error instanceof StoreUnavailable)) observer.internalError({ room: 'app', error })
        at = undefined
      }
      await clock.sleep(watchMs, signal)
    }
  }

  /** How far the log goes, and whether it tells of a group or a policy. */
  async #read(from: Position): Promise<{ readonly at: Position; readonly isTouched: boolean }> {
    let [at, isTouched] = [from, false]
    for (;;) {
      const slice = await this.#parts.store.readLog(at, sliceMax, 0)
      const judged = judge(slice, at)
      if (judged.kind === 'broken') return { at: slice.head, isTouched: true }
      isTouched ||= slice.entries.some(({ effect: { of } }) => of === 'group' || of === 'policy')
      if (slice.entries.length === 0) return { at, isTouched }
      at = judged.at
    }
  }

  async #look(): Promise<void> {
    const { store, tenancy, observer, clock } = this.#parts
    for (const { key: tenant } of tenancy.tenants) {
      const policy = await this.#policyOf(tenant)
      const isAsking = policy !== undefined && namedGroups(policy).size > 0
      const parts = { ...this.#parts, nowMs: clock.wallMs() }
      const found = isAsking ? await directoryFindings(policy, tenant, parts, store) : []
      const messages = found.map(({ message }) => message)
      if (messages.join('\n') === (this.#told.get(tenant) ?? []).join('\n')) continue
      this.#told.set(tenant, messages)
      observer.policyGroups({ tenant, findings: messages })
    }
  }

  async #policyOf(tenant: TenantId): Promise<CheckedPolicy | undefined> {
    const active = await this.#parts.store.policies.active(tenant)
    return active && parsePolicyDocument(active.document)
  }
}

/** A sync of thousands of groups is looked at once in that time. */
const watchMs = 2_000
const sliceMax = 1_000
