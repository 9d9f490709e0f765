import type { Collection, Stored } from '../directory/directory.ts'
import { type IndexedEquality, indexedEqualities } from '../directory/equality.ts'
import { type Filter, parseFilter } from '../directory/filter.ts'
import { type CompiledFilter, compileFilter } from '../directory/filter-evaluate.ts'
import { F, T } from '../directory/three-values.ts'
import { TimeSlice } from '../std/time-slice.ts'
import type { Found, IndexedQuery } from '../store/store.ts'
import { isUnassigned } from './json-object.ts'
import type { View } from './projection.ts'
import { qualified } from './quirks/entra.ts'
import { renderResource } from './rendered-resource.ts'
import { isResourceId } from './resource-type.ts'
import type { ScimDirectory } from './scim-directory.ts'
import { badRequest, unreadable, wrongValue } from './scim-error.ts'

/** A search as it came: a query string has only strings, the body of a .search anything. */
export interface SearchRequest extends View {
  readonly filter?: unknown
  readonly startIndex?: unknown
  readonly count?: unknown
}

/** Where a search looks. */
export interface SearchScope extends Omit<ScimDirectory, 'isWritable' | 'barrier'> {
  readonly of: Collection
  /** Whether `members` or `groups` are wanted in the answer. */
  readonly references: boolean
}

export interface Page {
  readonly startIndex: number
  readonly count: number
}

/** RFC 7644 §3.4.2.4 leaves both to us. Okta asks for 100, and 200 users with groups are 0.5 MB. */
export const countDefault = 100
export const countMax = 200

/**
 * Resources that a filter without an indexed equality may look at, about a second's work. Identity
 * providers search by indexed equality alone.
 */
export const scannedMax = 100_000
/** One slice holds the thread for some milliseconds. */
const sliceMax = 500

/** RFC 7644 §3.4.2: one page, in the order in which the resources were created. */
export async function search(request: SearchRequest, scope: SearchScope): Promise<Found> {
  const page = readPage(request)
  if (isUnassigned(request.filter)) return await findPage({ by: 'all' }, page, scope)
  const filter = qualified(readFilter(request.filter), scope.registry, scope.of)
  const compiled = compileFilter(filter, scope.registry, scope.of, F)
  if (compiled.kind === 'fault') throw unreadable('invalidFilter', '`filter`', compiled.message)
  const plan = planOf(filter, scope)
  if (plan === 'nothing') return { total: 0, resources: [], hasMore: false, isCut: false }
  if (plan !== undefined && isWholeFilter(filter, plan)) return await findPage(plan, page, scope)
  return await collect(candidates(plan, compiled, scope), compiled, page, scope)
}

export function readPage({ startIndex, count }: SearchRequest): Page {
  const first = readInteger(startIndex, 'startIndex') ?? 1
  const wanted = readInteger(count, 'count') ?? countDefault
  // RFC 7644 §3.4.2.4, table 6.
  return { startIndex: Math.max(1, first), count: Math.min(countMax, Math.max(0, wanted)) }
}

function readInteger(sent: unknown, name: string): number | undefined {
  if (isUnassigned(sent)) return undefined
  const number = typeof sent === 'string' ? Number(sent) : sent
  if (Number.isInteger(number)) return Math.min(number as number, Number.MAX_SAFE_INTEGER)
  throw wrongValue('invalidValue', `\`${name}\` must be a whole number`, sent)
}

function readFilter(sent: unknown): Filter {
  if (typeof sent !== 'string') {
    throw wrongValue('invalidFilter', '`filter` must be a string', sent)
  }
  const parsed = parseFilter(sent)
  if (parsed.kind === 'filter') return parsed.filter
  throw unreadable('invalidFilter', `\`filter\` at character ${parsed.at + 1}`, parsed.message)
}

/** The cheapest look-up that finds every match, `nothing` where none can exist. */
function planOf(
  filter: Filter,
  { of, registry }: SearchScope,
): IndexedQuery | 'nothing' | undefined {
  const known = indexedEqualities(filter, registry, of)
  const byName = (attribute: IndexedEquality['attribute']) =>
    known.find((equality) => equality.attribute === attribute)?.value
  const id = byName('id')
  if (id !== undefined && !isResourceId(id)) return 'nothing'
  const member = byName('members.value')
  if (member !== undefined) return { by: 'member', value: member, ...(id !== undefined && { id }) }
  if (id !== undefined) return { by: 'id', value: id }
  for (const attribute of ['userName', 'displayName', 'externalId', 'emails.value'] as const) {
    const value = byName(attribute)
    if (value !== undefined) return { by: attribute, value }
  }
  return undefined
}

/** Whether the look-up finds the matches and nothing else, so that the store can make the page. */
function isWholeFilter(filter: Filter, plan: IndexedQuery): boolean {
  if (filter.op === 'eq') return true
  // `id eq … and members eq …` is how Entra asks whether somebody is a member.
  return (
    filter.op === 'and' &&
    filter.terms.length === 2 &&
    filter.terms.every((term) => term.op === 'eq') &&
    plan.by === 'member' &&
    plan.id !== undefined
  )
}

function findPage(by: IndexedQuery, page: Page, scope: SearchScope): Promise<Found> {
  const { store, of, directory, references } = scope
  const range = { offset: page.startIndex - 1, count: page.count }
  return store.find(of, directory, by, range, { references: references && page.count > 0 })
}

/** Everything that may match: what the look-up finds, or all there is. */
async function* candidates(
  plan: IndexedQuery | undefined,
  compiled: CompiledFilter,
  { store, of, directory, references }: SearchScope,
): AsyncIterable<readonly Stored[]> {
  const read = { references: references || compiled.attributes.some(isReferences) }
  if (plan === undefined) {
    yield* store.scan(of, directory, sliceMax, read)
    return
  }
  for (let offset = 0; ; offset += sliceMax) {
    const found = await store.find(of, directory, plan, { offset, count: sliceMax }, read)
    yield found.resources
    if (offset + sliceMax >= found.total) return
  }
}

function isReferences(attribute: string): boolean {
  return attribute === 'members' || attribute === 'groups'
}

async function collect(
  slices: AsyncIterable<readonly Stored[]>,
  compiled: CompiledFilter,
  page: Page,
  { registry, baseUrl, clock }: SearchScope,
): Promise<Found> {
  const resources: Stored[] = []
  let total = 0
  let scanned = 0
  const turn = new TimeSlice(clock)
  for await (const slice of slices) {
    scanned += slice.length
    if (scanned > scannedMax) {
      const indexed = 'id, userName, externalId, displayName of groups, emails.value or members'
      const detail = `the filter would look at more than ${scannedMax} resources`
      throw badRequest('tooMany', `${detail}: add an eq on ${indexed}`)
    }
    for (const stored of slice) {
      if (turn.isOver()) await turn.next()
      if (compiled.matches(renderResource(stored, registry, baseUrl)) !== T) continue
      total += 1
      if (total >= page.startIndex && resources.length < page.count) resources.push(stored)
    }
  }
  return { total, resources, hasMore: false, isCut: false }
}
