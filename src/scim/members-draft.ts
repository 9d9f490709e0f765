import type { Reference, Uuid } from '../directory/directory.ts'
import type { MembersEdit } from '../directory/membership.ts'

/**
 * What the operations of one PATCH make of a group's members, in their order, without knowing who
 * the members are: ids to add and ids to remove, or the whole list once an operation has said it.
 */
export class MembersDraft {
  /** Present: read beforehand, since an operation asks for more than ids. */
  readonly #stored: readonly Reference[] | undefined
  readonly #add = new Set<Uuid>()
  readonly #remove = new Set<Uuid>()
  #isWhole = false

  constructor(stored?: readonly Reference[]) {
    this.#stored = stored
  }

  add(ids: readonly Uuid[]): void {
    for (const id of ids) {
      this.#add.add(id)
      this.#remove.delete(id)
    }
  }

  remove(ids: readonly Uuid[]): void {
    for (const id of ids) {
      this.#add.delete(id)
      if (!this.#isWhole) this.#remove.add(id)
    }
  }

  replace(ids: readonly Uuid[]): void {
    this.#isWhole = true
    this.#add.clear()
    this.#remove.clear()
    this.add(ids)
  }

  /** The members as they would be now. Those added here have nothing but their id. */
  current(): readonly Reference[] {
    const stored = this.#isWhole ? [] : (this.#stored ?? [])
    const left = stored.filter(({ value }) => !this.#remove.has(value) && !this.#add.has(value))
    const known = new Map(this.#stored?.map((reference) => [reference.value, reference]))
    const added = [...this.#add].map(
      (value) => known.get(value) ?? ({ value, type: 'pending' } as const),
    )
    return [...left, ...added]
  }

  /** Undefined: the members stay as they are. */
  edit(): MembersEdit | undefined {
    const [add, remove] = [[...this.#add], [...this.#remove]]
    if (this.#isWhole) return { kind: 'replace', members: add }
    return add.length + remove.length === 0 ? undefined : { kind: 'edit', add, remove }
  }
}
