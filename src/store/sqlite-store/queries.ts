import type { DirectoryId, Reference } from '../../directory/directory.ts'
import type { IndexedQuery } from '../store.ts'
import type { Connection } from './connection.ts'
import { groupsOf, isMember, memberIds, pendingValues } from './member-rows.ts'
import type { RecordRow } from './protocol.ts'
import type { FindRequest, FoundRows, GetRequest, ScanRequest } from './read-protocol.ts'
import { directoryNumber, named, readRecord, type StoredRow, toRecord } from './resource-rows.ts'
import { keyOf, kindOf, ordinalsMax } from './schema.ts'
import { parseDocument, toText } from './stored-text.ts'

/** What SCIM and reports read, each in one snapshot. Runs in the reader's thread. */

export function get(connection: Connection, request: GetRequest): RecordRow | undefined {
  const scope = scopeOf(connection, request)
  return scope && byId(scope, request.id)
}

export function find(connection: Connection, request: FindRequest): FoundRows {
  const scope = scopeOf(connection, request)
  if (scope === undefined) return { total: 0, records: [] }
  const { by, offset, count } = request
  if (by.by === 'id') return pageOf(scope, [ordinalById(scope, by.value)], offset, count)
  if (by.by === 'all') return allOf(scope, offset, count)
  return pageOf(scope, ordinalsBy(scope, by), offset, count)
}

/** Resources after an ordinal, as many as fit. */
export function slice(connection: Connection, request: ScanRequest): readonly RecordRow[] {
  const scope = scopeOf(connection, request)
  if (scope === undefined) return []
  const records: RecordRow[] = []
  let [after, size] = [request.after, 0]
  while (records.length < request.max && size < sliceCharactersMax) {
    const row = connection.get<StoredRow>(
      `SELECT key, id, rev, created, modified, document FROM ${scope.of}
       WHERE key > ? AND key < ? ORDER BY key LIMIT 1`,
      keyOf(scope.directory, after),
      keyOf(scope.directory + 1, 0),
    )
    if (row === undefined) break
    const record = withReferences(scope, toRecord(row))
    records.push(record)
    after = record.ordinal
    size += record.document.length + (record.references?.length ?? 0)
  }
  return records
}
/** A slice ends once it has this much text: it is parsed in one go on the thread that decides. */
const sliceCharactersMax = 1_000_000

interface Scope {
  readonly connection: Connection
  readonly of: GetRequest['of']
  readonly directory: number
  readonly references: number
}

function scopeOf(
  connection: Connection,
  { of, directory, references }: Omit<GetRequest, 'id' | 'kind'>,
): Scope | undefined {
  const number = directoryNumber(connection, directory satisfies DirectoryId)
  return number === undefined ? undefined : { connection, of, directory: number, references }
}

function byId(scope: Scope, id: string): RecordRow | undefined {
  const ordinal = ordinalById(scope, id)
  return ordinal === undefined ? undefined : recordAt(scope, ordinal)
}

function ordinalById({ connection, of, directory }: Scope, id: string): number | undefined {
  const owner = named(connection, directory, id)
  return owner?.of === of ? owner.ordinal : undefined
}

function recordAt(scope: Scope, ordinal: number): RecordRow | undefined {
  const record = readRecord(scope.connection, scope.of, scope.directory, ordinal)
  return record && withReferences(scope, record)
}

function pageOf(
  scope: Scope,
  ordinals: readonly (number | undefined)[],
  offset: number,
  count: number,
): FoundRows {
  const present = ordinals.filter((ordinal) => ordinal !== undefined)
  const page = present.slice(offset, offset + count)
  const records = page.map((ordinal) => recordAt(scope, ordinal))
  return { total: present.length, records: records.filter((record) => record !== undefined) }
}

function allOf(scope: Scope, offset: number, count: number): FoundRows {
  const { connection, of, directory } = scope
  const total = connection.get<{ total: number }>(
    `SELECT ${of} AS total FROM directory WHERE number = ?`,
    directory,
  )
  const rows = connection.all<StoredRow>(
    `SELECT key, id, rev, created, modified, document FROM ${of}
     WHERE key > ? AND key < ? ORDER BY key LIMIT ? OFFSET ?`,
    directory * ordinalsMax,
    keyOf(directory + 1, 0),
    count,
    offset,
  )
  const records = rows.map((row) => withReferences(scope, toRecord(row)))
  return { total: total?.total ?? 0, records }
}

/** In ascending order. Only externalId and e-mail can be many, and those are a handful. */
function ordinalsBy(
  scope: Scope,
  by: Exclude<IndexedQuery, { by: 'id' | 'all' }>,
): readonly number[] {
  const { connection, of, directory } = scope
  if (by.by === 'member') return of === 'groups' ? groupsWith(scope, by) : []
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

function groupsWith(scope: Scope, by: Extract<IndexedQuery, { by: 'member' }>): readonly number[] {
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

function groupsWaitingFor({ connection, directory }: Scope, value: string): readonly number[] {
  const rows = connection.all<{ grp: number }>(
    'SELECT grp FROM pending WHERE directory = ? AND value = ? ORDER BY grp',
    directory,
    toText(value),
  )
  return rows.map((row) => row.grp)
}

function withReferences(scope: Scope, record: RecordRow): RecordRow {
  if (scope.references === 0) return record
  const references = scope.of === 'users' ? groupReferences(scope, record) : members(scope, record)
  const most = scope.references < 0 ? references : references.slice(0, scope.references)
  return { ...record, references: JSON.stringify(most) }
}

function groupReferences(scope: Scope, { ordinal }: RecordRow): readonly Reference[] {
  const { connection, directory } = scope
  return groupsOf(connection, 'users', directory, ordinal).flatMap((group) => {
    const row = readRecord(connection, 'groups', directory, group)
    return row === undefined ? [] : [toReference(row.id, 'Group', row.document)]
  })
}

function members(scope: Scope, { ordinal }: RecordRow): readonly Reference[] {
  const group = { directory: scope.directory, ordinal }
  const users = memberIds(scope.connection, 'users', group, scope.references)
  const children = memberIds(scope.connection, 'groups', group, scope.references)
  return [
    ...users.map((value): Reference => ({ value, type: 'User' })),
    ...children.map((value) => {
      const row = byId({ ...scope, of: 'groups', references: 0 }, value)
      return toReference(value, 'Group', row?.document ?? '{}')
    }),
    ...pendingValues(scope.connection, group, scope.references).map(
      (value): Reference => ({ value, type: 'pending' }),
    ),
  ]
}

function toReference(value: string, type: 'Group', document: string): Reference {
  const display = parseDocument(document).displayName
  return typeof display === 'string' ? { value, type, display } : { value, type }
}
