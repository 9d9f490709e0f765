import type { Collection, Stored } from '../directory/directory.ts'
import { fold } from '../directory/identity.ts'
import { T } from '../directory/three-values.ts'
import { sortedInSlices } from '../std/sorted-in-slices.ts'
import { TimeSlice } from '../std/time-slice.ts'
import type { Found, IndexedQuery, Page } from '../store/store.ts'
import { compareMatches, isByReferences, type Match, Matches } from './matches.ts'
import { renderResource } from './rendered-resource.ts'
import { resourceTypes } from './resource-type.ts'
import type { ScimDirectory } from './scim-directory.ts'
import type { Plan } from './search-plan.ts'
import type { SortOrder } from './sort-order.ts'

/** Where a search looks. */
export interface SearchScope extends Omit<ScimDirectory, 'isWritable' | 'barrier'> {
  readonly types: readonly SearchedType[]
}
export interface SearchedType {
  readonly of: Collection
  /** Whether `members` or `groups` are wanted in the answer. */
  readonly references: boolean
}

/** What is wanted of all matches, in their order. */
export interface Window {
  /** Only what comes behind it. */
  readonly after: Match | undefined
  /** So many of those are passed over. */
  readonly offset: number
  readonly count: number
}

/** A part of the matches. */
export interface Part {
  /** Of all matches, whatever the part. */
  readonly total: number
  readonly resources: readonly Stored[]
  /** Where the part ends, if more comes behind it. */
  readonly next: Match | undefined
  /** Whether it ends there because of `pageReferencesMax`. */
  readonly isCut: boolean
}

/**
 * Members of groups, or groups of users, on one page: 39 MB of JSON, made in slices. The first
 * resource of a type is always whole, whatever it holds.
 */
export const pageReferencesMax = 250_000

/** Makes the part that is wanted, for one search. */
export class SearchPages {
  readonly #scope: SearchScope
  readonly #plans: ReadonlyMap<Collection, Plan>
  readonly #order: SortOrder | undefined
  readonly #turn: TimeSlice
  readonly #matches: Matches
  #referencesLeft = pageReferencesMax

  constructor(
    scope: SearchScope,
    plans: ReadonlyMap<Collection, Plan>,
    order: SortOrder | undefined,
  ) {
    this.#scope = scope
    this.#plans = plans
    this.#order = order
    this.#turn = new TimeSlice(scope.clock)
    this.#matches = new Matches(scope, this.#turn)
  }

  async part(window: Window): Promise<Part> {
    const order = this.#order
    if (order === undefined) return await this.#byCreation(window)
    const [type, another] = this.#scope.types
    const isOneType = type !== undefined && another === undefined
    if (isOneType && isByName(type.of, order) && this.#finds(type.of, 'all')) {
      return await this.#byName(type, order.descending, window)
    }
    return await this.#sorted(window)
  }

  /** One resource type after the other, each in the order of creation. */
  async #byCreation({ after, offset, count }: Window): Promise<Part> {
    const resources: Stored[] = []
    let total = 0
    let shown: OfType = { ...nothing, last: after }
    // Types before the one where the last page ended have been shown; they only count.
    let isPassed = after !== undefined
    for (const type of this.#scope.types) {
      isPassed &&= type.of !== after?.of
      const isOver = isPassed || shown.hasMore
      const part = await this.#ofType(type, {
        after: after?.of === type.of ? after : undefined,
        offset: Math.max(0, offset - total),
        count: isOver ? 0 : count - resources.length,
      })
      total += part.total
      if (isOver) continue
      resources.push(...part.resources)
      shown = { ...part, last: part.last ?? shown.last }
    }
    return { total, resources, next: shown.hasMore ? shown.last : undefined, isCut: shown.isCut }
  }

  async #ofType(type: SearchedType, { after, offset, count }: Window): Promise<OfType> {
    const plan = this.#plans.get(type.of)
    if (plan === undefined || plan.kind === 'nothing') return nothing
    if (plan.kind === 'indexed') {
      const page = { offset, count, ...(after && { after: after.ordinal }) }
      const found = await this.#find(type, plan.by, page)
      return { ...found, last: found.resources.at(-1) }
    }
    const matches = await this.#matches.find(type.of, plan)
    const behind = after ? matches.filter(({ ordinal }) => ordinal > after.ordinal) : matches
    const read = await this.#read(behind.slice(offset, offset + count))
    const hasMore = read.isCut || behind.length > offset + count
    return { ...read, total: matches.length, hasMore }
  }

  /** From the index of names, which has them in order. */
  async #byName(
    type: SearchedType,
    descending: boolean,
    { after, offset, count }: Window,
  ): Promise<Part> {
    const from = typeof after?.key === 'string' ? { after: after.key } : undefined
    const by = { by: 'name', descending, ...from } as const
    const { total, resources, hasMore, isCut } = await this.#find(type, by, { offset, count })
    const last = resources.at(-1)
    const next = hasMore && last ? { ...last, key: nameOf(last) } : undefined
    return { total, resources, next, isCut }
  }

  async #sorted({ after, offset, count }: Window): Promise<Part> {
    const order = this.#order
    const compare = compareMatches(this.#types, order)
    const matches: Match[] = []
    for (const [of, plan] of this.#plans) {
      for (const match of await this.#matches.find(of, plan, order)) matches.push(match)
    }
    const behind = after ? matches.filter((match) => compare(match, after) > 0) : matches
    const sorted = await sortedInSlices(behind, compare, this.#turn)
    const { resources, last, isCut } = await this.#read(sorted.slice(offset, offset + count))
    const hasMore = isCut || sorted.length > offset + count
    return { total: matches.length, resources, next: hasMore ? last : undefined, isCut }
  }

  /** Reads a window of matches; whoever has gone or changed so as to match no more is left out. */
  async #read(window: readonly Match[]): Promise<Read> {
    const read = new Map<string, Stored>()
    let end = window.length
    for (const type of this.#scope.types) {
      const wanted = window.filter(({ of }) => of === type.of)
      if (wanted.length === 0) continue
      const values = wanted.map(({ ordinal }) => ordinal)
      const page = { offset: 0, count: values.length }
      const found = await this.#find(type, { by: 'ordinals', values }, page)
      for (const stored of found.resources) read.set(keyOf(stored), stored)
      const whole = values.indexOf(found.resources.at(-1)?.ordinal ?? 0) + 1
      if (found.isCut) end = Math.min(end, window.indexOf(wanted[whole]!))
    }
    const shown = window.slice(0, end)
    const resources = shown.flatMap((match) => {
      const stored = read.get(keyOf(match))
      return stored !== undefined && this.#stillMatches(stored) ? [stored] : []
    })
    return { resources, last: shown.at(-1), isCut: end < window.length }
  }

  #stillMatches(stored: Stored): boolean {
    const plan = this.#plans.get(stored.of)
    if (plan?.kind !== 'scanned') return true
    // Members are not read again only to ask whether they still match.
    if (isByReferences(plan) && stored.references === undefined) return true
    const { registry, baseUrl } = this.#scope
    return plan.compiled.matches(renderResource(stored, registry, baseUrl)) === T
  }

  async #find({ of, references }: SearchedType, by: IndexedQuery, page: Page): Promise<Found> {
    const { store, directory } = this.#scope
    const wanted = references && page.count > 0
    const bound = wanted && { referencesMax: this.#referencesLeft }
    const found = await store.find(of, directory, by, page, { references: wanted, ...bound })
    const used = found.resources.reduce((sum, { references: all }) => sum + (all?.length ?? 0), 0)
    this.#referencesLeft = Math.max(0, this.#referencesLeft - used)
    return found
  }

  #finds(of: Collection, by: IndexedQuery['by']): boolean {
    const plan = this.#plans.get(of)
    return plan?.kind === 'indexed' && plan.by.by === by
  }

  get #types(): readonly Collection[] {
    return [...this.#plans.keys()]
  }
}

interface Read {
  readonly resources: readonly Stored[]
  /** Of what was looked at, the last one. */
  readonly last: Match | undefined
  readonly isCut: boolean
}
interface OfType extends Read {
  readonly total: number
  readonly hasMore: boolean
}
const nothing: OfType = { total: 0, resources: [], last: undefined, hasMore: false, isCut: false }

/** Whether the order is that of the name which the store keeps in order. */
function isByName(of: Collection, { by }: SortOrder): boolean {
  const at = by.get(of)
  return at?.schema === undefined && at?.leaf.name === resourceTypes[of].uniqueName
}

function nameOf({ of, document }: Stored): string | undefined {
  const name = document[resourceTypes[of].uniqueName]
  return typeof name === 'string' ? fold(name) : undefined
}

function keyOf({ of, ordinal }: Match): string {
  return `${of} ${ordinal}`
}
