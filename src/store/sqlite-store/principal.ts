import type { Position } from '../position.ts'
import type { PrincipalRow, Resolved, SubjectKey } from '../store.ts'
import { parseDocument, toText } from '../stored-text.ts'
import type { Connection } from './connection.ts'
import { groupsOf } from './member-rows.ts'
import type { PrincipalsRequest } from './read-protocol.ts'
import { directoryNumber, named, readRecord, type StoredRow, toRecord } from './resource-rows.ts'
import { keyOf, readHead, userKind } from './schema.ts'

/** A subject with its direct groups and the position of the same moment: some six one-row reads. */
export function readPrincipal(connection: Connection, key: SubjectKey): Resolved {
  return connection.snapshot(() => {
    const position = readHead(connection)
    const directory = directoryNumber(connection, key.directory)
    if (directory === undefined) return { kind: 'unknown', position }
    const ordinals = ordinalsOf(connection, directory, key)
    if (ordinals.length > 1) return { kind: 'ambiguous', position }
    const [ordinal] = ordinals
    if (ordinal === undefined) return { kind: 'unknown', position }
    const record = readRecord(connection, 'users', directory, ordinal)
    // Never "unknown": an index that leads nowhere is a damaged file.
    if (record === undefined) throw new Error('a name leads to no user: the file is damaged')
    const principal = {
      directory: key.directory,
      ordinal,
      id: record.id,
      revision: record.revision,
      document: parseDocument(record.document),
      groups: groupsOf(connection, 'users', directory, ordinal),
    }
    return { kind: 'known', principal, position }
  })
}

/** Users behind an ordinal, as rows: their documents are parsed where they are wanted. */
export function readPrincipals(
  connection: Connection,
  { directory, after, max }: PrincipalsRequest,
): PrincipalRows {
  return connection.snapshot(() => {
    const position = readHead(connection)
    const number = directoryNumber(connection, directory)
    if (number === undefined) return { position, rows: [] }
    const rows = connection.all<StoredRow>(
      `SELECT key, id, rev, created, modified, document FROM users
       WHERE key > ? AND key < ? ORDER BY key LIMIT ?`,
      keyOf(number, after),
      keyOf(number + 1, 0),
      max,
    )
    return {
      position,
      rows: rows.map(toRecord).map(({ ordinal, id, revision, document }) => {
        const groups = groupsOf(connection, 'users', number, ordinal)
        return { ordinal, id, revision, document, groups }
      }),
    }
  })
}

export interface PrincipalRows {
  readonly position: Position
  readonly rows: readonly (Omit<PrincipalRow, 'directory' | 'document'> & {
    readonly document: string
  })[]
}

/** At most two: more would be just as ambiguous. */
function ordinalsOf(
  connection: Connection,
  directory: number,
  { kind, value }: SubjectKey,
): readonly number[] {
  if (kind === 'id') {
    const owner = named(connection, directory, value)
    return owner?.of === 'users' ? [owner.ordinal] : []
  }
  const rows = connection.all<{ ordinal: number }>(
    `SELECT ordinal FROM term_unique
       WHERE directory = ?1 AND kind = ?2 AND attribute = ?3 AND value = ?4
     UNION ALL SELECT ordinal FROM term
       WHERE directory = ?1 AND kind = ?2 AND attribute = ?3 AND value = ?4
     LIMIT 2`,
    directory,
    userKind,
    kind,
    toText(value),
  )
  return rows.map((row) => row.ordinal)
}
