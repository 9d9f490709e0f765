import type { SyncTally } from '../../directory/sync-entry.ts'
import { notedReadsMax, notedWritesMax } from '../store.ts'
import type { Connection } from './connection.ts'
import type { NoteRequest } from './protocol.ts'
import type { NotesRequest } from './read-protocol.ts'
import { directoryNumber } from './resource-rows.ts'

/**
 * The sync log, one row an entry. A directory's entries are numbered in the order in which they
 * came, quiet reads and others together; each kind is cut to its own length.
 */

/** Nothing where the directory is not enrolled. */
export function appendNotes(connection: Connection, request: NoteRequest): void {
  const directory = directoryNumber(connection, request.directory)
  if (directory === undefined) return
  let number = lastNumber(connection, directory)
  for (const { quiet, text } of request.entries) {
    number += 1
    connection.run('INSERT INTO note VALUES (?, ?, ?, ?)', directory, quiet ? 1 : 0, number, text)
  }
  trim(connection, directory, 0, notedWritesMax)
  trim(connection, directory, 1, notedReadsMax)
  count(connection, directory, request.tally)
}

function lastNumber(connection: Connection, directory: number): number {
  const newest = (quiet: number) =>
    connection.get<{ number: number | null }>(
      'SELECT max(number) AS number FROM note WHERE directory = ? AND quiet = ?',
      directory,
      quiet,
    )?.number ?? 0
  return Math.max(newest(0), newest(1))
}

function trim(connection: Connection, directory: number, quiet: number, max: number): void {
  connection.run(
    `DELETE FROM note WHERE directory = ?1 AND quiet = ?2 AND number <=
       (SELECT number FROM note WHERE directory = ?1 AND quiet = ?2
        ORDER BY number DESC LIMIT 1 OFFSET ?3)`,
    directory,
    quiet,
    max,
  )
}

function count(connection: Connection, directory: number, tally: SyncTally): void {
  const { dropped, droppedAt, refused, refusedAt } = tally
  if (dropped + refused === 0) return
  connection.run(
    `INSERT INTO note_tally VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (directory) DO UPDATE SET
       dropped = dropped + excluded.dropped, refused = refused + excluded.refused,
       dropped_at = coalesce(excluded.dropped_at, dropped_at),
       refused_at = coalesce(excluded.refused_at, refused_at)`,
    directory,
    dropped,
    droppedAt ?? null,
    refused,
    refusedAt ?? null,
  )
}

/** Newest first, as one JSON list: a single text crosses threads faster than 1,200 objects. */
export function listNotes(connection: Connection, { directory, reads, max }: NotesRequest): string {
  const rows = connection.all<{ entry: string }>(
    `SELECT entry FROM note JOIN directory ON directory.number = note.directory
     WHERE directory.id = ? AND quiet <= ? ORDER BY note.number DESC LIMIT ?`,
    directory,
    reads ? 1 : 0,
    max,
  )
  return `[${rows.map(({ entry }) => entry).join()}]`
}

export function readTally(connection: Connection, directory: string): SyncTally {
  const row = connection.get<TallyRow>(
    `SELECT dropped, dropped_at, refused, refused_at FROM note_tally
     JOIN directory ON directory.number = note_tally.directory WHERE directory.id = ?`,
    directory,
  )
  return {
    dropped: row?.dropped ?? 0,
    ...(row?.dropped_at && { droppedAt: row.dropped_at }),
    refused: row?.refused ?? 0,
    ...(row?.refused_at && { refusedAt: row.refused_at }),
  }
}

interface TallyRow {
  readonly dropped: number
  readonly dropped_at: string | null
  readonly refused: number
  readonly refused_at: string | null
}
