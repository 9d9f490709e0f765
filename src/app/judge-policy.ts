import type { TenantId } from '../directory/directory.ts'
import { liveFindings } from '../insight/policy-findings.ts'
import type { CheckedPolicy } from '../policy/checked-policy.ts'
import type { Finding } from '../policy/lint/finding.ts'
import { printFindings } from '../policy/lint/finding.ts'
import { lintPolicy } from '../policy/lint/lint.ts'
import type { Store } from '../store/store.ts'
import type { Tenancy } from './house.ts'
import type { Registries } from './registries.ts'

/** Rules that are valid and must not be published as they are. Show every finding. */
export class PolicyRefused extends Error {
  override readonly name = 'PolicyRefused'
  readonly code = 'POLICY_REFUSED'
  readonly findings: readonly Finding[]

  constructor(findings: readonly Finding[]) {
    super(printFindings(findings))
    this.findings = findings
  }
}

export interface JudgeParts {
  readonly tenancy: Tenancy
  readonly registries: Registries
  readonly nowMs: number
}

/** What lint finds in the rules alone. */
export function staticFindings(
  policy: CheckedPolicy,
  tenant: TenantId,
  { tenancy, registries, nowMs }: JudgeParts,
  previous?: CheckedPolicy,
): readonly Finding[] {
  const gateways = tenancy.connectors.filter((connector) => connector.tenant === tenant)
  const vocabulary = registries.ofTenant(tenant)
  return lintPolicy(policy, { vocabulary, nowMs, previous, gateways })
}

/** What it finds in the rules and the directory as it is now. @throws {StoreUnavailable} */
export async function directoryFindings(
  policy: CheckedPolicy,
  tenant: TenantId,
  { tenancy }: JudgeParts,
  store: Store,
  options: { readonly sizes?: boolean } = {},
): Promise<readonly Finding[]> {
  const own = tenancy.directories.filter((directory) => directory.tenant === tenant)
  const written = []
  // Of a directory that nobody ever wrote to, every group would be unknown.
  for (const { id } of own) if ((await store.counts(id)).lastRevision > 0) written.push(id)
  return written.length === 0 ? [] : await liveFindings(policy, store, written, options)
}

/** Errors that nobody has accepted by their number. */
export function refusals(
  findings: readonly Finding[],
  accepted: readonly number[] = [],
): readonly Finding[] {
  return findings.filter(
    ({ severity, number }) => severity === 'error' && !accepted.includes(number),
  )
}
