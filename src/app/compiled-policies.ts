import type { LoadedPolicy, PolicyLoader } from '../decision/active-policies.ts'
import type { TenantId } from '../directory/directory.ts'
import { PolicyDocumentError } from '../policy/errors.ts'
import type { RuleSet } from '../policy/policy.ts'
import type { Store } from '../store/store.ts'
import type { PolicyWorkshop } from './policy-workshop.ts'

/**
 * Compiles each version once. A process that publishes compiles before it commits, so that its own
 * decisions find the version ready when the log entry arrives.
 */
export class CompiledPolicies {
  readonly #store: Store
  readonly #workshop: Pick<PolicyWorkshop, 'compile'>
  /** By version; what is being compiled is in here, too. */
  readonly #compiled = new Map<string, Promise<RuleSet>>()
  readonly #unreadable = new Map<TenantId, string>()

  constructor(store: Store, workshop: Pick<PolicyWorkshop, 'compile'>) {
    this.#store = store
    this.#workshop = workshop
  }

  /** A version is of one tenant: its hash is over the tenant's name too. */
  compile(tenant: TenantId, version: string, document: string): Promise<RuleSet> {
    const known = this.#compiled.get(version)
    if (known !== undefined) return known
    const compiling = this.#workshop.compile(document, tenant)
    this.#compiled.set(version, compiling)
    compiling.catch(() => this.#compiled.delete(version))
    for (const oldest of this.#compiled.keys()) {
      if (this.#compiled.size <= versionsMax) break
      this.#compiled.delete(oldest)
    }
    return compiling
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
      const rules = await this.compile(tenant, active.version, active.document)
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
