import type { Collection } from '../directory/directory.ts'
import { type Answer, aboutOf, type Content, contentOf } from './answer.ts'
import { reading } from './committing.ts'
import { Notes } from './json-object.ts'
import { listResponse } from './list-response.ts'
import { type Conditions, isKnown, requiredRevision } from './precondition.ts'
import { projectionOf, type View } from './projection.ts'
import { entityTag, renderResource } from './rendered-resource.ts'
import { readStored, type ScimDirectory } from './scim-directory.ts'
import { readPage, type SearchRequest, search } from './search.ts'

/** RFC 7644 §3.4.1: one resource by its id. */
export async function retrieve(
  scope: ScimDirectory,
  of: Collection,
  id: string,
  asked: View & Conditions,
): Promise<Answer> {
  const projection = projectionOf(asked, scope.registry, of)
  const stored = await readStored(scope, of, id, projection.references)
  // RFC 9110 §13.2.2: If-Match comes first.
  requiredRevision({ ifMatch: asked.ifMatch }, stored)
  if (isKnown(asked, stored)) {
    const about = aboutOf(of, id, stored.document)
    return { kind: 'notModified', etag: entityTag(stored), notes: [], about }
  }
  return contentOf(stored, projection, scope, new Notes())
}

/** RFC 7644 §3.4.2: one page of what a filter finds. */
export async function query(
  scope: ScimDirectory,
  of: Collection,
  request: SearchRequest,
): Promise<Content> {
  const { registry, baseUrl } = scope
  const projection = projectionOf(request, registry, of)
  const { startIndex } = readPage(request)
  const { references } = projection
  const found = await reading(() => search(request, { ...scope, of, references }))
  const resources = found.resources.map((stored) =>
    projection.apply(renderResource(stored, registry, baseUrl)),
  )
  const body = listResponse(resources, { totalResults: found.total, startIndex })
  return { kind: 'content', body, notes: [] }
}
