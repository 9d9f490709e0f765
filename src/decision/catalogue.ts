import type { TenantId } from '../directory/directory.ts'
import type { ActivePolicies } from './active-policies.ts'
import { applicationOf, type Target } from './application.ts'

/**
 * What a tenant's active policy declares, for those who ask what there is rather than whether it is
 * allowed. Undefined: the tenant has no policy, so nothing is known.
 */
export class Catalogue {
  readonly #policies: Pick<ActivePolicies, 'rulesOf'>

  constructor(policies: Pick<ActivePolicies, 'rulesOf'>) {
    this.#policies = policies
  }

  /** Names of the applications of a type, in order. */
  applications(tenant: TenantId, type: string): readonly string[] | undefined {
    const rules = this.#policies.rulesOf(tenant)
    if (rules === undefined) return undefined
    const found = [...rules.applications.values()].filter((each) => each.type === type)
    return found.map(({ name }) => name).sort()
  }

  /** Names of what can be done with what is connected to, in order; none where it is unknown. */
  actions(tenant: TenantId, target: Target): readonly string[] | undefined {
    const rules = this.#policies.rulesOf(tenant)
    if (rules === undefined) return undefined
    return [...(applicationOf(rules, target)?.actions.keys() ?? [])].sort()
  }
}
