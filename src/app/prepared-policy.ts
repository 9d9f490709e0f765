import type { PolicySource } from '../directory/change.ts'
import type { TenantId } from '../directory/directory.ts'
import { policyDocument, policyVersion } from '../policy/checked-policy.ts'
import type { Finding } from '../policy/lint/finding.ts'
import type { Tenancy } from './house.ts'
import { staticFindings } from './judge-policy.ts'
import { readPolicyFile } from './policy-file.ts'
import type { Registries } from './registries.ts'

/** Rule files that were read, checked and linted: plain data, which passes between threads. */
export interface PreparedPolicy {
  readonly version: string
  readonly document: string
  readonly sources: readonly PolicySource[]
  /** Of lint, in the rules alone. */
  readonly findings: readonly Finding[]
}

export interface PrepareParts {
  readonly tenancy: Tenancy
  readonly registries: Registries
}

/** @throws {PolicyFileError} with every fault */
export async function preparePolicyFile(
  path: string,
  tenant: TenantId,
  { tenancy, registries }: PrepareParts,
  nowMs: number,
): Promise<PreparedPolicy> {
  const { policy, sources } = await readPolicyFile(path, tenant, tenancy, registries)
  return {
    version: policyVersion(policy),
    document: policyDocument(policy),
    sources,
    findings: staticFindings(policy, tenant, { tenancy, registries, nowMs }),
  }
}
