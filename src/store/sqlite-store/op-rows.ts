import type { DirectoryId, Ordinal } from '../../directory/directory.ts'
import type { Position } from '../position.ts'
import type { Connection } from './connection.ts'

/**
 * Results of recent commits by opId, so that a retry of a write whose answer was lost is told what
 * happened instead of writing twice. Only what was written is kept: a refused change wrote nothing
 * and may be judged again.
 */
interface Result {
  readonly position: Position
  /** The resource that was written, unless it was deleted. */
  readonly place?: Place | undefined
}
interface Place {
  readonly of: 'user' | 'group' | 'members'
  readonly directory: DirectoryId
  readonly ordinal: Ordinal
}

/** Longer than any client of ours goes on retrying one write. */
const keptMs = 120_000
/** At most this many are forgotten in one commit: twice what one commit can add. */
const forgottenAtOnceMax = 128

export function recall(connection: Connection, opId: string, nowMs: number): Result | undefined {
  const row = connection.get<{ rev: number; at: number; result: string }>(
    'SELECT rev, at, result FROM op WHERE id = ?',
    opId,
  )
  if (row === undefined) return undefined
  if (row.at > nowMs - keptMs) return JSON.parse(row.result) as Result
  connection.run('DELETE FROM op WHERE rev = ?', row.rev)
  return undefined
}

export function remember(connection: Connection, opId: string, nowMs: number, result: Result) {
  const { position, place } = result
  connection.run(
    'INSERT INTO op (rev, id, at, result) VALUES (?, ?, ?, ?)',
    position.revision,
    opId,
    Math.floor(nowMs),
    JSON.stringify({
      position,
      place: place && { of: place.of, directory: place.directory, ordinal: place.ordinal },
    }),
  )
}

export function forgetResults(connection: Connection, nowMs: number): void {
  connection.run(
    'DELETE FROM op WHERE at <= ? AND rev IN (SELECT rev FROM op ORDER BY rev LIMIT ?)',
    Math.floor(nowMs) - keptMs,
    forgottenAtOnceMax,
  )
}
