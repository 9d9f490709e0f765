import type { DirectoryId } from '../../directory/directory.ts'
import type { GroupKey, GroupRow, GroupTable } from '../store.ts'
import { fromText, parseDocument } from '../stored-text.ts'
import type { Connection } from './connection.ts'
import { groupsOf, nestings } from './member-rows.ts'
import { directoryNumber, readRecord } from './resource-rows.ts'
import { keyOf, ordinalOf, readHead } from './schema.ts'

/** Every group of every directory, in one snapshot. */
export function readGroupTable(connection: Connection): GroupTable {
  return connection.snapshot(() => {
    const directories = connection.all<{ number: number; id: string }>(
      'SELECT number, id FROM directory ORDER BY number',
    )
    const groups = directories.flatMap(({ number, id }) => {
      const parents = parentsIn(connection, number)
      const rows = connection.all<{ key: number; id: string; document: string }>(
        'SELECT key, id, document FROM groups WHERE key > ? AND key < ? ORDER BY key',
        keyOf(number, 0),
        keyOf(number + 1, 0),
      )
      return rows.map((row): GroupRow => {
        const ordinal = ordinalOf(row.key)
        return {
          directory: id as DirectoryId,
          ordinal,
          id: fromText(row.id),
          displayName: displayNameOf(row.document),
          parents: parents.get(ordinal) ?? [],
        }
      })
    })
    return { groups, position: readHead(connection) }
  })
}

/** Just the groups named, in one snapshot: those that are not there are left out. */
export function readGroups(connection: Connection, only: readonly GroupKey[]): GroupTable {
  return connection.snapshot(() => {
    const groups = only.flatMap(({ directory, ordinal }): readonly GroupRow[] => {
      const number = directoryNumber(connection, directory)
      if (number === undefined) return []
      const record = readRecord(connection, 'groups', number, ordinal)
      if (record === undefined) return []
      const displayName = displayNameOf(record.document)
      const parents = groupsOf(connection, 'groups', number, ordinal)
      return [{ directory, ordinal, id: record.id, displayName, parents }]
    })
    return { groups, position: readHead(connection) }
  })
}

function parentsIn(connection: Connection, directory: number): Map<number, number[]> {
  const parents = new Map<number, number[]>()
  for (const { member, grp } of nestings(connection, directory)) {
    const known = parents.get(member)
    if (known === undefined) parents.set(member, [grp])
    else known.push(grp)
  }
  return parents
}

/** SCIM requires a displayName; a group that has none is named by nobody's rule. */
function displayNameOf(document: string): string {
  const { displayName } = parseDocument(document)
  return typeof displayName === 'string' ? displayName : ''
}
