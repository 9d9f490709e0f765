import type { Effect, Entry } from '../entry.ts'
import { decodeOrdinals, encodeOrdinals } from '../ordinal-list.ts'
import type { Position } from '../position.ts'
import type { LogSlice } from '../store.ts'
import type { Connection } from './connection.ts'
import { readHead } from './schema.ts'

/**
 * The log, one row an entry. Its ordinals stand beside the effect, as bytes: a group of 100,000 is
 * one row of 100 KB.
 */

/** Older entries are trimmed: ≈ 150 MB of log, and who is further behind starts again anyway. */
export const feedEntriesMax = 1_000_000
/** Trimmed at most this many in one commit, so that no writer pays for all at once. */
const trimmedAtOnceMax = 256
/** A slice ends once it has this many entries or bytes: ≈ 3 ms of the thread that decides. */
export const sliceEntriesMax = 1_000
const sliceBytesMax = 1_000_000

export function appendEntry(connection: Connection, { position, previousNonce, effect }: Entry) {
  const lists = effect.of === 'group' || effect.of === 'members' ? effect : undefined
  const bare = lists === undefined ? effect : { ...lists, users: undefined, groups: undefined }
  connection.run(
    'INSERT INTO feed (rev, nonce, previous, effect, users, groups) VALUES (?, ?, ?, ?, ?, ?)',
    position.revision,
    position.nonce,
    previousNonce,
    JSON.stringify(bare),
    lists === undefined ? null : encodeOrdinals(lists.users),
    lists === undefined ? null : encodeOrdinals(lists.groups),
  )
}

export function trimFeed(connection: Connection, head: number, entriesMax: number): void {
  if (head <= entriesMax) return
  connection.run(
    'DELETE FROM feed WHERE rev IN (SELECT rev FROM feed WHERE rev <= ? ORDER BY rev LIMIT ?)',
    head - entriesMax,
    trimmedAtOnceMax,
  )
}

/** Entries after a revision, in order, with the head of the same moment. */
export function readSlice(connection: Connection, after: Position, max: number): LogSlice {
  return connection.snapshot(() => {
    const head = readHead(connection)
    const entries: Entry[] = []
    let [revision, bytes] = [after.revision, 0]
    const count = Math.min(max, sliceEntriesMax)
    while (entries.length < count && bytes < sliceBytesMax) {
      const row = connection.get<FeedRow>(nextQuery, revision)
      if (row === undefined) break
      entries.push(toEntry(row, head.epoch))
      revision = row.rev
      bytes += row.effect.length + (row.users?.length ?? 0) + (row.groups?.length ?? 0)
    }
    return { entries, head }
  })
}
const nextQuery = `SELECT rev, nonce, previous, effect, users, groups FROM feed
  WHERE rev > ? ORDER BY rev LIMIT 1`

/** Undefined: there is no such entry, or none any more. */
export function nonceAt(connection: Connection, revision: number): string | undefined {
  const query = 'SELECT nonce FROM feed WHERE rev = ?'
  return connection.get<{ nonce: string }>(query, revision)?.nonce
}

interface FeedRow {
  readonly rev: number
  readonly nonce: string
  readonly previous: string
  readonly effect: string
  readonly users: Uint8Array | null
  readonly groups: Uint8Array | null
}

function toEntry(row: FeedRow, epoch: number): Entry {
  const effect = JSON.parse(row.effect) as Effect
  return {
    position: { partition: 0, epoch, revision: row.rev, nonce: row.nonce },
    previousNonce: row.previous,
    effect:
      effect.of === 'group' || effect.of === 'members'
        ? { ...effect, users: decodeOrdinals(row.users), groups: decodeOrdinals(row.groups) }
        : effect,
  }
}
