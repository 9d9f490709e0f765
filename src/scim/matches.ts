import type { Collection, Ordinal, Stored } from '../directory/directory.ts'
import { T } from '../directory/three-values.ts'
import type { TimeSlice } from '../std/time-slice.ts'
import { renderResource } from './rendered-resource.ts'
import type { ScimDirectory } from './scim-directory.ts'
import { badRequest } from './scim-error.ts'
import type { Plan } from './search-plan.ts'
import { compareKeys, type SortKey, type SortOrder, sortKey } from './sort-order.ts'

/** What is remembered of a match: enough to put it in order, read it again, go on behind it. */
export interface Match {
  readonly of: Collection
  readonly ordinal: Ordinal
  /** Absent where the order is that of creation, and where it has no value. */
  readonly key?: SortKey
}

/** Where matches are looked for. */
export type Searched = Pick<ScimDirectory, 'directory' | 'store' | 'registry' | 'baseUrl'>

/**
 * Resources that a search may look at where no index finds its matches or their order: about a
 * second's work. Identity providers search by indexed equality alone.
 */
export const scannedMax = 100_000
/** Members and groups of those resources: each costs about as much as a tenth of one. */
export const scannedReferencesMax = 1_000_000
/** One slice holds the thread for some milliseconds. */
const sliceMax = 500

/** Looks at resources one by one, giving way to others, and stops where it becomes too many. */
export class Matches {
  readonly #searched: Searched
  readonly #turn: TimeSlice
  #scanned = 0
  #references = 0

  constructor(searched: Searched, turn: TimeSlice) {
    this.#searched = searched
    this.#turn = turn
  }

  /** All matches of one resource type in the order of their creation, with what sorts them. */
  async find(of: Collection, plan: Plan, order?: SortOrder): Promise<readonly Match[]> {
    if (plan.kind === 'nothing') return []
    const { store, directory } = this.#searched
    const by = plan.by?.by === 'all' ? undefined : plan.by
    // The first one is what sorts.
    const sorting = isSortedByReferences(order, of) ? 1 : false
    const references = isByReferences(plan) || sorting
    const slices = store.scan(of, directory, sliceMax, { references, ...(by && { by }) })
    const found: Match[] = []
    for await (const slice of slices) {
      this.#count(slice)
      for (const stored of slice) {
        if (this.#turn.isOver()) await this.#turn.next()
        const match = this.#match(stored, plan, order)
        if (match !== undefined) found.push(match)
      }
    }
    return found
  }

  #match(stored: Stored, plan: Plan, order: SortOrder | undefined): Match | undefined {
    const { of, ordinal } = stored
    const { registry, baseUrl } = this.#searched
    const resource = renderResource(stored, registry, baseUrl)
    if (plan.kind === 'scanned' && plan.compiled.matches(resource) !== T) return undefined
    const key = order && sortKey(resource, order.by.get(of))
    return { of, ordinal, ...(key !== undefined && { key }) }
  }

  #count(slice: readonly Stored[]): void {
    this.#scanned += slice.length
    for (const stored of slice) this.#references += stored.references?.length ?? 0
    if (this.#scanned <= scannedMax && this.#references <= scannedReferencesMax) return
    const indexed =
      'id, userName, externalId, displayName of groups, emails.value, members or groups'
    const detail = `the search would look at more than ${scannedMax} resources`
    throw badRequest('tooMany', `${detail}: add an eq on ${indexed}, or leave out \`sortBy\``)
  }
}

/** Whether the filter asks about members or groups, which then have to be read. */
export function isByReferences(plan: Plan): boolean {
  return plan.kind === 'scanned' && plan.compiled.attributes.some(isReferences)
}

function isSortedByReferences(order: SortOrder | undefined, of: Collection): boolean {
  const at = order?.by.get(of)
  return at !== undefined && at.schema === undefined && isReferences(at.attribute.name)
}

function isReferences(attribute: string): boolean {
  return attribute === 'members' || attribute === 'groups'
}

/** By the order that was asked for, then by resource type, then by creation. */
export function compareMatches(types: readonly Collection[], order: SortOrder | undefined) {
  return (a: Match, b: Match): number =>
    (order === undefined ? 0 : compareKeys(a.key, b.key, order.descending)) ||
    types.indexOf(a.of) - types.indexOf(b.of) ||
    a.ordinal - b.ordinal
}
