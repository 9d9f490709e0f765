/**
 * directory: the nouns of the directory, pure.
 *
 * A directory is the users and groups that one identity provider pushes. A resource's attributes
 * are one Document: canonical SCIM attribute names, nothing unassigned (no null, no empty list),
 * objects without a prototype. `id`, `meta`, a group's `members` and a user's `groups` are not in
 * the document: the store keeps them beside it.
 *
 * Not here: how SCIM requests become Changes (scim/), where they are kept (store/).
 */

/** Names one directory. Made from the config or from a credential, never from a request. */
export type DirectoryId = string & { readonly __brand: 'DirectoryId' }
/** Names one tenant. Made from the config, never from a request. */
export type TenantId = string & { readonly __brand: 'TenantId' }
/** A resource's SCIM `id`: a random UUID made by us, lower case. */
export type Uuid = string
/** Small internal number of a user or group within its directory and collection; never reused. */
export type Ordinal = number
/** Position in the one log that orders directory and policy; starts at 1. */
export type Revision = number

export type Collection = 'users' | 'groups'

export type Scalar = string | number | boolean
export type AttributeValue = Scalar | Complex | readonly AttributeValue[]
/** A complex value. Made without a prototype: read it by own property only. */
export interface Complex {
  readonly [name: string]: AttributeValue
}
/** All attributes of one resource, extension schemas under their URN. */
export type Document = Complex

/** A reference from a group to a member, or from a user to a group. */
export interface Reference {
  readonly value: Uuid
  /** `pending`: the value names nobody yet; it resolves when that user or group arrives. */
  readonly type: 'User' | 'Group' | 'pending'
  /** Of a user's groups: the user belongs to it through other groups alone. */
  readonly indirect?: true
  readonly display?: string
}

/** A user or group as the store holds it. */
export interface Stored {
  readonly of: Collection
  readonly directory: DirectoryId
  readonly ordinal: Ordinal
  readonly id: Uuid
  /** Revision of the last write that changed it: its ETag is `W/"<revision>"`. */
  readonly revision: Revision
  readonly created: string
  readonly lastModified: string
  readonly document: Document
  /** Members of a group, groups of a user. Absent unless asked for: there can be 100,000. */
  readonly references?: readonly Reference[]
}

/** A Document for building: no prototype, so no inherited name can ever be read from it. */
export function emptyComplex(): { [name: string]: AttributeValue } {
  return Object.create(null) as { [name: string]: AttributeValue }
}

/** Whether a user may sign in at all: only an explicit `active: true` counts (fail closed). */
export function isActive(document: Document): boolean {
  return document.active === true
}
