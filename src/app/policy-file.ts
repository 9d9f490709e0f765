import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { PolicySource } from '../directory/change.ts'
import type { TenantId } from '../directory/directory.ts'
import type { CheckedPolicy } from '../policy/checked-policy.ts'
import { type PolicyTest, readTestFile } from '../policy/policy-test.ts'
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
  /** Those in the rule files, and in the files of tests beside them. */
  readonly tests: readonly PolicyTest[]
}

/**
 * Reads and checks one tenant's rule file, or the files of a folder in the order of their names.
 * @throws {PolicyFileError} with every fault.
 */
export async function readPolicyFile(
  path: string,
  tenant: TenantId,
  tenancy: Tenancy,
  registries: Registries,
): Promise<PolicyFile> {
  const { folder, rules } = await policyFiles(path)
  // Stored and shown to gateways' operators: the name tells which file, the path nothing more.
  const sources = await Promise.all(rules.map((name) => readSource(folder, name)))
  const directories = tenancy.directories
    .filter((directory) => directory.tenant === tenant)
    .map(({ id }) => id)
  const read = readPolicy(sources, { tenant, vocabulary: registries.ofTenant(tenant), directories })
  if (read.kind === 'faults') throw new PolicyFileError(inFolder(read.faults, folder))
  return { policy: read.policy, sources, tests: read.tests }
}

/** The tests of a tenant's rules: in their files, and beside them. @throws {PolicyFileError} */
export async function readPolicyTests(path: string): Promise<readonly PolicyTest[]> {
  const { folder, tests } = await policyFiles(path)
  const found: PolicyTest[] = []
  for (const name of tests) {
    const read = readTestFile(await readSource(folder, name))
    if ('faults' in read) throw new PolicyFileError(inFolder(read.faults, folder))
    found.push(...read)
  }
  return found
}

/** What a path in the config stands for. */
interface PolicyFiles {
  readonly folder: string
  /** Names in the folder, in order. */
  readonly rules: readonly string[]
  readonly tests: readonly string[]
}

/** A folder is all of its files; `NAME.tests.yaml` holds tests, of NAME.yaml or of the folder. */
export async function policyFiles(path: string): Promise<PolicyFiles> {
  const isFolder = await isDirectory(path)
  const folder = isFolder ? path : dirname(path)
  const names = (await namesIn(folder)).filter((name) => fileEnding.test(name)).sort()
  const tests = names.filter((name) => testEnding.test(name))
  if (!isFolder) {
    const stem = basename(path).replace(fileEnding, '')
    const own = tests.filter((name) => name.replace(testEnding, '') === stem)
    return { folder, rules: [basename(path)], tests: own }
  }
  const rules = names.filter((name) => !testEnding.test(name))
  if (rules.length > 0 && rules.length <= filesMax) return { folder, rules, tests }
  const message =
    rules.length === 0
      ? 'the folder holds no rule file: `*.yaml`, `*.yml` or `*.json`'
      : `the folder holds ${rules.length} rule files, at most ${filesMax} are read`
  throw new PolicyFileError([{ file: path, line: 0, column: 0, message }])
}

const fileEnding = /(?<!^)\.(ya?ml|json)$/
const testEnding = /\.tests\.(ya?ml|json)$/
/** More would be another way to write one file. */
const filesMax = 1_000

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    // Whoever reads it tells why.
    return false
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.'))
  } catch {
    return []
  }
}

/** Faults of files by name, at the path that they were read from. */
export async function placed(faults: readonly Fault[], path: string): Promise<readonly Fault[]> {
  return inFolder(faults, (await policyFiles(path)).folder)
}

function inFolder(faults: readonly Fault[], folder: string): readonly Fault[] {
  return faults.map((fault) => ({ ...fault, file: join(folder, fault.file) }))
}

async function readSource(folder: string, name: string): Promise<PolicySource> {
  const path = join(folder, name)
  try {
    return { file: name, text: await readFile(path, 'utf8') }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    const message = `cannot be read (${code}): see \`policy:\` of the tenant in the config`
    throw new PolicyFileError([{ file: path, line: 0, column: 0, message }])
  }
}
