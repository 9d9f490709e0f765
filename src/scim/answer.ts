import type { Collection, Document, Stored, Uuid } from '../directory/directory.ts'
import type { ChangeSummary, Remarks } from '../directory/sync-entry.ts'
import { unreachable } from '../std/assert.ts'
import type { Notes } from './json-object.ts'
import type { Projection } from './projection.ts'
import { entityTag, renderResource } from './rendered-resource.ts'
import type { ScimDirectory } from './scim-directory.ts'
import type { ScimError } from './scim-error.ts'

/** What becomes of a request that can be served. */
export type Answer = Content | Empty | NotModified
/** The resource that a request was about, for the log of the synchronisation. */
export interface About {
  readonly id: Uuid
  /** As people know it. */
  readonly name?: string
  /** Of a write. */
  readonly changes?: ChangeSummary
}
/** What the log of the synchronisation is told, beside the answer itself. */
interface Told {
  /** What was lost of the body, in words. */
  readonly notes: readonly string[]
  readonly remarks?: Remarks
  readonly about?: About
}
/** `created` has a location to go with it. */
export interface Content extends Told {
  readonly kind: 'created' | 'content'
  /** A value, or a `JsonText` that goes out as it is. */
  readonly body: unknown
  readonly etag?: string
  readonly location?: string
  /** Of a bulk of which a part must be sent again: whole seconds after which to do so. */
  readonly retryAfterS?: number
  /** Of a bulk: what became of its operations, in the order in which they were done. */
  readonly parts?: readonly Part[]
  /** Of a write: the log position that a gateway can ask to see, as an opaque token. */
  readonly revision?: string
}
/** One operation of a bulk, for the log of the synchronisation. */
export interface Part extends Told {
  readonly operation: 'create' | 'replace' | 'patch' | 'delete' | 'other'
  readonly of: Collection | undefined
  /** What its path names: an id, a reference, or anything. */
  readonly target: string | undefined
  readonly status: number
  readonly durationMs: number
  /** As sent, and not believed. */
  readonly body: unknown
  readonly error: ScimError | undefined
}
export interface Empty extends Told {
  readonly kind: 'empty'
  readonly etag?: string
  readonly revision: string
}
export interface NotModified extends Told {
  readonly kind: 'notModified'
  readonly etag: string
}

/** The HTTP status, of a request or of one operation of a bulk. */
export function statusOf({ kind }: Answer): 200 | 201 | 204 | 304 {
  switch (kind) {
    case 'created':
      return 201
    case 'content':
      return 200
    case 'empty':
      return 204
    case 'notModified':
      return 304
    default:
      return unreachable(kind)
  }
}

/** One resource as an answer, in the attributes that were asked for. */
export function contentOf(
  stored: Stored,
  projection: Projection,
  { registry, baseUrl }: ScimDirectory,
  notes: Notes,
): Content {
  const body = projection.apply(renderResource(stored, registry, baseUrl))
  const { lines, remarks } = notes
  const about = aboutOf(stored.of, stored.id, stored.document)
  return { kind: 'content', body, etag: entityTag(stored), notes: lines, remarks, about }
}

export function aboutOf(of: Collection, id: Uuid, document: Document): About {
  const name = nameOf(of, document)
  return name === undefined ? { id } : { id, name }
}

/** The name that an administrator looks for: userName, or a group's displayName. Cut. */
export function nameOf(of: Collection, document: Document): string | undefined {
  const name = of === 'users' ? document.userName : document.displayName
  return typeof name === 'string' ? name.slice(0, nameLengthMax) : undefined
}
/** Longer names are told apart by their beginning well enough. */
export const nameLengthMax = 200
