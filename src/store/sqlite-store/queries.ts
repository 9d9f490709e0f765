import type { DirectoryId, Ordinal } from '../../directory/directory.ts'
import type { IndexedQuery, Selection } from '../store.ts'
import { toText } from '../stored-text.ts'
import type { Connection } from './connection.ts'
import { groupsOf, isMember } from './member-rows.ts'
import { usersWithin } from './nesting.ts'
import type { RecordRow } from './protocol.ts'
import type {
  FindRequest,
  FoundRows,
  GetRequest,
  OrdinalsRequest,
  ScanRequest,
} from './read-protocol.ts'
import { References } from './references.ts'
import { directoryNumber, named, readRecord, type StoredRow, toRecord } from './resource-rows.ts'
import { keyOf, kindOf } from './schema.ts'

/** What SCIM and reports read, each in one snapshot. Runs in the reader's thread. */

export function get(connection: Connection, request: GetRequest): RecordRow | undefined {
  const scope = scopeOf(connection, request)
  const ordinal = scope && ordinalById(scope, request.id)
  if (scope === undefined || ordinal === undefined) return undefined
  const record = recordAt(scope, ordinal)
  return record && referencesIn(scope, request.references).of(record)
}

export function find(connection: Connection, request: FindRequest): FoundRows {
  const scope = scopeOf(connection, request)
  if (scope === undefined) return { total: 0, records: [], hasMore: false, isCut: false }
  const { by, after, offset, count } = request
  if (by.by === 'all') return pageOfAll(scope, request)
  if (by.by === 'name') return pageByName(scope, by, request)
  const found = by.by === 'ordinals' ? by.values : ordinalsBy(scope, by)
  const behind = after === 0 ? found : found.filter((ordinal) => ordinal > after)
  const page = behind.slice(offset, offset + count + 1)
  return pageOf(scope, found.length, page.map(atOrdinal(scope)), request)
}

/** What a query finds, by ordinal, ascending. */
export function ordinals(connection: Connection, request: OrdinalsRequest): readonly Ordinal[] {
  const scope = scopeOf(connection, request)
  if (scope === undefined) return []
  const { by } = request
  if (by.by === 'ordinals') return by.values.toSorted((a, b) => a - b)
  return ordinalsBy(scope, by)
}

/** Resources after an ordinal, as many as fit. */
export function slice(connection: Connection, request: ScanRequest): readonly RecordRow[] {
  const scope = scopeOf(connection, request)
  if (scope === undefined) return []
  const references = referencesIn(scope, request.references)
  const records: RecordRow[] = []
  let size = 0
  for (const candidate of candidates(scope, request)) {
    const record = candidate && references.of(candidate)
    if (record === undefined) continue
    records.push(record)
    size += record.document.length + (record.references?.length ?? 0)
    if (records.length >= request.max || size >= sliceCharactersMax) break
  }
  return records
}
/** A slice ends once it has this much text: it is parsed in one go on the thread that decides. */
const sliceCharactersMax = 1_000_000

function* candidates(
  scope: Scope,
  { after, among }: ScanRequest,
): Generator<RecordRow | undefined> {
  if (among !== undefined) {
    for (const ordinal of among) yield recordAt(scope, ordinal)
    return
  }
  for (let last = after; ; ) {
    const row = scope.connection.get<StoredRow>(
      `SELECT ${columns} FROM ${scope.of} WHERE key > ? AND key < ? ORDER BY key LIMIT 1`,
      keyOf(scope.directory, last),
      keyOf(scope.directory + 1, 0),
    )
    if (row === undefined) return
    const record = toRecord(row)
    yield record
    last = record.ordinal
  }
}
const columns = 'key, id, rev, created, modified, document'

interface Scope {
  readonly connection: Connection
  readonly of: GetRequest['of']
  readonly directory: number
}

function scopeOf(
  connection: Connection,
  { of, directory }: Pick<GetRequest, 'of' | 'directory'>,
): Scope | undefined {
  const number = directoryNumber(connection, directory satisfies DirectoryId)
  return number === undefined ? undefined : { connection, of, directory: number }
}

function referencesIn(
  { connection, of, directory }: Scope,
  each: number,
  together = -1,
): References {
  return new References(connection, of, directory, { each, together })
}

function recordAt({ connection, of, directory }: Scope, ordinal: number): RecordRow | undefined {
  return readRecord(connection, of, directory, ordinal)
}

function atOrdinal(scope: Scope) {
  return (ordinal: number) => () => recordAt(scope, ordinal)
}

function ordinalById({ connection, of, directory }: Scope, id: string): number | undefined {
  const owner = named(connection, directory, id)
  return owner?.of === of ? owner.ordinal : undefined
}

/** `rows` are those of the page and, where there is one, the next, each read when it is needed. */
function pageOf(
  scope: Scope,
  total: number,
  rows: readonly (() => RecordRow | undefined)[],
  { count, references, referencesMax }: FindRequest,
): FoundRows {
  const reader = referencesIn(scope, references, referencesMax)
  const records: RecordRow[] = []
  for (const read of rows.slice(0, count)) {
    const row = read()
    if (row === undefined) continue
    const record = reader.of(row)
    if (record === undefined) return { total, records, hasMore: true, isCut: true }
    records.push(record)
  }
  return { total, records, hasMore: rows.length > count, isCut: false }
}

function pageOfAll(scope: Scope, request: FindRequest): FoundRows {
  const { connection, of, directory } = scope
  const { after, offset, count } = request
  const total = totalOf(scope)
  // SQLite would step over all of them to learn that there are no more.
  if (offset >= total) return pageOf(scope, total, [], request)
  const rows = connection.all<StoredRow>(
    `SELECT ${columns} FROM ${of} WHERE key > ? AND key < ? ORDER BY key LIMIT ? OFFSET ?`,
    keyOf(directory, after),
    keyOf(directory + 1, 0),
    count + 1,
    offset,
  )
  const reads = rows.map((row) => () => toRecord(row))
  return pageOf(scope, total, reads, request)
}

function totalOf({ connection, of, directory }: Scope): number {
  const row = connection.get<{ total: number }>(
    `SELECT ${of} AS total FROM directory WHERE number = ?`,
    directory,
  )
  return row?.total ?? 0
}

/** UTF-8 keeps the order of code points, so the index has the names as `compareText` sorts them. */
function pageByName(
  scope: Scope,
  { descending, after }: Extract<IndexedQuery, { by: 'name' }>,
  request: FindRequest,
): FoundRows {
  const { connection, of, directory } = scope
  const { offset, count } = request
  const total = totalOf(scope)
  if (offset >= total) return pageOf(scope, total, [], request)
  const way = descending ? 'DESC' : 'ASC'
  // Left out rather than made true, so that SQLite starts reading there.
  const behind = after === undefined ? '' : `AND value ${descending ? '<' : '>'} ?6`
  const rows = connection.all<{ ordinal: number }>(
    `SELECT ordinal FROM term_unique
     WHERE directory = ?1 AND kind = ?2 AND attribute = ?3 ${behind}
     ORDER BY value ${way} LIMIT ?4 OFFSET ?5`,
    directory,
    kindOf[of],
    nameOf[of],
    count + 1,
    offset,
    ...(after === undefined ? [] : [toText(after)]),
  )
  const reads = rows.map((row) => row.ordinal).map(atOrdinal(scope))
  return pageOf(scope, total, reads, request)
}
const nameOf = { users: 'userName', groups: 'displayName' } as const

/** In ascending order: a handful, but for the users of a group. */
function ordinalsBy(scope: Scope, by: Exclude<Selection, { by: 'ordinals' }>): readonly Ordinal[] {
  const { connection, of, directory } = scope
  switch (by.by) {
    case 'id': {
      const ordinal = ordinalById(scope, by.value)
      return ordinal === undefined ? [] : [ordinal]
    }
    case 'member':
      return of === 'groups' ? groupsWith(scope, by) : []
    case 'group':
      return of === 'users' ? usersWithin(connection, directory, by.value) : []
    default: {
      const rows = connection.all<{ ordinal: number }>(
        `SELECT ordinal FROM term_unique
           WHERE directory = ?1 AND kind = ?2 AND attribute = ?3 AND value = ?4
         UNION SELECT ordinal FROM term
           WHERE directory = ?1 AND kind = ?2 AND attribute = ?3 AND value = ?4
         ORDER BY ordinal`,
        directory,
        kindOf[of],
        by.by,
        toText(by.value),
      )
      return rows.map((row) => row.ordinal)
    }
  }
}

function groupsWith(scope: Scope, by: Extract<Selection, { by: 'member' }>): readonly Ordinal[] {
  const { connection, directory } = scope
  const owner = named(connection, directory, by.value)
  if (by.id !== undefined) {
    const group = ordinalById(scope, by.id)
    if (group === undefined) return []
    const has = owner
      ? isMember(connection, { directory, ordinal: group }, owner.of, owner.ordinal)
      : groupsWaitingFor(scope, by.value).includes(group)
    return has ? [group] : []
  }
  if (owner === undefined) return groupsWaitingFor(scope, by.value)
  return groupsOf(connection, owner.of, directory, owner.ordinal)
}

function groupsWaitingFor({ connection, directory }: Scope, value: string): readonly Ordinal[] {
  const rows = connection.all<{ grp: number }>(
    'SELECT grp FROM pending WHERE directory = ? AND value = ? ORDER BY grp',
    directory,
    toText(value),
  )
  return rows.map((row) => row.grp)
}
