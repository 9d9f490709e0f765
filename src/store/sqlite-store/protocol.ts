import type { PolicyChange, TokenChange } from '../../directory/change.ts'
import type {
  Collection,
  DirectoryId,
  Ordinal,
  Revision,
  TenantId,
  Uuid,
} from '../../directory/directory.ts'
import type { IndexedAttribute } from '../../directory/identity.ts'
import type { MembersEdit } from '../../directory/membership.ts'
import type { SyncTally } from '../../directory/sync-entry.ts'
import type { Position } from '../position.ts'
import type { StagedPolicy, StagingReport } from '../staging.ts'
import type { Enrolment } from '../store.ts'

/** What the decision thread and the writer say to each other. Documents travel as JSON text. */
export type WriteRequest = CommitRequest | EnrollRequest | NoteRequest | StagingRequest

export interface CommitRequest {
  readonly kind: 'commit'
  readonly change: WriteChange
  readonly opId: string
  readonly ifMatch: Revision | undefined
  /** The store's clock, for how long the result is remembered. */
  readonly nowMs: number
  /** Of the record in the reply, at most so many; 0 = none, -1 = all. */
  readonly references: number
}
export interface EnrollRequest {
  readonly kind: 'enroll'
  readonly directories: readonly Enrolment[]
}

/** Nobody depends on it: where it cannot be written, the others of its group are written alone. */
export interface NoteRequest {
  readonly kind: 'note'
  readonly directory: DirectoryId
  /** Each as JSON. */
  readonly entries: readonly { readonly quiet: boolean; readonly text: string }[]
  readonly tally: SyncTally
}

/** Neither state nor log: what is staged, who decides, what they say of it. */
export interface StagingRequest {
  readonly kind: 'staging'
  readonly write:
    | { readonly op: 'stage'; readonly staged: StagedPolicy; readonly untilMs: number }
    | { readonly op: 'unstage'; readonly tenant: TenantId }
    | { readonly op: 'enter' | 'leave'; readonly process: string }
    | { readonly op: 'report'; readonly process: string; readonly report: StagingReport }
}

export type WriteChange = WriteResource | PolicyChange | TokenChange
export interface WriteResource {
  readonly op: 'create' | 'update' | 'delete'
  readonly of: Collection
  readonly directory: DirectoryId
  readonly id: Uuid
  readonly at: string
  readonly created?: string | undefined
  readonly document: string | undefined
  readonly members: MembersEdit | undefined
}

/** `refused`: a directory belongs to another tenant, or there are too many. */
export type WriteReply =
  | { readonly kind: 'ok'; readonly position: Position; readonly record?: RecordRow }
  | { readonly kind: 'noop'; readonly record?: RecordRow }
  | {
      readonly kind: 'exists' | 'missing' | 'version' | 'tooMany' | 'enrolled' | 'noted' | 'staged'
    }
  | { readonly kind: 'unique'; readonly attribute: IndexedAttribute }
  | { readonly kind: 'refused' | 'unavailable'; readonly fault: string }

/** A stored resource on its way between threads. */
export interface RecordRow {
  readonly ordinal: Ordinal
  readonly id: Uuid
  readonly revision: Revision
  readonly created: string
  readonly modified: string
  readonly document: string
  /** JSON of `Reference[]`: one text crosses threads faster than 100,000 objects. */
  readonly references?: string
}

/** How a worker is started. */
export interface WorkerStart {
  readonly path: string
  /** See FileIdentity. */
  readonly opened: readonly string[]
}

/** What every worker here posts: first whether it is up, then answers by request number. */
export type FromWorker =
  | { readonly kind: 'up' }
  | { readonly kind: 'refused'; readonly fault: string }
  | { readonly kind: 'replies'; readonly replies: readonly Numbered<unknown>[] }

export interface Numbered<Body> {
  readonly number: number
  readonly body: Body
}
