import type { DirectoryId, Ordinal } from '../../directory/directory.ts'
import { nestingDepthMax } from '../../directory/membership.ts'
import type { GroupRow } from '../store.ts'
import type { Desk } from './desk.ts'
import { inDirectory } from './records.ts'
import { ascending } from './redis-keys.ts'
import { textsOf } from './redis-link.ts'
import { someGroups } from './subjects.ts'

/**
 * Groups within groups, followed `nestingDepthMax` deep; a circle is gone round once. Both
 * directions agree: who is found below a group shows that group.
 */

/** Groups by ordinal, and those above them. What was read is kept for the next user of a page. */
export class Ancestry {
  readonly #desk: Desk
  readonly #directory: DirectoryId
  readonly #known = new Map<Ordinal, GroupRow | undefined>()

  constructor(desk: Desk, directory: DirectoryId) {
    this.#desk = desk
    this.#directory = directory
  }

  /** Undefined: it has been deleted. */
  group(ordinal: Ordinal): GroupRow | undefined {
    return this.#known.get(ordinal)
  }

  /** Reads these, and every group above them. */
  async read(groups: readonly Ordinal[]): Promise<void> {
    await this.#reach(groups)
  }

  /** Every group above these, ascending, themselves left out; `read` has been there. */
  above(groups: readonly Ordinal[]): readonly Ordinal[] {
    const found = new Set(groups)
    let level = groups
    for (let depth = 0; depth < nestingDepthMax && level.length > 0; depth++) {
      level = this.#parentsOf(level).filter((ordinal) => !found.has(ordinal))
      for (const ordinal of level) found.add(ordinal)
    }
    for (const group of groups) found.delete(group)
    return [...found].sort(ascending)
  }

  async #reach(groups: readonly Ordinal[]): Promise<void> {
    let level = groups
    for (let depth = 0; depth <= nestingDepthMax && level.length > 0; depth++) {
      const unknown = level.filter((ordinal) => !this.#known.has(ordinal))
      for (const ordinal of unknown) this.#known.set(ordinal, undefined)
      for (const row of await someGroups(this.#desk, this.#directory, unknown)) {
        this.#known.set(row.ordinal, row)
      }
      // Of those known before, what is above them is known too.
      level = this.#parentsOf(unknown)
    }
  }

  #parentsOf(groups: readonly Ordinal[]): readonly Ordinal[] {
    return [...new Set(groups.flatMap((group) => this.#known.get(group)?.parents ?? []))]
  }
}

/** The users in a group or in groups below it, each once, ascending. */
export async function usersWithin(
  desk: Desk,
  directory: DirectoryId,
  group: Ordinal,
): Promise<readonly Ordinal[]> {
  const found = new Set([group])
  let level: readonly Ordinal[] = [group]
  for (let depth = 0; depth < nestingDepthMax && level.length > 0; depth++) {
    const below = await membersOf(desk, directory, 'gg', level)
    level = [...new Set(below)].filter((ordinal) => !found.has(ordinal))
    for (const ordinal of level) found.add(ordinal)
  }
  const users = await membersOf(desk, directory, 'gm', [...found])
  return [...new Set(users)].sort(ascending)
}

async function membersOf(
  desk: Desk,
  directory: DirectoryId,
  side: 'gg' | 'gm',
  groups: readonly Ordinal[],
): Promise<readonly Ordinal[]> {
  const read = await inDirectory({ desk, directory }, async (redis, prefix) => {
    const pipeline = redis.pipeline()
    for (const group of groups) pipeline.smembers(`${prefix}${side}:${group}`)
    return textsOf<readonly string[]>(await pipeline.exec())
  })
  return (read ?? []).flatMap((members) => members.map(Number))
}
