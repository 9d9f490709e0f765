import type { Ordinal } from '../directory/directory.ts'
import { fold } from '../directory/identity.ts'
import { nestingDepthMax } from '../directory/membership.ts'
import { F, T, type Tri, U } from '../directory/three-values.ts'
import type { GroupRow } from '../store/store.ts'

/** The groups of one directory: their names, and which are members of which. */
export class GroupGraph {
  /** Moves with every change, so that what was derived from the graph can be told stale. */
  generation = 0
  readonly #byOrdinal = new Map<Ordinal, KnownGroup>()
  readonly #byName = new Map<string, Ordinal[]>()
  readonly #byId = new Map<string, Ordinal>()
  #nestings = 0

  get size(): number {
    return this.#byOrdinal.size
  }

  put(row: GroupRow): void {
    this.remove(row.ordinal)
    const name = fold(row.displayName)
    this.#byOrdinal.set(row.ordinal, { row, name })
    this.#byId.set(row.id, row.ordinal)
    this.#byName.set(name, [...(this.#byName.get(name) ?? []), row.ordinal])
    this.#nestings += row.parents.length
  }

  remove(ordinal: Ordinal): void {
    this.generation++
    const known = this.#byOrdinal.get(ordinal)
    if (known === undefined) return
    const { row, name } = known
    this.#byOrdinal.delete(ordinal)
    this.#byId.delete(row.id)
    const others = (this.#byName.get(name) ?? []).filter((other) => other !== ordinal)
    if (others.length > 0) this.#byName.set(name, others)
    else this.#byName.delete(name)
    this.#nestings -= row.parents.length
  }

  /** All groups that have one of these direct groups in them, themselves included. */
  effective(direct: readonly Ordinal[]): EffectiveGroups {
    const found = new Set(direct.filter((ordinal) => this.#byOrdinal.has(ordinal)))
    if (this.#nestings === 0) return new EffectiveGroups(found, true)
    let level: readonly Ordinal[] = [...found]
    for (let depth = 0; level.length > 0; depth++) {
      // Deeper nesting is not followed, so what lies beyond it cannot be known.
      if (depth === nestingDepthMax) return new EffectiveGroups(found, false)
      const next: Ordinal[] = []
      for (const ordinal of level) {
        for (const parent of this.#byOrdinal.get(ordinal)?.row.parents ?? []) {
          if (found.has(parent) || !this.#byOrdinal.has(parent)) continue
          found.add(parent)
          next.push(parent)
        }
      }
      level = next
    }
    return new EffectiveGroups(found, true)
  }

  hasName(groups: EffectiveGroups, foldedName: string): Tri {
    const named = this.#byName.get(foldedName)
    if (named === undefined) return F
    const held = named.filter((ordinal) => groups.has(ordinal)).length
    if (held === named.length) return T
    if (!groups.complete) return U
    // Two groups share the name and only one holds: which was meant cannot be known.
    return held === 0 ? F : U
  }

  hasId(groups: EffectiveGroups, id: string): Tri {
    const ordinal = this.#byId.get(id)
    if (ordinal === undefined) return F
    if (groups.has(ordinal)) return T
    return groups.complete ? F : U
  }

  /** Names folded; those that another group has, too, of which these are not, are doubtful. */
  listed(groups: EffectiveGroups): ListedGroups {
    const names: string[] = []
    const doubtfulNames: string[] = []
    const ids: string[] = []
    for (const ordinal of groups.ordinals) {
      const known = this.#byOrdinal.get(ordinal)
      if (known === undefined) continue
      const { row, name } = known
      ids.push(row.id)
      const isCertain = this.hasName(groups, name) === T
      if (isCertain) names.push(name)
      else doubtfulNames.push(name)
    }
    return { names, doubtfulNames, ids }
  }

  nameOf(ordinal: Ordinal): string | undefined {
    return this.#byOrdinal.get(ordinal)?.row.displayName
  }
}

export interface ListedGroups {
  readonly names: readonly string[]
  readonly doubtfulNames: readonly string[]
  readonly ids: readonly string[]
}

interface KnownGroup {
  readonly row: GroupRow
  /** Folded. */
  readonly name: string
}

/** Groups that somebody is in, directly or through others. */
export class EffectiveGroups {
  /** Ascending. */
  readonly ordinals: readonly Ordinal[]
  /** False: groups are nested deeper than is followed. */
  readonly complete: boolean

  constructor(ordinals: ReadonlySet<Ordinal>, complete: boolean) {
    this.ordinals = [...ordinals].sort((a, b) => a - b)
    this.complete = complete
  }

  has(ordinal: Ordinal): boolean {
    let [low, high] = [0, this.ordinals.length - 1]
    while (low <= high) {
      const middle = (low + high) >> 1
      const found = this.ordinals[middle]!
      if (found === ordinal) return true
      if (found < ordinal) low = middle + 1
      else high = middle - 1
    }
    return false
  }
}
