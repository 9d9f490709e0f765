import type { Ordinal, Uuid } from '../../directory/directory.ts'
import { nestingDepthMax } from '../../directory/membership.ts'
import type { Connection } from './connection.ts'
import { groupsOf, memberOrdinals } from './member-rows.ts'
import { named } from './resource-rows.ts'
import { groupKind } from './schema.ts'

/**
 * Groups within groups, followed `nestingDepthMax` deep; a circle is gone round once. Both
 * directions agree: who is found below a group shows that group.
 */

/** The groups above others, in one snapshot. What was read is kept for the next user of a page. */
export class Ancestry {
  readonly #connection: Connection
  readonly #directory: number
  readonly #parents = new Map<Ordinal, readonly Ordinal[]>()
  readonly #isFlat: boolean

  constructor(connection: Connection, directory: number) {
    this.#connection = connection
    this.#directory = directory
    // One look spares a directory without nesting a look per group.
    this.#isFlat =
      connection.get(
        'SELECT 1 FROM member_of WHERE directory = ? AND kind = ? LIMIT 1',
        directory,
        groupKind,
      ) === undefined
  }

  /** Every group above these, ascending, themselves left out. */
  above(groups: readonly Ordinal[]): readonly Ordinal[] {
    if (this.#isFlat || groups.length === 0) return []
    const found = reach(groups, (group) => this.#parentsOf(group))
    for (const group of groups) found.delete(group)
    return [...found].sort((a, b) => a - b)
  }

  #parentsOf(group: Ordinal): readonly Ordinal[] {
    const known = this.#parents.get(group)
    if (known !== undefined) return known
    const parents = groupsOf(this.#connection, 'groups', this.#directory, group)
    this.#parents.set(group, parents)
    return parents
  }
}

/** The users in a group or in groups below it, each once, ascending. */
export function usersWithin(
  connection: Connection,
  directory: number,
  group: Uuid,
): readonly Ordinal[] {
  const owner = named(connection, directory, group)
  if (owner?.of !== 'groups') return []
  const membersOf = (of: 'users' | 'groups') => (ordinal: Ordinal) =>
    memberOrdinals(connection, of, { directory, ordinal })
  const groups = reach([owner.ordinal], membersOf('groups'))
  if (groups.size === 1) return membersOf('users')(owner.ordinal)
  const users = new Set([...groups].flatMap(membersOf('users')))
  return [...users].sort((a, b) => a - b)
}

/** These groups and all that can be reached from them. */
function reach(
  groups: readonly Ordinal[],
  next: (group: Ordinal) => readonly Ordinal[],
): Set<Ordinal> {
  const found = new Set(groups)
  let level = groups
  for (let depth = 0; depth < nestingDepthMax && level.length > 0; depth += 1) {
    const beyond: Ordinal[] = []
    for (const group of level.flatMap(next)) {
      if (found.has(group)) continue
      found.add(group)
      beyond.push(group)
    }
    level = beyond
  }
  return found
}
