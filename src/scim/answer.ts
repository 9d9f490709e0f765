import type { Stored } from '../directory/directory.ts'
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
