import type { Collection, Stored } from '../directory/directory.ts'
import { decodeCursor, encodeCursor, type Query } from './page-cursor.ts'
import { readPage, type SentPage } from './page-request.ts'
import type { View } from './projection.ts'
import { resourceTypes } from './resource-type.ts'
import { badRequest } from './scim-error.ts'
import { readFilter } from './search-filter.ts'
import { pageReferencesMax, SearchPages, type SearchScope } from './search-pages.ts'
import { planOf } from './search-plan.ts'
import { readSortOrder, type SentOrder } from './sort-order.ts'

/**
 * Searches over one resource type or several (RFC 7644 §3.4.2 and §3.4.3), by page.
 *
 * Where an index finds the matches in the order that is asked for, the store makes the page.
 * Everything else is looked at one by one, of which nothing is kept but what puts it in order; the
 * page itself is read when it is known. Pages follow the order asked for, then that of creation,
 * which never changes. So pages by index repeat and skip nothing while nothing is written, and
 * pages by cursor not even while something is: they go on behind a match, not behind a number.
 *
 * Not here: attributes of the answer (projection), its form (list-response).
 */
export interface SearchRequest extends View, SentPage, SentOrder {
  readonly filter?: unknown
}

export interface SearchResult {
  readonly total: number
  readonly resources: readonly Stored[]
  /** Of a page by index. */
  readonly startIndex?: number
  /** Of a page by cursor that is not the last. */
  readonly nextCursor?: string
}

/** Throws a ScimError where the request cannot be read, or its answer would be too large. */
export async function search(request: SearchRequest, scope: SearchScope): Promise<SearchResult> {
  const { registry, directory } = scope
  const types = scope.types.map(({ of }) => of)
  const page = readPage(request)
  const order = readSortOrder(request, registry, types)
  const filter = readFilter(request.filter, registry, types)
  const plans = new Map(types.map((of) => [of, planOf(filter?.of(of) ?? true, registry, of)]))
  const query: Query = {
    ...{ directory, types, count: page.count },
    filter: filter?.text,
    order: order?.text,
  }
  const after =
    page.kind === 'cursor' && page.cursor !== undefined
      ? decodeCursor(page.cursor, query)
      : undefined
  const offset = page.kind === 'index' ? page.startIndex - 1 : 0
  const pages = new SearchPages(scope, plans, order)
  const part = await pages.part({ after, offset, count: page.count })
  const { total, resources, next } = part
  if (page.kind === 'cursor') {
    return { total, resources, ...(next && { nextCursor: encodeCursor(next, query) }) }
  }
  if (part.isCut) throw tooManyReferences(types)
  return { total, resources, startIndex: page.startIndex }
}

function tooManyReferences(types: readonly Collection[]) {
  const names = types.map((of) => resourceTypes[of].references)
  const detail = `the ${names.join(' and ')} on this page would be more than ${pageReferencesMax}`
  const excluded = `\`excludedAttributes=${names.join(',')}\``
  const fixes = `ask for fewer resources by \`count\`, send ${excluded}, or page by \`cursor\``
  return badRequest('tooMany', `${detail}: ${fixes}`)
}
