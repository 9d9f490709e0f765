import { type Document, isActive, type Revision } from '../../directory/directory.ts'
import { type IndexTerm, indexTerms, type LookupKind } from '../../directory/identity.ts'
import { sameValue } from '../../directory/same-value.ts'
import type { UserEffect } from '../entry.ts'
import { keyHash } from '../keys.ts'
import { parseDocument, toText } from '../stored-text.ts'
import type { Applied } from './applied.ts'
import type { Connection } from './connection.ts'
import { editMembers, emptyGroup, leaveAll, MemberChanges, resolvePending } from './member-rows.ts'
import type { RecordRow, WriteResource } from './protocol.ts'
import {
  deleteRecord,
  deleteTerm,
  directoryNumber,
  insertRecord,
  insertTerm,
  named,
  readRecord,
  takenTerm,
  takeOrdinal,
  updateRecord,
} from './resource-rows.ts'
import { kindOf } from './schema.ts'

/**
 * One write to a user or group. Everything that can be refused is looked at first; from the first
 * row written on, only a fault of disk or file can stop it.
 */
export function applyResource(
  connection: Connection,
  change: WriteResource,
  ifMatch: Revision | undefined,
  revision: Revision,
): Applied {
  const directory = directoryNumber(connection, change.directory)
  if (directory === undefined) return { kind: 'missing' }
  const scope = { connection, directory, change, revision }
  const owner = named(connection, directory, change.id)
  if (change.op === 'create') return owner ? { kind: 'exists' } : create(scope)
  if (owner === undefined || owner.of !== change.of) return { kind: 'missing' }
  const record = readRecord(connection, change.of, directory, owner.ordinal)
  if (record === undefined) throw new Error('an id names no record')
  if (ifMatch !== undefined && ifMatch !== record.revision) return { kind: 'version' }
  return change.op === 'delete' ? remove(scope, record) : update(scope, record)
}

interface Scope {
  readonly connection: Connection
  readonly directory: number
  readonly change: WriteResource
  readonly revision: Revision
}

function create(scope: Scope): Applied {
  const { connection, directory, change, revision } = scope
  const text = change.document ?? '{}'
  const document = parseDocument(text)
  const terms = indexTerms(change.of, document)
  const taken = takenTerm(connection, change.of, directory, terms)
  if (taken !== undefined) return { kind: 'unique', attribute: taken.attribute }

  const ordinal = takeOrdinal(connection, change.of, directory)
  const { id, at } = change
  const created = change.created ?? at
  const record: RecordRow = { ordinal, id, revision, created, modified: at, document: text }
  insertRecord(connection, change.of, directory, record)
  for (const term of terms) insertTerm(connection, change.of, directory, ordinal, term)
  const arrived = resolvePending(connection, directory, change.of, record)
  const edited = changeMembers(scope, record)
  tally(scope, [arrived, edited], { present: 1, active: active(change, document) })

  if (change.of === 'users') {
    const keys = [hashOf(change, 'id', id), ...hashesOf(change, terms)]
    return { kind: 'ok', record, effect: userEffect(change, ordinal, 'created', keys) }
  }
  return { kind: 'ok', record, effect: groupEffect(change, ordinal, 'created', edited) }
}

function update(scope: Scope, before: RecordRow): Applied {
  const { connection, directory, change, revision } = scope
  const old = parseDocument(before.document)
  const text = change.document ?? before.document
  const document = text === before.document ? old : parseDocument(text)
  const rewritten = document !== old && !sameValue(document, old)
  const oldTerms = indexTerms(change.of, old)
  const terms = rewritten ? indexTerms(change.of, document) : oldTerms
  const lost = oldTerms.filter((term) => !includesTerm(terms, term))
  const gained = terms.filter((term) => !includesTerm(oldTerms, term))
  const taken = takenTerm(connection, change.of, directory, gained)
  if (taken !== undefined) return { kind: 'unique', attribute: taken.attribute }

  const edited = changeMembers(scope, before)
  if (!rewritten && !edited.any) return { kind: 'noop', record: before }
  const record: RecordRow = {
    ...before,
    revision,
    modified: change.at,
    document: rewritten ? text : before.document,
  }
  updateRecord(connection, change.of, directory, record)
  for (const term of lost) deleteTerm(connection, change.of, directory, record.ordinal, term)
  for (const term of gained) insertTerm(connection, change.of, directory, record.ordinal, term)
  const activeBy = active(change, document) - active(change, old)
  tally(scope, [edited], { present: 0, active: activeBy })

  const { ordinal } = record
  if (change.of === 'users') {
    const keys = [...hashesOf(change, gained), ...hashesOf(change, sharedStill(scope, lost))]
    const how = activeBy < 0 ? 'deactivated' : 'updated'
    return { kind: 'ok', record, effect: userEffect(change, ordinal, how, keys) }
  }
  if (rewritten) {
    return { kind: 'ok', record, effect: groupEffect(change, ordinal, 'updated', edited) }
  }
  const { users, groups } = edited
  const of = 'members' as const
  return {
    kind: 'ok',
    record,
    effect: { of, directory: change.directory, ordinal, users, groups },
  }
}

function remove(scope: Scope, record: RecordRow): Applied {
  const { connection, directory, change } = scope
  const document = parseDocument(record.document)
  const terms = indexTerms(change.of, document)
  for (const term of terms) deleteTerm(connection, change.of, directory, record.ordinal, term)
  const left = leaveAll(connection, change.of, directory, record.ordinal)
  const emptied =
    change.of === 'groups'
      ? emptyGroup(connection, { directory, ordinal: record.ordinal })
      : new MemberChanges()
  deleteRecord(connection, change.of, directory, record)
  tally(scope, [left, emptied], { present: -1, active: -active(change, document) })

  const { ordinal } = record
  if (change.of === 'users') {
    const keys = hashesOf(change, sharedStill(scope, terms))
    return { kind: 'ok', effect: userEffect(change, ordinal, 'deleted', keys) }
  }
  return { kind: 'ok', effect: groupEffect(change, ordinal, 'deleted', emptied) }
}

function changeMembers(scope: Scope, record: RecordRow): MemberChanges {
  const { connection, directory, change } = scope
  if (change.of !== 'groups' || change.members === undefined) return new MemberChanges()
  return editMembers(connection, { directory, ordinal: record.ordinal }, change.members)
}

/** Keeps the directory's counts, so that a report need not count a million rows. */
function tally(
  { connection, directory, change, revision }: Scope,
  members: readonly MemberChanges[],
  by: { readonly present: number; readonly active: number },
): void {
  const total = (of: 'memberships' | 'pending') => members.reduce((sum, one) => sum + one[of], 0)
  connection.run(
    `UPDATE directory SET ${change.of} = ${change.of} + ?, active_users = active_users + ?,
       memberships = memberships + ?, pending = pending + ?, last_rev = ?, last_write = ?
     WHERE number = ?`,
    by.present,
    by.active,
    total('memberships'),
    total('pending'),
    revision,
    change.at,
    directory,
  )
}

function active(change: WriteResource, document: Document): 0 | 1 {
  return change.of === 'users' && isActive(document) ? 1 : 0
}

function userEffect(
  { directory }: WriteResource,
  ordinal: number,
  how: UserEffect['how'],
  keys: readonly string[],
) {
  return { of: 'user', directory, ordinal, how, keys } as const
}

function groupEffect(
  { directory }: WriteResource,
  ordinal: number,
  how: 'created' | 'updated' | 'deleted',
  { users, groups }: MemberChanges,
) {
  return { of: 'group', directory, ordinal, how, users, groups } as const
}

function includesTerm(terms: readonly IndexTerm[], term: IndexTerm): boolean {
  return terms.some(
    (other) =>
      other.attribute === term.attribute &&
      other.value === term.value &&
      other.unique === term.unique,
  )
}

/**
 * Lost names that somebody else still has. An externalId of two users is ambiguous; once one of
 * them gives it up, the other can be found by it.
 */
function sharedStill(scope: Scope, lost: readonly IndexTerm[]): readonly IndexTerm[] {
  return lost.filter(
    (term) =>
      !term.unique &&
      scope.connection.get(
        'SELECT 1 FROM term WHERE directory = ? AND kind = ? AND attribute = ? AND value = ?',
        scope.directory,
        kindOf[scope.change.of],
        term.attribute,
        toText(term.value),
      ) !== undefined,
  )
}

function hashesOf(change: WriteResource, terms: readonly IndexTerm[]): readonly string[] {
  return terms.flatMap(({ attribute, value }) =>
    attribute === 'userName' || attribute === 'externalId'
      ? [hashOf(change, attribute, value)]
      : [],
  )
}

function hashOf({ directory }: WriteResource, kind: LookupKind, value: string): string {
  return keyHash({ directory, kind, value })
}
