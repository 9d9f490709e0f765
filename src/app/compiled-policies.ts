import type { LoadedPolicy, PolicyLoader } from '../decision/active-policies.ts'
import type { TenantId } from '../directory/directory.ts'
import { compilePolicy } from '../policy/compile.ts'
import { PolicyDocumentError } from '../policy/errors.ts'
import type { RuleSet } from '../policy/policy.ts'
import type { Store } from '../store/store.ts'
import type { Registries } from './registries.ts'

/**
 * Compiles each version once. A process that publishes compiles before it commits, so that its own
 * decisions find the version ready when the log entry arrives.
 */
export class CompiledPolicies {
  readonly #store: Store
  readonly #registries: Pick<Registries, 'ofTenant'>
  readonly #compiled = new Map<string, RuleSet>()
  readonly #unreadable = new Map<TenantId, string>()

  constructor(store: Store, registries: Pick<Registries, 'ofTenant'>) {
    this.#store = store
    this.#registries = registries
  }

  /** A version is of one tenant: its hash is over the tenant's name too. */
  compile(tenant: TenantId, version: string, document: string): RuleSet {
    const known = this.#compiled.get(version)
    if (known !== undefined) return known
    const rules = compilePolicy(document, this.#registries.ofTenant(tenant))
    this.#compiled.set(version, rules)
    for (const oldest of this.#compiled.keys()) {
      if (this.#compiled.size <= versionsMax) break
      this.#compiled.delete(oldest)
    }
    return rules
  }

  /** Tenants whose active policy this process cannot compile: they block, and nobody else. */
  get faults(): readonly string[] {
    return [...this.#unreadable].map(([tenant, fault]) => `policy of tenant ${tenant}: ${fault}`)
  }

  readonly load: PolicyLoader = async (tenant): Promise<LoadedPolicy | undefined> => {
    const active = await this.#store.policies.active(tenant)
    this.#unreadable.delete(tenant)
    if (active === undefined) return undefined
    try {
      const rules = this.compile(tenant, active.version, active.document)
      return { rules, revision: active.revision }
    } catch (error) {
      if (!(error instanceof PolicyDocumentError)) throw error
      // Not the version before: what is active is not what that one says.
      this.#unreadable.set(tenant, error.message)
      return undefined
    }
  }
}

/** Enough for every tenant of a usual house and a version on its way in. */
const versionsMax = 64
