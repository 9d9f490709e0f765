import type { Collection } from '../directory/directory.ts'
import {
  noRemarks,
  type ProviderSign,
  type Remarks,
  type SyncEntry,
} from '../directory/sync-entry.ts'
import { type About, nameLengthMax, type Part } from './answer.ts'
import { isJsonObject, property } from './json-object.ts'
import { isResourceId, resourceTypes } from './resource-type.ts'
import type { ScimError } from './scim-error.ts'

/** A request that has been answered, as whoever served it over HTTP knows it. */
export interface Served {
  readonly at: string
  readonly operation: string
  readonly method: string
  /** The pattern, never the URL. */
  readonly route: string
  readonly status: number
  readonly durationMs: number
  readonly tokenId: string
  readonly userAgent: string | undefined
  /** Parsed, and not believed. */
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  /** From the answer, where there was one. */
  readonly about: About | undefined
  readonly remarks: Remarks | undefined
  readonly notes: readonly string[]
  readonly error: ScimError | undefined
  readonly parts: readonly Part[] | undefined
}

/** The entries that the sync log keeps of a request: one, and of a bulk one for each operation. */
export function syncEntries(served: Served): readonly SyncEntry[] {
  const { parts, route } = served
  if (parts === undefined) return [entryOf(served, collectionIn(route))]
  // What the operations have to say stands in their own entries.
  const whole = entryOf({ ...served, notes: [] }, undefined)
  const each = parts.map((part) => {
    const params = { id: part.target }
    return entryOf({ ...served, about: undefined, remarks: undefined, ...part, params }, part.of)
  })
  return [whole, ...each]
}

function entryOf(served: Served, of: Collection | undefined): SyncEntry {
  const { at, operation, method, route, status, durationMs, tokenId, notes } = served
  const { userAgent, params, body, about, error, remarks = noRemarks } = served
  const id = about?.id ?? idIn(params)
  const name = about?.name ?? error?.resourceName ?? (of && sentName(of, body))
  const quiet = status < 400 && quietOperations.has(operation)
  return {
    ...{ at, operation, quiet, method, route, status, tokenId, notes, remarks, times: 1 },
    durationMs: Math.round(durationMs * 10) / 10,
    signs: signsOf(served.query, body, remarks),
    ...(userAgent !== undefined && { userAgent: userAgent.slice(0, userAgentLengthMax) }),
    ...(of !== undefined && { of }),
    ...(id !== undefined && { id }),
    ...(name !== undefined && { name }),
    ...(error?.scimType !== undefined && { scimType: error.scimType }),
    ...(error !== undefined && { error: error.logged }),
    ...(about?.changes !== undefined && { changes: about.changes }),
  }
}

const quietOperations: ReadonlySet<string> = new Set(['get', 'list', 'discover'])

/**
 * One entry for a read and the same read again, of the same resource with the same outcome;
 * undefined where the two have to stand apart.
 */
export function folded(earlier: SyncEntry, later: SyncEntry): SyncEntry | undefined {
  if (!earlier.quiet || !later.quiet) return undefined
  const same = (['operation', 'route', 'status', 'id', 'tokenId', 'userAgent'] as const).every(
    (fact) => earlier[fact] === later[fact],
  )
  return same ? { ...later, times: earlier.times + later.times } : undefined
}

/** More of it tells no more about who sends, and it is the client's to choose. */
const userAgentLengthMax = 120

function collectionIn(route: string): Collection | undefined {
  const types = Object.values(resourceTypes)
  return types.find(({ endpoint }) => route.includes(endpoint))?.of
}

function idIn(params: unknown): string | undefined {
  const id = isJsonObject(params) ? params.id : undefined
  // What is no id of ours may be anything, a person's address too.
  return typeof id === 'string' && isResourceId(id) ? id : undefined
}

/** Who it was about, where it was refused before anybody could look. */
function sentName(of: Collection, body: unknown): string | undefined {
  if (!isJsonObject(body)) return undefined
  const name = property(body, of === 'users' ? 'userName' : 'displayName')
  return typeof name === 'string' ? name.slice(0, nameLengthMax) : undefined
}

function signsOf(query: unknown, body: unknown, remarks: Remarks): readonly ProviderSign[] {
  const signs: ProviderSign[] = []
  if (isJsonObject(query) && Object.hasOwn(query, 'aadOptscim062020')) {
    signs.push('aadOptscim062020')
  }
  if (hasCapitalOp(body)) signs.push('capital op')
  if (remarks.coerced.length > 0) signs.push('value as text')
  return signs
}

/** The first one tells: nobody writes one as `Add` and the next as `add`. */
function hasCapitalOp(body: unknown): boolean {
  const operations = isJsonObject(body) ? property(body, 'Operations') : undefined
  const first: unknown = Array.isArray(operations) ? operations[0] : undefined
  const op = isJsonObject(first) ? property(first, 'op') : undefined
  return typeof op === 'string' && /^(Add|Replace|Remove)$/.test(op)
}
