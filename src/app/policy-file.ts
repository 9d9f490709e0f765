import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { PolicySource } from '../directory/change.ts'
import type { TenantId } from '../directory/directory.ts'
import type { CheckedPolicy } from '../policy/checked-policy.ts'
import { readPolicy } from '../policy/read.ts'
import { type Fault, printFaults } from '../std/fault.ts'
import type { Tenancy } from './house.ts'
import type { Registries } from './registries.ts'

/** A rule file cannot be used; the active version, if any, answers on. Show every fault. */
export class PolicyFileError extends Error {
  override readonly name = 'PolicyFileError'
  readonly code = 'POLICY_FILE_INVALID'
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    super(printFaults(faults))
    this.faults = faults
  }
}

export interface PolicyFile {
  readonly policy: CheckedPolicy
  readonly sources: readonly PolicySource[]
}

/** Reads and checks one tenant's rule file. @throws {PolicyFileError} with every fault. */
export async function readPolicyFile(
  file: string,
  tenant: TenantId,
  tenancy: Tenancy,
  registries: Registries,
): Promise<PolicyFile> {
  // Stored and shown to gateways' operators: the name tells which file, the path nothing more.
  const sources = [{ file: basename(file), text: await readSource(file) }]
  const directories = tenancy.directories
    .filter((directory) => directory.tenant === tenant)
    .map(({ id }) => id)
  const read = readPolicy(sources, { tenant, vocabulary: registries.ofTenant(tenant), directories })
  if (read.kind === 'faults') {
    throw new PolicyFileError(read.faults.map((fault) => ({ ...fault, file })))
  }
  return { policy: read.policy, sources }
}

async function readSource(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    const message = `cannot be read (${code}): see \`policy:\` of the tenant in the config`
    throw new PolicyFileError([{ file, line: 0, column: 0, message }])
  }
}
