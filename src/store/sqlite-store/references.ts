import type { Collection, Ordinal, Reference } from '../../directory/directory.ts'
import { parseDocument } from '../stored-text.ts'
import type { Connection } from './connection.ts'
import { groupsOf, memberCount, memberIds, pendingValues } from './member-rows.ts'
import { Ancestry } from './nesting.ts'
import type { RecordRow } from './protocol.ts'
import { named, readRecord } from './resource-rows.ts'

/** How much of the references is wanted; -1 = all. */
export interface ReferencesWanted {
  /** Of each resource. */
  readonly each: number
  /** Of all resources together. */
  readonly together: number
}

/**
 * Members of groups and groups of users, for the resources of one request, in one snapshot. What
 * does not fit is counted, never built.
 */
export class References {
  readonly #connection: Connection
  readonly #of: Collection
  readonly #directory: number
  readonly #wanted: ReferencesWanted
  #used = 0
  #isFirst = true
  #ancestry: Ancestry | undefined
  readonly #groups = new Map<Ordinal, Reference | undefined>()

  constructor(connection: Connection, of: Collection, directory: number, wanted: ReferencesWanted) {
    this.#connection = connection
    this.#of = of
    this.#directory = directory
    this.#wanted = wanted
  }

  /** The record with its references; undefined where they would be too many on one page. */
  of(record: RecordRow): RecordRow | undefined {
    const { each } = this.#wanted
    if (each === 0) return record
    const read = this.#of === 'users' ? this.#groupsOf(record) : this.#membersOf(record)
    if (read === undefined) return undefined
    const references = each < 0 ? read : read.slice(0, each)
    this.#used += references.length
    this.#isFirst = false
    return { ...record, references: JSON.stringify(references) }
  }

  /** Whether so many more are within the bound of the page. One resource alone has none. */
  #fits(count: number): boolean {
    return this.#isFirst || count <= this.#left()
  }

  #left(): number {
    const { together } = this.#wanted
    return together < 0 ? Number.MAX_SAFE_INTEGER : Math.max(0, together - this.#used)
  }

  #groupsOf({ ordinal }: RecordRow): readonly Reference[] | undefined {
    const direct = groupsOf(this.#connection, 'users', this.#directory, ordinal)
    this.#ancestry ??= new Ancestry(this.#connection, this.#directory)
    const indirect = this.#ancestry.above(direct)
    if (!this.#fits(direct.length + indirect.length)) return undefined
    return [
      ...direct.flatMap((group) => this.#group(group) ?? []),
      ...indirect.flatMap((group) => {
        const reference = this.#group(group)
        return reference === undefined ? [] : [{ ...reference, indirect: true } as const]
      }),
    ]
  }

  #group(ordinal: Ordinal): Reference | undefined {
    if (this.#groups.has(ordinal)) return this.#groups.get(ordinal)
    const row = readRecord(this.#connection, 'groups', this.#directory, ordinal)
    const reference = row && toReference(row.id, row.document)
    this.#groups.set(ordinal, reference)
    return reference
  }

  #membersOf({ ordinal }: RecordRow): readonly Reference[] | undefined {
    const { each, together } = this.#wanted
    const group = { directory: this.#directory, ordinal }
    if (together >= 0 && !this.#isFirst) {
      const most = this.#left()
      const count = memberCount(this.#connection, group, most)
      if (!this.#fits(each < 0 ? count : Math.min(each, count))) return undefined
    }
    return [
      ...memberIds(this.#connection, 'users', group, each).map(
        (value): Reference => ({ value, type: 'User' }),
      ),
      ...memberIds(this.#connection, 'groups', group, each).map((value) => {
        const owner = named(this.#connection, this.#directory, value)
        return (owner && this.#group(owner.ordinal)) ?? ({ value, type: 'Group' } as const)
      }),
      ...pendingValues(this.#connection, group, each).map(
        (value): Reference => ({ value, type: 'pending' }),
      ),
    ]
  }
}

function toReference(value: string, document: string): Reference {
  const display = parseDocument(document).displayName
  return typeof display === 'string' ? { value, type: 'Group', display } : { value, type: 'Group' }
}
