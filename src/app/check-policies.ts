import type { Config } from '../config/config.ts'
import type { TenantId } from '../directory/directory.ts'
import type { CheckedPolicy } from '../policy/checked-policy.ts'
import type { Finding } from '../policy/lint/finding.ts'
import { systemClock } from '../std/clock.ts'
import { openHouseStore, tenancyOf } from './house.ts'
import { directoryFindings, staticFindings } from './judge-policy.ts'
import { readPolicyFile } from './policy-file.ts'
import { Registries } from './registries.ts'

export interface CheckedFile {
  readonly tenant: string
  /** File or folder. */
  readonly file: string
  readonly policy: CheckedPolicy
  readonly findings: readonly Finding[]
}

/**
 * Reads, checks and lints the rule files of every tenant, or one; nothing is published. `live`: the
 * directory of the store that the config names is looked at, too. @throws {PolicyFileError}
 */
export async function checkPolicies(
  config: Config,
  only?: { readonly file: string; readonly tenant: string },
  live = false,
): Promise<readonly CheckedFile[]> {
  const tenancy = tenancyOf(config)
  const registries = new Registries(tenancy)
  const parts = { tenancy, registries, nowMs: systemClock.wallMs() }
  const files = tenancy.tenants.flatMap(({ id, policy }) =>
    policy === undefined ? [] : [{ tenant: id, file: policy }],
  )
  await using store = live
    ? await openHouseStore(config, systemClock, { mayWrite: false })
    : undefined
  const checked: CheckedFile[] = []
  for (const { tenant: id, file } of only === undefined ? files : [only]) {
    const tenant = id as TenantId
    const { policy } = await readPolicyFile(file, tenant, tenancy, registries)
    const found = staticFindings(policy, tenant, parts)
    const seen = store === undefined ? [] : await directoryFindings(policy, tenant, parts, store)
    checked.push({ tenant: id, file, policy, findings: [...found, ...seen] })
  }
  return checked
}
