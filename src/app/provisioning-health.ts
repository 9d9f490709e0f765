import { DirectoryResolution } from '../decision/subject.ts'
import type { TokenRecord } from '../directory/change.ts'
import type { SyncEntry, SyncTally } from '../directory/sync-entry.ts'
import { gatherFacts } from '../insight/directory-facts.ts'
import type { Diagnosis, DirectoryFacts } from '../insight/insight.ts'
import { diagnose } from '../insight/mapping-diagnosis.ts'
import type { Clock } from '../std/clock.ts'
import type { Store } from '../store/store.ts'
import type { Tenancy } from './house.ts'

/** How provisioning of one directory goes, for whoever administers it. */

export interface DirectoryLog {
  /** Oldest first. */
  readonly entries: readonly SyncEntry[]
  readonly tally: SyncTally
}
export interface LogQuery {
  /** Successful reads as well. */
  readonly reads: boolean
  /** Failures alone. */
  readonly failed: boolean
  /** RFC 3339 instant of the first one. */
  readonly since?: string
  /** The newest so many. */
  readonly max: number
}

export interface DirectoryDiagnosis extends Diagnosis {
  readonly directory: string
  readonly facts: DirectoryFacts
}

type Directory = Tenancy['directories'][number]

export async function readDirectoryLog(
  store: Store,
  { id }: Directory,
  { reads, failed, since, max }: LogQuery,
): Promise<DirectoryLog> {
  const sinceMs = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since)
  const entries = await store.notes.list(id, { reads })
  const wanted = entries.filter(
    ({ at, status }) => Date.parse(at) >= sinceMs && (!failed || status >= 400),
  )
  return { entries: wanted.slice(0, max).reverse(), tally: await store.notes.tally(id) }
}

export interface DiagnosisParts {
  readonly store: Store
  readonly clock: Clock
  readonly tenancy: Tenancy
  /** Newest first. */
  readonly liveTokens: readonly TokenRecord[]
}

export async function diagnoseDirectory(
  { store, clock, tenancy, liveTokens }: DiagnosisParts,
  directory: Directory,
  since?: string,
): Promise<DirectoryDiagnosis> {
  const { id, tenant, domains, scimSync } = directory
  const resolution = new DirectoryResolution(tenancy.directories)
  const isFound = (name: string) =>
    resolution.directoryOf(tenant, { kind: 'userName', name, directory: undefined })?.id === id
  const newest = liveTokens[0]?.created
  const facts = await gatherFacts(store, clock, {
    ...{ directory: id, domains, isFound, scimSync },
    ...(newest !== undefined && { newestToken: newest }),
    ...(since !== undefined && { since }),
  })
  return { directory: id, facts, ...diagnose(facts) }
}
