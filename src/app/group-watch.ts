import type { TenantId } from '../directory/directory.ts'
import { namedGroups } from '../insight/policy-findings.ts'
import type { Observer } from '../observe/observe.ts'
import { type CheckedPolicy, parsePolicyDocument } from '../policy/checked-policy.ts'
import type { Clock } from '../std/clock.ts'
import { StoreUnavailable } from '../store/errors.ts'
import { type Position, samePosition } from '../store/position.ts'
import type { Store } from '../store/store.ts'
import { directoryFindings, type JudgeParts } from './judge-policy.ts'

export interface GroupWatchParts extends Omit<JudgeParts, 'nowMs'> {
  readonly store: Store
  readonly observer: Observer
  readonly clock: Clock
}

/**
 * Holds the groups that active policies name against the directory, at the start and while it
 * changes: a group that is renamed overnight is told within seconds. It changes nothing, and leaves
 * the log to the follower of its process, whose leave to decide depends on what it reads.
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
    let looked: Position | undefined
    while (!signal.aborted) {
      try {
        const at = await store.position()
        if (looked === undefined || !samePosition(at, looked)) await this.#look()
        looked = at
      } catch (error) {
        // A store that is away is told of elsewhere; a policy of a newer version, too.
        if (!(error instanceof StoreUnavailable)) observer.internalError({ room: 'app', error })
      }
      await clock.sleep(watchMs, signal)
    }
  }

  async #look(): Promise<void> {
    const { store, tenancy, observer, clock } = this.#parts
    for (const { key: tenant } of tenancy.tenants) {
      const policy = await this.#policyOf(tenant)
      const isAsking = policy !== undefined && namedGroups(policy).size > 0
      const parts = { ...this.#parts, nowMs: clock.wallMs() }
      // Counting members again and again would keep the store busy.
      const found = isAsking
        ? await directoryFindings(policy, tenant, parts, store, { sizes: false })
        : []
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

/** While an identity provider sends thousands of changes, all groups are read once in that time. */
const watchMs = 5_000
