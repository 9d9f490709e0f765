import type { Complex, DirectoryId, Ordinal, Revision, Uuid } from '../directory/directory.ts'
import type { Position } from '../store/position.ts'
import type { SubjectKey } from '../store/store.ts'
import type { GroupGraph } from './group-graph.ts'

/**
 * cache: the directory in memory, as far as decisions need it.
 *
 * It follows the log and drops or marks what an entry touches, so a record in memory is what the
 * store held at the applied position. What is not in memory is read from the store, once however
 * many ask, and kept only if no newer entry touched it meanwhile. It answers known, unknown,
 * ambiguous or unavailable, and never folds one into another.
 *
 * Records hold only the attributes that policies read. Groups are all in memory.
 *
 * Not here: judging the log (feed/), asking whether memory is still the newest (the store's Vouch,
 * asked by decision/).
 */
export interface Directories {
  /** From memory, synchronously: undefined means "not in memory", not "unknown". */
  remembered(key: SubjectKey): Principal | undefined
  /** From memory or the store. `unavailable` if the store does not answer. */
  lookUp(key: SubjectKey): Promise<Lookup>
  groupsOf(directory: DirectoryId): GroupGraph
  /** `never-written`: no identity provider has ever sent it anything. */
  stateOf(directory: DirectoryId): 'loading' | 'never-written' | 'ready'
  /** Whether memory is at or past a revision token. */
  reached(token: string): 'reached' | 'not-yet' | 'lost' | 'malformed'
  /** Resolves when something was applied, or after `ms`. */
  nextApplied(ms: number): Promise<void>
}

export type Lookup =
  | { readonly kind: 'known'; readonly principal: Principal }
  /** True only for as long as memory stands at this very Position: the name may be given away. */
  | { readonly kind: 'unknown' | 'ambiguous'; readonly asOf: Position }
  | { readonly kind: 'unavailable'; readonly cause: Error }

/** A subject resolved from the directory. */
export interface Principal {
  readonly directory: DirectoryId
  readonly ordinal: Ordinal
  readonly id: Uuid
  /** Turned off in place when the log says so, before the user is read again. */
  active: boolean
  /** `id` and the attributes that policies read. */
  readonly attributes: Complex
  /** Direct groups; the graph of the directory knows which still exist. */
  readonly groups: readonly Ordinal[]
  /** Revision of the user's last change. */
  readonly revision: Revision
  /** What others work out from the record and want to find again; it goes with the record. */
  derived: unknown
}
