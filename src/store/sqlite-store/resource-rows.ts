import type { Collection, Ordinal, Uuid } from '../../directory/directory.ts'
import type { IndexTerm } from '../../directory/identity.ts'
import { fromText, toText } from '../stored-text.ts'
import type { Connection } from './connection.ts'
import type { RecordRow } from './protocol.ts'
import { keyOf, kindOf, ordinalOf, userKind } from './schema.ts'

/** Users, groups and their indexes, row by row. Directories go by number here. */

/** What an id names in a directory: no user and group share one (RFC 7643 §3.1). */
export interface Named {
  readonly of: Collection
  readonly ordinal: Ordinal
}

export function named(connection: Connection, directory: number, id: Uuid): Named | undefined {
  const row = connection.get<{ kind: number; ordinal: number }>(
    'SELECT kind, ordinal FROM name WHERE directory = ? AND id = ?',
    directory,
    toText(id),
  )
  return row && { of: row.kind === userKind ? 'users' : 'groups', ordinal: row.ordinal }
}

export function directoryNumber(connection: Connection, id: string): number | undefined {
  return connection.get<{ number: number }>('SELECT number FROM directory WHERE id = ?', id)?.number
}

export interface StoredRow {
  readonly key: number
  readonly id: string
  readonly rev: number
  readonly created: string
  readonly modified: string
  readonly document: string
}

export function readRecord(
  connection: Connection,
  of: Collection,
  directory: number,
  ordinal: Ordinal,
): RecordRow | undefined {
  const row = connection.get<StoredRow>(
    `SELECT key, id, rev, created, modified, document FROM ${of} WHERE key = ?`,
    keyOf(directory, ordinal),
  )
  return row && toRecord(row)
}

export function toRecord(row: StoredRow): RecordRow {
  return {
    ordinal: ordinalOf(row.key),
    id: fromText(row.id),
    revision: row.rev,
    created: row.created,
    modified: row.modified,
    document: row.document,
  }
}

export function insertRecord(
  connection: Connection,
  of: Collection,
  directory: number,
  record: RecordRow,
): void {
  connection.run(
    `INSERT INTO ${of} (key, id, rev, created, modified, document) VALUES (?, ?, ?, ?, ?, ?)`,
    keyOf(directory, record.ordinal),
    toText(record.id),
    record.revision,
    record.created,
    record.modified,
    record.document,
  )
  connection.run(
    'INSERT INTO name (directory, id, kind, ordinal) VALUES (?, ?, ?, ?)',
    directory,
    toText(record.id),
    kindOf[of],
    record.ordinal,
  )
}

export function updateRecord(
  connection: Connection,
  of: Collection,
  directory: number,
  record: RecordRow,
): void {
  connection.run(
    `UPDATE ${of} SET rev = ?, modified = ?, document = ? WHERE key = ?`,
    record.revision,
    record.modified,
    record.document,
    keyOf(directory, record.ordinal),
  )
}

export function deleteRecord(
  connection: Connection,
  of: Collection,
  directory: number,
  record: RecordRow,
): void {
  connection.run(`DELETE FROM ${of} WHERE key = ?`, keyOf(directory, record.ordinal))
  connection.run('DELETE FROM name WHERE directory = ? AND id = ?', directory, toText(record.id))
}

/** The next ordinal of a collection. The counter only grows, so that none is ever used again. */
export function takeOrdinal(connection: Connection, of: Collection, directory: number): Ordinal {
  const row = connection.get<{ taken: number }>(
    `UPDATE directory SET last_${of} = last_${of} + 1 WHERE number = ?
     RETURNING last_${of} AS taken`,
    directory,
  )
  return row!.taken
}

/** The first of the terms that somebody else has and may not share. */
export function takenTerm(
  connection: Connection,
  of: Collection,
  directory: number,
  terms: readonly IndexTerm[],
): IndexTerm | undefined {
  return terms.find(
    (term) =>
      term.unique &&
      connection.get(
        `SELECT 1 FROM term_unique
         WHERE directory = ? AND kind = ? AND attribute = ? AND value = ?`,
        directory,
        kindOf[of],
        term.attribute,
        toText(term.value),
      ) !== undefined,
  )
}

export function insertTerm(
  connection: Connection,
  of: Collection,
  directory: number,
  ordinal: Ordinal,
  term: IndexTerm,
): void {
  connection.run(
    `INSERT INTO ${term.unique ? 'term_unique' : 'term'}
       (directory, kind, attribute, value, ordinal) VALUES (?, ?, ?, ?, ?)`,
    directory,
    kindOf[of],
    term.attribute,
    toText(term.value),
    ordinal,
  )
}

export function deleteTerm(
  connection: Connection,
  of: Collection,
  directory: number,
  ordinal: Ordinal,
  term: IndexTerm,
): void {
  connection.run(
    `DELETE FROM ${term.unique ? 'term_unique' : 'term'}
     WHERE directory = ? AND kind = ? AND attribute = ? AND value = ? AND ordinal = ?`,
    directory,
    kindOf[of],
    term.attribute,
    toText(term.value),
    ordinal,
  )
}
