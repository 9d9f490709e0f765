import type { DirectoryId, Ordinal, TenantId } from '../directory/directory.ts'
import type { Position } from './position.ts'

/**
 * One commit as the log tells it: which records are no longer what they were. No names and no
 * values of people are in it; who needs the new state reads it.
 */
export interface Entry {
  readonly position: Position
  /** The nonce of the entry before: the chain by which a follower sees gaps and forks. */
  readonly previousNonce: string
  readonly effect: Effect
}

export type Effect =
  | UserEffect
  | GroupEffect
  | MembersEffect
  | { readonly of: 'policy'; readonly tenant: TenantId; readonly version: string }
  | { readonly of: 'token'; readonly id: string }

export interface UserEffect {
  readonly of: 'user'
  readonly directory: DirectoryId
  readonly ordinal: Ordinal
  /** `deactivated`: block without reading the user again. */
  readonly how: 'created' | 'updated' | 'deactivated' | 'deleted'
  /** `keyHash` of each name under which the user can now be found and could not before. */
  readonly keys: readonly string[]
}
export interface GroupEffect {
  readonly of: 'group'
  readonly directory: DirectoryId
  readonly ordinal: Ordinal
  readonly how: 'created' | 'updated' | 'deleted'
  /**
   * Users and child groups whose direct groups changed with it; users of a huge group that is
   * deleted may be left out, since what names it names nothing then.
   */
  readonly users: readonly Ordinal[]
  readonly groups: readonly Ordinal[]
}
export interface MembersEffect {
  readonly of: 'members'
  readonly directory: DirectoryId
  readonly ordinal: Ordinal
  readonly users: readonly Ordinal[]
  readonly groups: readonly Ordinal[]
}
