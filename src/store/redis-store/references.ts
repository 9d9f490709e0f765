import type { Ordinal, Reference, Stored } from '../../directory/directory.ts'
import { compareText } from '../../directory/text-order.ts'
import { fromText } from '../stored-text.ts'
import { Ancestry } from './nesting.ts'
import { toStored } from './record-text.ts'
import { inDirectory, type ReadRecord, type Scope } from './records.ts'
import { ascending } from './redis-keys.ts'
import { textsOf } from './redis-link.ts'
import { scripts } from './scripts.ts'

/** How much of the references is wanted; -1 = all. */
export interface ReferencesWanted {
  /** Of each resource. */
  readonly each: number
  /** Of all resources together. */
  readonly together: number
}

/**
 * Members of groups and groups of users, for the resources of one request. What does not fit is
 * counted, never built.
 */
export class References {
  readonly #scope: Scope
  readonly #wanted: ReferencesWanted
  readonly #ancestry: Ancestry
  #used = 0
  #isFirst = true

  constructor(scope: Scope, wanted: ReferencesWanted) {
    this.#scope = scope
    this.#wanted = wanted
    this.#ancestry = new Ancestry(scope.desk, scope.directory)
  }

  /** The resource with its references; undefined where they would be too many on one page. */
  async of(record: ReadRecord): Promise<Stored | undefined> {
    const { of, directory } = this.#scope
    const stored = toStored(of, directory, record.ordinal, record.text)
    const { each } = this.#wanted
    if (each === 0) return stored
    const read = of === 'users' ? await this.#groupsOf(record) : await this.#membersOf(record)
    if (read === undefined) return undefined
    const references = each < 0 ? read : read.slice(0, each)
    this.#used += references.length
    this.#isFirst = false
    return { ...stored, references }
  }

  /** Whether so many more are within the bound of the page. One resource alone has none. */
  #fits(count: number): boolean {
    const { together } = this.#wanted
    return this.#isFirst || together < 0 || count <= Math.max(0, together - this.#used)
  }

  async #groupsOf({ groups }: ReadRecord): Promise<readonly Reference[] | undefined> {
    const direct = groups.toSorted(ascending)
    await this.#ancestry.read(direct)
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
    const row = this.#ancestry.group(ordinal)
    if (row === undefined) return undefined
    const { id: value, displayName: display } = row
    return display === '' ? { value, type: 'Group' } : { value, type: 'Group', display }
  }

  async #membersOf({ ordinal }: ReadRecord): Promise<readonly Reference[] | undefined> {
    const { each } = this.#wanted
    const sides = ['gm', 'gg', 'pv'].map((side) => `${side}:${ordinal}`)
    const counts = (await this.#eachSide(sides, 'scard')) as number[]
    const count = counts.reduce((sum, one) => sum + one, 0)
    if (!this.#fits(each < 0 ? count : Math.min(each, count))) return undefined
    const [users, groups, waiting] = (await this.#eachSide(sides, 'smembers')) as string[][]
    const some = <Value>(values: readonly Value[]) => (each < 0 ? values : values.slice(0, each))
    const [members, children] = [users, groups].map((side) =>
      some((side ?? []).map(Number).sort(ascending)),
    )
    await this.#ancestry.read(children ?? [])
    return [
      ...(await this.#idsOf(members ?? [])).map((value): Reference => ({ value, type: 'User' })),
      ...(children ?? []).flatMap((child) => this.#group(child) ?? []),
      ...some((waiting ?? []).sort(compareText)).map(
        (value): Reference => ({ value: fromText(value), type: 'pending' }),
      ),
    ]
  }

  async #eachSide(sides: readonly string[], command: 'scard' | 'smembers') {
    const read = await inDirectory(this.#scope, async (redis, prefix) => {
      const pipeline = redis.pipeline()
      for (const side of sides) pipeline[command](prefix + side)
      return textsOf<number | string[]>(await pipeline.exec())
    })
    return read ?? []
  }

  /** Without those who went since their ordinals were read. */
  async #idsOf(users: readonly Ordinal[]): Promise<readonly string[]> {
    const { desk, directory } = this.#scope
    const ids: string[] = []
    for (let first = 0; first < users.length; first += idsMax) {
      const slice = users.slice(first, first + idsMax)
      const told = await desk.ask<readonly [string[]]>(scripts.ids, directory, ['u', ...slice])
      ids.push(...(told?.rest[0] ?? []).filter((id) => id !== '').map(fromText))
    }
    return ids
  }
}

/** ≈ 2 ms of the server. */
const idsMax = 1_000
