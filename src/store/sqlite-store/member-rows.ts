import type { Collection, Ordinal, Uuid } from '../../directory/directory.ts'
import type { MembersEdit } from '../../directory/membership.ts'
import { fromText, toText } from '../stored-text.ts'
import type { Connection } from './connection.ts'
import { named } from './resource-rows.ts'
import { groupKind, kindOf, userKind } from './schema.ts'

/**
 * Memberships, both ways, and member values that name nobody yet.
 *
 * INVARIANT: `member` and `member_of` hold the same pairs: only `attach` and `detach` write them.
 */

/** What really changed. */
export class MemberChanges {
  readonly users: Ordinal[] = []
  readonly groups: Ordinal[] = []
  /** By how much the directory's counts change. */
  memberships = 0
  pending = 0
  /** A member value was added or removed, pending ones included. */
  any = false
}

interface Group {
  readonly directory: number
  readonly ordinal: Ordinal
}

export function editMembers(connection: Connection, group: Group, edit: MembersEdit) {
  const changes = new MemberChanges()
  const { add, remove } =
    edit.kind === 'replace'
      ? difference(connection, group, edit.members)
      : { add: new Set(edit.add), remove: new Set(edit.remove) }
  for (const value of remove) {
    if (!add.has(value)) removeValue(connection, group, value, changes)
  }
  for (const value of add) addValue(connection, group, value, changes)
  return changes
}

/** What turns the present members into the wanted ones. */
function difference(connection: Connection, group: Group, wanted: readonly Uuid[]) {
  const add = new Set(wanted)
  const remove = new Set<Uuid>()
  for (const value of memberValues(connection, group)) {
    // Deleting a present value from `add` saves the attempt to insert it again.
    if (!add.delete(value)) remove.add(value)
  }
  return { add, remove }
}

function memberValues(connection: Connection, group: Group): readonly Uuid[] {
  return [
    ...memberIds(connection, 'users', group),
    ...memberIds(connection, 'groups', group),
    ...pendingValues(connection, group),
  ]
}

/** Ids of the users, or of the child groups, of a group, in ordinal order; `max` -1 = all. */
export function memberIds(
  connection: Connection,
  of: Collection,
  group: Group,
  max = -1,
): readonly Uuid[] {
  // As one text: a row an id takes twice the time.
  const row = connection.get<{ ids: string }>(
    `SELECT json_group_array(id) AS ids FROM (
       SELECT ${of}.id FROM member
       JOIN ${of} ON ${of}.key = (member.directory << 32) + member.member
       WHERE member.directory = ? AND member.grp = ? AND member.kind = ?
       ORDER BY member.member LIMIT ?)`,
    group.directory,
    group.ordinal,
    kindOf[of],
    max,
  )
  return (JSON.parse(row?.ids ?? '[]') as string[]).map(fromText)
}

/** Ordinals of the users, or of the child groups, of a group, ascending. */
export function memberOrdinals(
  connection: Connection,
  of: Collection,
  group: Group,
): readonly Ordinal[] {
  const rows = connection.all<{ member: number }>(
    'SELECT member FROM member WHERE directory = ? AND grp = ? AND kind = ? ORDER BY member',
    group.directory,
    group.ordinal,
    kindOf[of],
  )
  return rows.map((row) => row.member)
}

/** How many members a group has, pending ones included; `max` + 1 where it has more. */
export function memberCount(connection: Connection, group: Group, max: number): number {
  const count = (table: 'member' | 'pending', most: number) =>
    connection.get<{ found: number }>(
      `SELECT count(*) AS found FROM
         (SELECT 1 FROM ${table} WHERE directory = ? AND grp = ? LIMIT ?)`,
      group.directory,
      group.ordinal,
      most,
    )!.found
  const resolved = count('member', max + 1)
  return resolved + count('pending', max + 1 - resolved)
}

export function pendingValues(connection: Connection, group: Group, max = -1): readonly string[] {
  const rows = connection.all<{ value: string }>(
    'SELECT value FROM pending WHERE directory = ? AND grp = ? ORDER BY value LIMIT ?',
    group.directory,
    group.ordinal,
    max,
  )
  return rows.map((row) => fromText(row.value))
}

/** Direct groups of a user, or parents of a group. */
export function groupsOf(
  connection: Connection,
  of: Collection,
  directory: number,
  ordinal: Ordinal,
): readonly Ordinal[] {
  const rows = connection.all<{ grp: number }>(
    'SELECT grp FROM member_of WHERE directory = ? AND kind = ? AND member = ? ORDER BY grp',
    directory,
    kindOf[of],
    ordinal,
  )
  return rows.map((row) => row.grp)
}

function addValue(connection: Connection, group: Group, value: Uuid, changes: MemberChanges) {
  const owner = named(connection, group.directory, value)
  if (owner !== undefined) {
    if (attach(connection, group, owner.of, owner.ordinal)) note(changes, owner, 1)
    return
  }
  const added = connection.run(
    'INSERT OR IGNORE INTO pending (directory, value, grp) VALUES (?, ?, ?)',
    group.directory,
    toText(value),
    group.ordinal,
  )
  changes.pending += added
  changes.any ||= added > 0
}

function removeValue(connection: Connection, group: Group, value: Uuid, changes: MemberChanges) {
  const owner = named(connection, group.directory, value)
  if (owner !== undefined) {
    if (detach(connection, group, owner.of, owner.ordinal)) note(changes, owner, -1)
    return
  }
  const removed = connection.run(
    'DELETE FROM pending WHERE directory = ? AND value = ? AND grp = ?',
    group.directory,
    toText(value),
    group.ordinal,
  )
  changes.pending -= removed
  changes.any ||= removed > 0
}

function note(
  changes: MemberChanges,
  member: { readonly of: Collection; readonly ordinal: Ordinal },
  by: 1 | -1,
) {
  changes[member.of].push(member.ordinal)
  changes.memberships += by
  changes.any = true
}

/** Groups that named an id before anybody had it get their member now. */
export function resolvePending(
  connection: Connection,
  directory: number,
  of: Collection,
  newcomer: { readonly id: Uuid; readonly ordinal: Ordinal },
): MemberChanges {
  const changes = new MemberChanges()
  const waiting = connection.all<{ grp: number }>(
    'DELETE FROM pending WHERE directory = ? AND value = ? RETURNING grp',
    directory,
    toText(newcomer.id),
  )
  for (const { grp } of waiting) {
    attach(connection, { directory, ordinal: grp }, of, newcomer.ordinal)
  }
  changes.pending = -waiting.length
  changes.memberships = waiting.length
  return changes
}

/** Takes a user or group out of every group that it is a direct member of. */
export function leaveAll(
  connection: Connection,
  of: Collection,
  directory: number,
  ordinal: Ordinal,
): MemberChanges {
  const changes = new MemberChanges()
  for (const grp of groupsOf(connection, of, directory, ordinal)) {
    if (detach(connection, { directory, ordinal: grp }, of, ordinal)) changes.memberships -= 1
  }
  return changes
}

/** Takes every member out of a group. */
export function emptyGroup(connection: Connection, group: Group): MemberChanges {
  const changes = new MemberChanges()
  const rows = connection.all<{ kind: number; member: number }>(
    'SELECT kind, member FROM member WHERE directory = ? AND grp = ?',
    group.directory,
    group.ordinal,
  )
  for (const { kind, member } of rows) {
    const of = kind === userKind ? 'users' : 'groups'
    if (detach(connection, group, of, member)) note(changes, { of, ordinal: member }, -1)
  }
  changes.pending = -connection.run(
    'DELETE FROM pending WHERE directory = ? AND grp = ?',
    group.directory,
    group.ordinal,
  )
  return changes
}

function attach(connection: Connection, group: Group, of: Collection, member: Ordinal): boolean {
  const kind = kindOf[of]
  const added = connection.run(
    'INSERT OR IGNORE INTO member (directory, grp, kind, member) VALUES (?, ?, ?, ?)',
    group.directory,
    group.ordinal,
    kind,
    member,
  )
  if (added === 0) return false
  connection.run(
    'INSERT INTO member_of (directory, kind, member, grp) VALUES (?, ?, ?, ?)',
    group.directory,
    kind,
    member,
    group.ordinal,
  )
  return true
}

function detach(connection: Connection, group: Group, of: Collection, member: Ordinal): boolean {
  const kind = kindOf[of]
  const removed = connection.run(
    'DELETE FROM member WHERE directory = ? AND grp = ? AND kind = ? AND member = ?',
    group.directory,
    group.ordinal,
    kind,
    member,
  )
  if (removed === 0) return false
  connection.run(
    'DELETE FROM member_of WHERE directory = ? AND kind = ? AND member = ? AND grp = ?',
    group.directory,
    kind,
    member,
    group.ordinal,
  )
  return true
}

/** Whether one is a direct member of another: a single probe. */
export function isMember(
  connection: Connection,
  group: Group,
  of: Collection,
  member: Ordinal,
): boolean {
  const row = connection.get(
    'SELECT 1 FROM member WHERE directory = ? AND grp = ? AND kind = ? AND member = ?',
    group.directory,
    group.ordinal,
    kindOf[of],
    member,
  )
  return row !== undefined
}

/** The parents of all groups of a directory, as pairs. */
export function nestings(connection: Connection, directory: number) {
  return connection.all<{ member: number; grp: number }>(
    'SELECT member, grp FROM member_of WHERE directory = ? AND kind = ?',
    directory,
    groupKind,
  )
}
