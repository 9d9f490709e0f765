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
  /** By version, oldest first; what is being compiled is in here, too. */
  readonly #compiled = new Map<string, Compiled>()
  #characters = 0
  readonly #unreadable = new Map<TenantId, string>()

  constructor(store: Store, workshop: Pick<PolicyWorkshop, 'compile'>) {
    this.#store = store
    this.#workshop = workshop
  }

  /** A version is of one tenant: its hash is over the tenant's name too. */
  compile(tenant: TenantId, version: string, document: string): Promise<RuleSet> {
    const known = this.#compiled.get(version)
    if (known !== undefined) return known.rules
    const rules = this.#workshop.compile(document, tenant)
    this.#compiled.set(version, { rules, characters: document.length })
    this.#characters += document.length
    rules.catch(() => this.#forget(version))
    for (const oldest of this.#compiled.keys()) {
      if (this.#characters <= charactersMax || this.#compiled.size <= versionsMin) break
      this.#forget(oldest)
    }
    return rules
  }

  #forget(version: string): void {
    this.#characters -= this.#compiled.get(version)?.characters ?? 0
    this.#compiled.delete(version)
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

interface Compiled {
  readonly rules: Promise<RuleSet>
  /** Of its document, which tells how large it is. */
  readonly characters: number
}

/** Thousands of small tenants, or a handful of 10,000 rules: some 100 MB once compiled. */
const charactersMax = 20_000_000
/** The active one and one on its way, however large. */
const versionsMin = 2
