import { F, not, T, type Tri, U } from '../directory/three-values.ts'
import { ConditionNode, readsSubject, shortened } from './condition-node.ts'
import type { Facts, Groups, Seen } from './policy.ts'
import type { GroupPart } from './schema.ts'
import type { WhoScope } from './who.ts'

/** `who.groups`: any, all or none of them. */
export class GroupsNode extends ConditionNode {
  readonly #by: 'any' | 'all' | 'none'
  /** Folded. */
  readonly #names: readonly string[]
  readonly #ids: readonly string[]

  constructor(by: 'any' | 'all' | 'none', groups: readonly GroupPart[], scope: WhoScope) {
    const label = `who.groups.${by}`
    const texts = groups.map((group) =>
      typeof group === 'string' ? group : JSON.stringify({ id: group.id }),
    )
    super({
      path: label,
      label,
      wanted: `${by} of [${texts.join(', ')}]`,
      ...readsSubject,
      cost: 2 + Math.min(8, groups.length) / 2,
    })
    this.#by = by
    const named = groups.filter((group) => typeof group === 'string')
    this.#names = named.map((name) => scope.folded(name))
    const ids = groups.flatMap((group) => (typeof group === 'string' ? [] : [group.id]))
    this.#ids = ids.length === 0 ? noIds : ids
  }

  protected override ask({ groups }: Facts): Tri {
    if (this.#by === 'all') return this.#all(groups)
    const some = this.#some(groups)
    return this.#by === 'any' ? some : not(some)
  }

  /** Which of the groups asked for the subject is in: its other groups are not what is asked. */
  protected override look({ groups }: Facts): Seen {
    const found = [
      ...this.#names.map((name) => ({ name, held: groups.hasName(name) })),
      ...this.#ids.map((id) => ({ name: id, held: groups.hasId(id) })),
    ]
    const those = (wanted: Tri) =>
      found.filter(({ held }) => held === wanted).map(({ name }) => name)
    const doubtful = those(U)
    const note = doubtful.length === 0 ? '' : `cannot be known: ${doubtful.join(', ')}`
    return { value: shortened(JSON.stringify(those(T))), note: shortened(note) }
  }

  #some(groups: Groups): Tri {
    let result: Tri = F
    for (let at = 0; at < this.#names.length; at++) {
      const held = groups.hasName(this.#names[at]!)
      if (held === T) return T
      if (held === U) result = U
    }
    for (let at = 0; at < this.#ids.length; at++) {
      const held = groups.hasId(this.#ids[at]!)
      if (held === T) return T
      if (held === U) result = U
    }
    return result
  }

  #all(groups: Groups): Tri {
    let result: Tri = T
    for (let at = 0; at < this.#names.length; at++) {
      const held = groups.hasName(this.#names[at]!)
      if (held === F) return F
      if (held === U) result = U
    }
    for (let at = 0; at < this.#ids.length; at++) {
      const held = groups.hasId(this.#ids[at]!)
      if (held === F) return F
      if (held === U) result = U
    }
    return result
  }
}

const noIds: readonly string[] = []
