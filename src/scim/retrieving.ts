import type { Collection } from '../directory/directory.ts'
import { TimeSlice } from '../std/time-slice.ts'
import { type Answer, aboutOf, type Content, contentOf } from './answer.ts'
import { reading } from './committing.ts'
import { Notes } from './json-object.ts'
import { listText } from './list-response.ts'
import { type Conditions, isKnown, requiredRevision } from './precondition.ts'
import { projectionOf, type View } from './projection.ts'
import { entityTag, renderResource } from './rendered-resource.ts'
import { readStored, type ScimDirectory } from './scim-directory.ts'
import { type SearchRequest, search } from './search.ts'

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

/** RFC 7644 §3.4.2: one page of what a filter finds among resources of these types. */
export async function query(
  scope: ScimDirectory,
  types: readonly Collection[],
  request: SearchRequest,
): Promise<Content> {
  const { registry, baseUrl, clock } = scope
  const views = new Map(types.map((of) => [of, projectionOf(request, registry, of)]))
  const searched = types.map((of) => ({ of, references: views.get(of)?.references ?? false }))
  const found = await reading(() => search(request, { ...scope, types: searched }))
  const resources: string[] = []
  const turn = new TimeSlice(clock)
  for (const stored of found.resources) {
    if (turn.isOver()) await turn.next()
    const resource = renderResource(stored, registry, baseUrl)
    resources.push(JSON.stringify(views.get(stored.of)?.apply(resource)))
  }
  const { total: totalResults, startIndex, nextCursor } = found
  const body = listText(resources, { totalResults, startIndex, nextCursor })
  return { kind: 'content', body, notes: [] }
}
