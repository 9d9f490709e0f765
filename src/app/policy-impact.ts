import { readFile } from 'node:fs/promises'
import type { Config } from '../config/config.ts'
import type { TenantId } from '../directory/directory.ts'
import { Impact, ImpactCounts, type Surroundings } from '../insight/impact.ts'
import { LiveSubjects } from '../insight/live-subjects.ts'
import { type RecordedChange, replayAttempts } from '../insight/replay.ts'
import { changedApplications } from '../policy/changed-applications.ts'
import {
  type CheckedPolicy,
  parsePolicyDocument,
  policyDocument,
} from '../policy/checked-policy.ts'
import { compilePolicy } from '../policy/compile.ts'
import type { RuleSet } from '../policy/policy.ts'
import { systemClock } from '../std/clock.ts'
import type { Store } from '../store/store.ts'
import { openHouseStore, type Tenancy, tenancyOf } from './house.ts'
import { readPolicyFile } from './policy-file.ts'
import { Registries } from './registries.ts'

/** Two versions of a tenant's rules: `active`, the start of a version's hash, or a path. */
export interface Comparison {
  readonly config: Config
  readonly tenant: string
  readonly before: string
  readonly after: string
}

export interface ImpactReport {
  readonly before: string
  readonly after: string
  /** Applications that were looked at: the others have the same rules. */
  readonly applications: number
  readonly classes: number
  readonly counts: ImpactCounts
}

/** Neither a version that the store has, nor a file. */
export class VersionUnknown extends Error {
  override readonly name = 'VersionUnknown'
  readonly code = 'POLICY_VERSION_UNKNOWN'

  constructor(wanted: string, known: readonly string[]) {
    const there = known.length === 0 ? 'none was ever published' : `there are ${known.join(', ')}`
    super(`no version \`${wanted}\` and no such file; ${there}`)
  }
}

/**
 * Every answer that changes between two versions, over all users of the store and all applications
 * whose rules differ. @throws {PolicyFileError} {@link VersionUnknown} {@link StoreUnavailable}
 */
export async function comparePolicies(
  comparison: Comparison,
  surroundings: readonly Surroundings[],
  progress: (users: number, all: number) => void,
): Promise<ImpactReport> {
  await using opened = await openBoth(comparison)
  const { store, tenancy, tenant, before, after } = opened
  const changed = changedApplications(before.policy, after.policy)
  const parts = { tenant, before: before.rules, after: after.rules, surroundings }
  const impact = new Impact(parts, changed)
  const counts = new ImpactCounts()
  const subjects = await LiveSubjects.of(store)
  const own = tenancy.directories.filter((directory) => directory.tenant === tenant)
  let all = 0
  for (const { id } of own) all += (await store.counts(id)).users
  for (const { id } of own) {
    for (let behind = -1; changed.length > 0; ) {
      const { principals } = await store.principals(id, behind, sliceSize)
      const last = principals.at(-1)
      if (last === undefined) break
      for (const row of principals) {
        const subject = subjects.subject(row)
        counts.note(subject, impact.flipsOf(subject), subjects.graphOf(id))
      }
      behind = last.ordinal
      progress(counts.users, all)
    }
  }
  const applications = changed.length
  const { version: old } = before.rules
  const { version: now } = after.rules
  return { before: old, after: now, applications, classes: impact.classes, counts }
}
const sliceSize = 1_000

/** Recorded attempts, one JSON object a line, decided again under both versions. */
export async function compareRecorded(
  comparison: Comparison,
  file: string,
): Promise<readonly RecordedChange[]> {
  await using opened = await openBoth(comparison)
  const { store, tenancy, tenant, before, after } = opened
  const lines = (await readFile(file, 'utf8')).split('\n')
  const subjects = await LiveSubjects.of(store)
  return await replayAttempts(lines, {
    ...{ tenant, before: before.rules, after: after.rules },
    directories: tenancy.directories,
    find: (userName, directory) => subjects.find(userName, directory),
    nowMs: systemClock.wallMs(),
  })
}

interface Version {
  readonly policy: CheckedPolicy
  readonly rules: RuleSet
}
interface Opened extends AsyncDisposable {
  readonly store: Store
  readonly tenancy: Tenancy
  readonly tenant: TenantId
  readonly before: Version
  readonly after: Version
}

async function openBoth({ config, tenant: id, before, after }: Comparison): Promise<Opened> {
  const tenancy = tenancyOf(config)
  const registries = new Registries(tenancy)
  const tenant = id as TenantId
  const vocabulary = registries.ofTenant(tenant)
  await using opening = new AsyncDisposableStack()
  const store = opening.use(await openHouseStore(config, systemClock, { mayWrite: false }))
  const load = async (wanted: string): Promise<Version> => {
    const document = await storedDocument(store, tenant, wanted)
    if (document !== undefined) {
      return { policy: parsePolicyDocument(document), rules: compilePolicy(document, vocabulary) }
    }
    const { policy } = await readPolicyFile(wanted, tenant, tenancy, registries)
    return { policy, rules: compilePolicy(policyDocument(policy), vocabulary) }
  }
  const both = { before: await load(before), after: await load(after) }
  const opened = opening.move()
  return { store, tenancy, tenant, ...both, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** Undefined: it is a path. */
async function storedDocument(
  store: Store,
  tenant: TenantId,
  wanted: string,
): Promise<string | undefined> {
  if (wanted === 'active') {
    const active = await store.policies.active(tenant)
    if (active === undefined) throw new VersionUnknown(wanted, [])
    return active.document
  }
  if (!/^[0-9a-f]{6,64}$/.test(wanted)) return undefined
  const history = await store.policies.history(tenant, historyMax)
  const found = history.find(({ version }) => version.startsWith(wanted))
  if (found !== undefined) return found.document
  throw new VersionUnknown(
    wanted,
    history.slice(0, 10).map(({ version }) => version.slice(0, 12)),
  )
}
const historyMax = 1_000
