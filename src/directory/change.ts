import type { Collection, DirectoryId, Document, TenantId, Uuid } from './directory.ts'
import type { MembersEdit } from './membership.ts'

/**
 * One write, whole. The store applies a Change with its log entry or not at all. A Change that
 * changes nothing takes no revision.
 */
export type Change = ResourceChange | PolicyChange | TokenChange

export type ResourceChange = CreateResource | UpdateResource | DeleteResource

interface OfResource {
  readonly of: Collection
  readonly directory: DirectoryId
  readonly id: Uuid
  /** RFC 3339 instant that becomes `created` or `lastModified`. */
  readonly at: string
}
export interface CreateResource extends OfResource {
  readonly op: 'create'
  readonly document: Document
  /** Of a resource that comes from elsewhere: when it was made, where that was before `at`. */
  readonly created?: string
  /** Groups only. */
  readonly members?: readonly string[]
}
export interface UpdateResource extends OfResource {
  readonly op: 'update'
  /** The whole new document; absent = unchanged. */
  readonly document?: Document
  /** Groups only; absent = unchanged. Commutes with other edits, so it needs no version check. */
  readonly members?: MembersEdit
}
export interface DeleteResource extends OfResource {
  readonly op: 'delete'
}

/** Makes a policy version the active one of a tenant, if `replaces` still is. */
export interface PolicyChange {
  readonly op: 'publish'
  readonly tenant: TenantId
  /** SHA-256 over the canonical form, hex. */
  readonly version: string
  /** The version it takes the place of; undefined = none was ever published. */
  readonly replaces: string | undefined
  /** The checked policy as JSON: what decision processes compile. */
  readonly document: string
  /** The files as they were written, for people. */
  readonly sources: readonly PolicySource[]
  readonly by: string
  readonly why: string
  readonly at: string
}
export interface PolicySource {
  readonly file: string
  readonly text: string
}

export type TokenChange = CreateToken | RevokeToken
export interface CreateToken {
  readonly op: 'token-create'
  readonly token: TokenRecord
}
export interface RevokeToken {
  readonly op: 'token-revoke'
  readonly id: string
  readonly at: string
}
/** A SCIM bearer token at rest: the secret itself is shown once and kept nowhere. */
export interface TokenRecord {
  readonly id: string
  readonly directory: DirectoryId
  /** SHA-256 of the secret, hex. */
  readonly digest: string
  readonly label: string
  readonly created: string
  /** RFC 3339 instant; absent = never. */
  readonly expires?: string
  readonly revoked?: string
}

/**
 * Whether somebody may be blocked who was not before. A new user was unknown, and a new group that
 * nobody is in matches nobody. Of everything else it cannot be told without the rules: a block rule
 * may name the group that somebody joins, any rule may read an attribute.
 */
export function canShrink(change: ResourceChange): boolean {
  if (change.op !== 'create') return true
  return change.of === 'groups' && (change.members?.length ?? 0) > 0
}
