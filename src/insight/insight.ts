import type { DirectoryId } from '../directory/directory.ts'
import type { SyncEntry, SyncTally } from '../directory/sync-entry.ts'
import type { DirectoryCounts } from '../store/store.ts'
import type { FindingCode } from './finding-catalogue.ts'
import type { GroupSurvey, UserSurvey } from './survey.ts'

/**
 * insight: what people need to see: what a directory and its identity provider look like to whoever
 * has to find the fault; what rules answer to their tests; whose answers a new version changes;
 * what rules say of groups, held against the directory.
 *
 * Of a diagnosis: facts are gathered first, in slices and within bounds; it is then a pure function
 * of them. It says nothing that its facts do not show: what is concluded rather than seen is worded
 * as a guess or a hint, and what was looked at in part is said to be a part.
 *
 * Not here: keeping the facts (store/), collecting what requests did (scim-http/), what rules mean
 * (policy/, decision/), printing (cli/).
 */
export interface DirectoryFacts {
  readonly directory: DirectoryId
  /** Folded domains that the config gives to the directory. */
  readonly domains: readonly string[]
  /** Whether the identity provider may write at all: its silence says nothing otherwise. */
  readonly scimSync: boolean
  /** When the newest live token was made; absent: there is none. */
  readonly newestToken?: string
  readonly nowMs: number
  readonly counts: DirectoryCounts
  /** Oldest first: the last writes, failures and reads, as far as the sync log goes back. */
  readonly entries: readonly SyncEntry[]
  /** Requests before this RFC 3339 instant are held against nobody: see whether a fix helped. */
  readonly since?: string
  readonly tally: SyncTally
  readonly users: UserSurvey
  readonly groups: GroupSurvey
}

export interface Diagnosis {
  readonly provider: Provider
  /** What is wrong first. */
  readonly findings: readonly Finding[]
}

/** Who writes, as far as its requests give it away. */
export interface Provider {
  readonly kind: 'entra' | 'okta' | 'other'
  readonly name: string
  /** What the guess rests on; undefined: nothing was seen that would tell. */
  readonly because: string | undefined
}

export interface Finding {
  readonly code: FindingCode
  /** `wrong`: somebody is or will be let in or kept out by mistake. `hint`: look at it. */
  readonly severity: 'wrong' | 'hint'
  /** What it means for access, in one sentence. */
  readonly effect: string
  readonly cause: string
  /** For this provider, in its own words. */
  readonly remedy: string
  readonly evidence: Readonly<Record<string, number>>
  /** Names of users, groups, attributes or domains that it is about, the first few. */
  readonly examples: readonly string[]
  /** RFC 3339 instants of the first and the last request that it rests on. */
  readonly since?: string
  readonly last?: string
}
