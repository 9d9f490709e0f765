import type { Change, PolicySource, TokenRecord } from '../directory/change.ts'
import type {
  Collection,
  DirectoryId,
  Document,
  Ordinal,
  Revision,
  Stored,
  TenantId,
  Uuid,
} from '../directory/directory.ts'
import type { IndexedAttribute, LookupKind } from '../directory/identity.ts'
import type { SyncEntry, SyncNotes, SyncTally } from '../directory/sync-entry.ts'
import type { Entry } from './entry.ts'
import type { Position } from './position.ts'
import type { StagingStore } from './staging.ts'

/**
 * store: the one home of directory, policy, tokens and their log.
 *
 * State, indexes, revision and log entry are committed together or not at all, so there is nothing
 * to reconcile after a crash. Every effective commit takes exactly the next revision; a Change that
 * changes nothing takes none. What a reader sees is durable. One contract suite
 * (test/contract/store-contract.ts) holds these sentences for every engine.
 *
 * A directory exists for the store once it is enrolled. Reads name their directory and never see
 * another one's rows: an id of a foreign directory is as unknown as a random one.
 *
 * Not here: judging the order of the log (feed/), keeping principals in memory (cache/).
 */
export interface Store extends AsyncDisposable {
  /**
   * Makes directories known; where an engine's server is away, as soon as it is there. Idempotent;
   * a directory never moves to another tenant.
   */
  enroll(directories: readonly Enrolment[]): Promise<void>

  /** Applies one Change: state, index and log entry, all or nothing. Never rejects. */
  commit(change: Change, by: CommitOptions): Promise<Committed>
  /** Resolves when no process can still answer from before `at`. Asked before a SCIM 2xx. */
  barrier(at: Position): Promise<void>

  /**
   * Log entries after a position, in order, at most `max`; waits up to `waitMs` for the first one.
   * In a process that decides, its follower alone may ask: what it has read is what a lease is for.
   * Rejects with StoreUnavailable. A position this log does not know is the reader's to judge.
   */
  readLog(after: Position, max: number, waitMs: number): Promise<LogSlice>
  /** The last committed position. Rejects with StoreUnavailable. */
  position(): Promise<Position>
  /**
   * Whether the log has this entry still. False where it was trimmed, too: then it cannot be told.
   * Rejects with StoreUnavailable.
   */
  hasEntry(at: Position): Promise<boolean>
  /** Epochs that ended because acknowledged writes were lost. Rejects with StoreUnavailable. */
  forks(): Promise<readonly EndedEpoch[]>

  /** One subject, in one snapshot: principal, unknown or ambiguous, and where it was read. */
  resolve(key: SubjectKey): Promise<Resolved>
  /**
   * Users as decisions need them, in ordinal order behind an ordinal, at most `max`: one snapshot.
   * Fewer may come though there are more; none means that there are no more. Rejects with
   * StoreUnavailable.
   */
  principals(directory: DirectoryId, after: Ordinal, max: number): Promise<PrincipalSlice>
  /** Every group with its parents, or just the ones named; in one snapshot. */
  groupTable(only?: readonly GroupKey[]): Promise<GroupTable>
  /** Enters this process among those that decide. `progress` says what it has applied. */
  enlist(progress: () => Position): Vouch

  get(
    of: Collection,
    directory: DirectoryId,
    id: Uuid,
    options?: ReadOptions,
  ): Promise<Stored | undefined>
  /** A page of what an index finds, in ordinal order unless the query has one of its own. */
  find(
    of: Collection,
    directory: DirectoryId,
    by: IndexedQuery,
    page: Page,
    options?: ReadOptions,
  ): Promise<Found>
  /** Resources in ordinal order, in slices of at most `max`, each its own snapshot. */
  scan(
    of: Collection,
    directory: DirectoryId,
    max: number,
    options?: ScanOptions,
  ): AsyncIterable<readonly Stored[]>
  counts(directory: DirectoryId): Promise<DirectoryCounts>

  readonly credentials: CredentialStore
  readonly policies: PolicyStore
  readonly notes: NoteStore
  readonly staging: StagingStore
}

export interface Enrolment {
  readonly tenant: TenantId
  readonly directory: DirectoryId
}

export interface CommitOptions {
  /** Random per intended write. The same one within 120 s returns the first result again. */
  readonly opId: string
  /** Refuse with `version` unless the resource still has this revision. */
  readonly ifMatch?: Revision
  /** Fill in `references` of what is returned, as ReadOptions say: in the same transaction. */
  readonly references?: boolean | number
}

export type Committed =
  | { readonly kind: 'ok'; readonly position: Position; readonly stored?: Stored }
  /** Nothing would change: no revision taken, the ETag stays. */
  | { readonly kind: 'noop'; readonly stored?: Stored }
  /** A create whose id is taken, or a token id that exists. */
  | { readonly kind: 'exists' }
  /** Update or delete of what is not there; a directory that is not enrolled. */
  | { readonly kind: 'missing' }
  /** `ifMatch`, or a policy's `replaces`, no longer holds. */
  | { readonly kind: 'version' }
  | { readonly kind: 'unique'; readonly attribute: IndexedAttribute }
  /** A named limit: two live tokens per directory. */
  | { readonly kind: 'tooMany' }
  /** Unknown whether it landed. Retry with the same opId. */
  | { readonly kind: 'unavailable'; readonly cause: Error }

export interface LogSlice {
  readonly entries: readonly Entry[]
  /** The position of the newest entry when the slice was read. */
  readonly head: Position
}

export interface EndedEpoch {
  readonly epoch: number
  /** Up to where its history is part of the present one. */
  readonly sharedUpTo: Revision
}

export interface SubjectKey {
  readonly directory: DirectoryId
  readonly kind: LookupKind
  /** In the form it compares in: see `lookupValue`. */
  readonly value: string
}

export type Resolved =
  | { readonly kind: 'known'; readonly principal: PrincipalRow; readonly position: Position }
  | { readonly kind: 'unknown'; readonly position: Position }
  | { readonly kind: 'ambiguous'; readonly position: Position }
  | { readonly kind: 'unavailable'; readonly cause: Error }

/** A user as decisions need it. */
export interface PrincipalRow {
  readonly directory: DirectoryId
  readonly ordinal: Ordinal
  readonly id: Uuid
  readonly revision: Revision
  readonly document: Document
  /** Direct groups. A group that has been deleted may still be listed; the group table decides. */
  readonly groups: readonly Ordinal[]
}

export interface PrincipalSlice {
  readonly principals: readonly PrincipalRow[]
  readonly position: Position
}

export interface GroupKey {
  readonly directory: DirectoryId
  readonly ordinal: Ordinal
}
export interface GroupRow extends GroupKey {
  readonly id: Uuid
  readonly displayName: string
  /** Groups that this one is a direct member of. */
  readonly parents: readonly Ordinal[]
}
export interface GroupTable {
  /** Only groups that exist: one asked for and not listed has been deleted. */
  readonly groups: readonly GroupRow[]
  readonly position: Position
}

/** Asked last, synchronously, before every answer or batch; the Decider knows no engine. */
export interface Vouch extends AsyncDisposable {
  /** Of this process, among those that decide. */
  readonly id: string
  /**
   * `current`: what was applied is the newest. `behind`: apply and evaluate again (asking also
   * wakes a waiting `readLog`). `stale`: the store cannot be asked for too long. `unavailable`: the
   * store is missing or broken, so nothing known may be used.
   */
  lastLook(applied: Position): 'current' | 'behind' | 'stale' | 'unavailable'
  /** How long ago memory was last known to be the newest, in ms; 0: just now. */
  ageMs(): number
  /** For how long the leave to decide has been over, in ms; 0: it is not. */
  staleForMs(): number
}

export interface ReadOptions {
  /**
   * Fill in `references`: all of them, or at most so many, which tells cheaply whether a group is
   * larger. Off by default: a group can have 100,000.
   */
  readonly references?: boolean | number
  /**
   * References on one page. It ends before the resource with which it would hold more, unless that
   * is its first: one resource is always whole. No bound by default.
   */
  readonly referencesMax?: number
}
export interface ScanOptions extends Omit<ReadOptions, 'referencesMax'> {
  /** Only what this finds when the scan begins; by default everything. */
  readonly by?: Selection
}
export type IndexedQuery =
  | Selection
  | { readonly by: 'all' }
  /**
   * All, in the order of the one name that is unique: `userName` of users, `displayName` of groups,
   * folded, by code points. SCIM requires it; what has none is not found. `after` is a folded name.
   */
  | { readonly by: 'name'; readonly descending: boolean; readonly after?: string }
/** What an index finds without a look at anything else. */
export type Selection =
  | { readonly by: 'id'; readonly value: Uuid }
  /** `value` in the form it compares in. */
  | { readonly by: IndexedAttribute; readonly value: string }
  /** Groups that have this direct member; `id` narrows it to one membership probe. */
  | { readonly by: 'member'; readonly value: Uuid; readonly id?: Uuid }
  /** Users in this group, directly or through groups at most `nestingDepthMax` deep. */
  | { readonly by: 'group'; readonly value: Uuid }
  /** These, in this order. Whoever has gone is left out, though `total` counts them. */
  | { readonly by: 'ordinals'; readonly values: readonly Ordinal[] }

export interface Page {
  /** Only what comes behind this one, in ordinal order. */
  readonly after?: Ordinal
  /** So many of those are passed over. */
  readonly offset: number
  readonly count: number
}
export interface Found {
  /** Of everything that was found, `after` aside. */
  readonly total: number
  readonly resources: readonly Stored[]
  /** Whether more come behind these. */
  readonly hasMore: boolean
  /** Whether `referencesMax` has ended the page. */
  readonly isCut: boolean
}

export interface DirectoryCounts {
  readonly users: number
  readonly activeUsers: number
  readonly groups: number
  /** Direct memberships of users and groups. */
  readonly memberships: number
  /** Member values that name nobody yet. */
  readonly pendingMembers: number
  /** 0 = never written to. */
  readonly lastRevision: Revision
  readonly lastWrite?: string
}

/** Tokens at rest. Writing goes through `commit`. Every method rejects with StoreUnavailable. */
export interface CredentialStore {
  find(id: string): Promise<TokenRecord | undefined>
  /** Newest first, revoked ones included. */
  list(directory?: DirectoryId): Promise<readonly TokenRecord[]>
}

/** Policy versions. Writing goes through `commit`. Every method rejects with StoreUnavailable. */
export interface PolicyStore {
  active(tenant: TenantId): Promise<PublishedPolicy | undefined>
  /** Newest first, at most `max`. */
  history(tenant: TenantId, max: number): Promise<readonly PublishedPolicy[]>
}
export interface PublishedPolicy {
  readonly tenant: TenantId
  readonly version: string
  readonly revision: Revision
  readonly document: string
  readonly sources: readonly PolicySource[]
  readonly by: string
  readonly why: string
  readonly at: string
}

/**
 * What people may want to know of the synchronisation. Notes take no revision and no log entry, and
 * no decision depends on them: whoever writes them may lose some. Every method rejects with
 * StoreUnavailable.
 */
export interface NoteStore {
  /**
   * Keeps entries in the order given. Writes and failures push out none but the oldest of their
   * kind, and so do reads. Of a directory that is not enrolled nothing is kept. After a rejection
   * the notes may have been kept all the same.
   */
  append(directory: DirectoryId, notes: SyncNotes): Promise<void>
  /** Newest first. */
  list(directory: DirectoryId, query?: NoteQuery): Promise<readonly SyncEntry[]>
  tally(directory: DirectoryId): Promise<SyncTally>
}
export interface NoteQuery {
  /** Successful reads as well. */
  readonly reads?: boolean
  /** At most so many; default: all that are kept. */
  readonly max?: number
}

/** Writes and failures kept per directory: more than a person reads, few enough to list at once. */
export const notedWritesMax = 1_000
/** Successful reads kept per directory: most of an Entra cycle, and one is like the other. */
export const notedReadsMax = 200

/** Two live tokens per directory, so that one can be rotated while the other works; no third. */
export const liveTokensMax = 2
