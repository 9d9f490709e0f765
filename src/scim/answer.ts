import type { Stored } from '../directory/directory.ts'
import { unreachable } from '../std/assert.ts'
import type { Notes } from './json-object.ts'
import type { Projection } from './projection.ts'
import { entityTag, renderResource } from './rendered-resource.ts'
import type { ScimDirectory } from './scim-directory.ts'

/** What becomes of a request that can be served. */
export type Answer = Content | Empty | NotModified
/** `created` has a location to go with it. */
export interface Content {
  readonly kind: 'created' | 'content'
  readonly body: unknown
  readonly etag?: string
  readonly location?: string
  /** Of a bulk of which a part must be sent again: whole seconds after which to do so. */
  readonly retryAfterS?: number
  /** Of a write: the log position that a gateway can ask to see, as an opaque token. */
  readonly revision?: string
  readonly notes: readonly string[]
}
export interface Empty {
  readonly kind: 'empty'
  readonly etag?: string
  readonly revision: string
  readonly notes: readonly string[]
}
export interface NotModified {
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
  return { kind: 'content', body, etag: entityTag(stored), notes: notes.lines }
}
