import type { Collection, DirectoryId, Ordinal, TenantId, Uuid } from '../../directory/directory.ts'
import type { IndexedQuery, Selection } from '../store.ts'
import type { RecordRow } from './protocol.ts'

/** What the decision thread asks of the reader. Each request is one snapshot. */
export type ReadRequest =
  | GetRequest
  | FindRequest
  | ScanRequest
  | OrdinalsRequest
  | { readonly kind: 'counts'; readonly directory: DirectoryId }
  | { readonly kind: 'tokens'; readonly directory: DirectoryId | undefined }
  | { readonly kind: 'history'; readonly tenant: TenantId; readonly max: number }
  | { readonly kind: 'group-table' }
  | PrincipalsRequest
  | NotesRequest
  | { readonly kind: 'note-tally'; readonly directory: DirectoryId }
  | { readonly kind: 'staged'; readonly nowMs: number }
  | { readonly kind: 'staged-document'; readonly tenant: TenantId }
  | { readonly kind: 'deciders'; readonly tenant: TenantId; readonly version: string }

export interface GetRequest {
  readonly kind: 'get'
  readonly of: Collection
  readonly directory: DirectoryId
  readonly id: Uuid
  /** At most so many; 0 = none, -1 = all. */
  readonly references: number
}
export interface FindRequest {
  readonly kind: 'find'
  readonly of: Collection
  readonly directory: DirectoryId
  readonly by: IndexedQuery
  readonly after: Ordinal
  readonly offset: number
  readonly count: number
  /** At most so many; 0 = none, -1 = all. */
  readonly references: number
  /** Of the whole page; -1 = no bound. */
  readonly referencesMax: number
}
export interface ScanRequest {
  readonly kind: 'scan'
  readonly of: Collection
  readonly directory: DirectoryId
  readonly after: Ordinal
  /** Only these, which are ascending. */
  readonly among?: readonly Ordinal[]
  readonly max: number
  /** At most so many; 0 = none, -1 = all. */
  readonly references: number
}
/** Asks for the ordinals of what a query finds, ascending. */
export interface OrdinalsRequest {
  readonly kind: 'ordinals'
  readonly of: Collection
  readonly directory: DirectoryId
  readonly by: Selection
}

export interface PrincipalsRequest {
  readonly kind: 'principals'
  readonly directory: DirectoryId
  readonly after: Ordinal
  readonly max: number
}

export interface NotesRequest {
  readonly kind: 'notes'
  readonly directory: DirectoryId
  readonly reads: boolean
  readonly max: number
}

export interface FoundRows {
  readonly total: number
  readonly records: readonly RecordRow[]
  readonly hasMore: boolean
  readonly isCut: boolean
}

/** The reader's answer. */
export type ReadReply =
  | { readonly kind: 'read'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly fault: string }
