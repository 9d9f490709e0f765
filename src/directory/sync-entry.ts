import type { Collection, Uuid } from './directory.ts'

/**
 * One request of an identity provider as the sync log tells it: what was asked, what came of it and
 * what changed. It names attributes and never their values, `active` aside; people and groups go by
 * the name that an administrator knows them by. Nothing secret is in it.
 */
export interface SyncEntry {
  /** RFC 3339 instant of the answer; of reads folded into one entry, of the last. */
  readonly at: string
  /** `create`, `patch`, `list` …: one of a small fixed set. */
  readonly operation: string
  /** A read that found nothing wrong: there are so many of them that they are kept apart. */
  readonly quiet: boolean
  readonly method: string
  /** The pattern of the URL, never the URL itself: queries hold people's data. */
  readonly route: string
  readonly status: number
  readonly durationMs: number
  readonly tokenId: string
  /** Cut to a bound. */
  readonly userAgent?: string
  /** Habits by which an identity provider may be told from others. */
  readonly signs: readonly ProviderSign[]
  readonly of?: Collection
  readonly id?: Uuid
  /** userName or displayName; of a refused create the one that was sent. */
  readonly name?: string
  readonly scimType?: string
  /** Why it was refused, without anything that was sent. */
  readonly error?: string
  /** Of a write that was answered with a 2xx. */
  readonly changes?: ChangeSummary
  /** What was lost of the body, in words. */
  readonly notes: readonly string[]
  readonly remarks: Remarks
  /** How many identical reads this entry stands for. */
  readonly times: number
}

export type ProviderSign =
  /** The flag of the tenant URL that switches Entra ID to RFC 7644. */
  | 'aadOptscim062020'
  /** `op` as `Add` and `Replace`. */
  | 'capital op'
  /** True, false or a number as text. */
  | 'value as text'

/** What was made of a body that is not quite as it should be. Paths of attributes, no values. */
export interface Remarks {
  /** Sent in vain: no schema of the directory knows it. */
  readonly ignored: readonly string[]
  /** Sent as text and read as a number or as true or false. */
  readonly coerced: readonly string[]
  /** Not sent, and taken as if it had been. */
  readonly assumed: readonly string[]
}

export const noRemarks: Remarks = { ignored: [], coerced: [], assumed: [] }

/** What a write changed. */
export interface ChangeSummary {
  /** `nothing`: what was sent is what was there. */
  readonly what: 'created' | 'changed' | 'deleted' | 'nothing'
  /** Attributes that were set, changed or cleared: `name.givenName`, an extension's by its URN. */
  readonly attributes: readonly string[]
  /** Where `active` became something else, or a user was deleted. Null: not assigned. */
  readonly active?: { readonly from: boolean | null; readonly to: boolean | null }
  /** As sent: who was a member already, or was none, counts too. */
  readonly members?:
    | { readonly kind: 'edit'; readonly added: number; readonly removed: number }
    | { readonly kind: 'replace'; readonly count: number }
}

/** News of one directory: requests, oldest first, and what was counted since the news before. */
export interface SyncNotes {
  readonly entries: readonly SyncEntry[]
  readonly tally: SyncTally
}

/** Requests that have no entry. The instants, RFC 3339, are those of the last ones. */
export interface SyncTally {
  /** Their entries were lost on the way. */
  readonly dropped: number
  readonly droppedAt?: string
  /** Their token was not accepted. */
  readonly refused: number
  readonly refusedAt?: string
}

export const emptyTally: SyncTally = { dropped: 0, refused: 0 }
