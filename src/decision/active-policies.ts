import type { TenantId } from '../directory/directory.ts'
import type { RuleSet } from '../policy/policy.ts'

/** Finds the tenant's active policy where it lives; undefined: none was ever published. */
export type PolicyLoader = (tenant: TenantId) => Promise<LoadedPolicy | undefined>
export interface LoadedPolicy {
  readonly rules: RuleSet
  /** Revision at which it was published. */
  readonly revision: number
}

/** The policy that each tenant's decisions use. Reads are synchronous; a swap is one assignment. */
export class ActivePolicies {
  readonly #load: PolicyLoader
  readonly #onSwap: (tenant: TenantId, policy: LoadedPolicy) => void
  readonly #active = new Map<TenantId, LoadedPolicy>()

  constructor(load: PolicyLoader, onSwap: (tenant: TenantId, policy: LoadedPolicy) => void) {
    this.#load = load
    this.#onSwap = onSwap
  }

  rulesOf(tenant: TenantId): RuleSet | undefined {
    return this.#active.get(tenant)?.rules
  }

  /** Every attribute that some tenant's policy reads. */
  attributesRead(): ReadonlySet<string> {
    const all = new Set<string>()
    for (const { rules } of this.#active.values()) {
      for (const attribute of rules.attributesRead) all.add(attribute)
    }
    return all
  }

  /** Loads now; `swap` puts the policy into use, or ends what is no longer there. */
  async prepare(tenant: TenantId): Promise<{ readonly revision: number; swap(): void }> {
    const loaded = await this.#load(tenant)
    const swap = () => {
      const active = this.#active.get(tenant)
      if (loaded === undefined) {
        this.#active.delete(tenant)
        return
      }
      // Not the revision alone: in a restored history it may have published something else.
      const same = loaded.rules.version === active?.rules.version
      if (same && loaded.revision === active?.revision) return
      this.#active.set(tenant, loaded)
      this.#onSwap(tenant, loaded)
    }
    return { revision: loaded?.revision ?? 0, swap }
  }
}
