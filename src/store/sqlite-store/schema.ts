import { firstEpoch, newNonce } from '../nonce.ts'
import type { Position } from '../position.ts'
import type { Connection } from './connection.ts'

/** `SALY`: in the file's header, so that another application's file is never taken for ours. */
export const applicationId = 0x53414c59
/**
 * Rows of a directory carry its small number. A resource's rowid is number · 2³² + ordinal, so that
 * a directory's resources lie together in ordinal order. Memberships are kept both ways, in
 * integers alone: 20 of them as UUIDs would weigh more than the user.
 */
const firstTables = `
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  schema INTEGER NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL, nonce TEXT NOT NULL
) STRICT;
CREATE TABLE feed (
  rev INTEGER PRIMARY KEY, nonce TEXT NOT NULL, previous TEXT NOT NULL, effect TEXT NOT NULL,
  users BLOB, groups BLOB
) STRICT;
CREATE TABLE op (
  rev INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, result TEXT NOT NULL
) STRICT;
CREATE TABLE directory (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL,
  last_users INTEGER NOT NULL DEFAULT 0, last_groups INTEGER NOT NULL DEFAULT 0,
  users INTEGER NOT NULL DEFAULT 0, active_users INTEGER NOT NULL DEFAULT 0,
  groups INTEGER NOT NULL DEFAULT 0, memberships INTEGER NOT NULL DEFAULT 0,
  pending INTEGER NOT NULL DEFAULT 0, last_rev INTEGER NOT NULL DEFAULT 0, last_write TEXT
) STRICT;
CREATE TABLE users (
  key INTEGER PRIMARY KEY, id TEXT NOT NULL, rev INTEGER NOT NULL, created TEXT NOT NULL,
  modified TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE TABLE groups (
  key INTEGER PRIMARY KEY, id TEXT NOT NULL, rev INTEGER NOT NULL, created TEXT NOT NULL,
  modified TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE TABLE name (
  directory INTEGER NOT NULL, id TEXT NOT NULL, kind INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  PRIMARY KEY (directory, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE term_unique (
  directory INTEGER NOT NULL, kind INTEGER NOT NULL, attribute TEXT NOT NULL, value TEXT NOT NULL,
  ordinal INTEGER NOT NULL, PRIMARY KEY (directory, kind, attribute, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE term (
  directory INTEGER NOT NULL, kind INTEGER NOT NULL, attribute TEXT NOT NULL, value TEXT NOT NULL,
  ordinal INTEGER NOT NULL, PRIMARY KEY (directory, kind, attribute, value, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE member (
  directory INTEGER NOT NULL, grp INTEGER NOT NULL, kind INTEGER NOT NULL, member INTEGER NOT NULL,
  PRIMARY KEY (directory, grp, kind, member)
) STRICT, WITHOUT ROWID;
CREATE TABLE member_of (
  directory INTEGER NOT NULL, kind INTEGER NOT NULL, member INTEGER NOT NULL, grp INTEGER NOT NULL,
  PRIMARY KEY (directory, kind, member, grp)
) STRICT, WITHOUT ROWID;
CREATE TABLE pending (
  directory INTEGER NOT NULL, value TEXT NOT NULL, grp INTEGER NOT NULL,
  PRIMARY KEY (directory, value, grp)
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_of_group ON pending (directory, grp);
CREATE TABLE token (
  id TEXT PRIMARY KEY, rev INTEGER NOT NULL, directory INTEGER NOT NULL, digest TEXT NOT NULL,
  label TEXT NOT NULL, created TEXT NOT NULL, expires TEXT, revoked TEXT
) STRICT;
CREATE INDEX token_of_directory ON token (directory);
CREATE TABLE policy (
  rev INTEGER PRIMARY KEY, tenant TEXT NOT NULL, version TEXT NOT NULL, document TEXT NOT NULL,
  sources TEXT NOT NULL, by TEXT NOT NULL, why TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE INDEX policy_of_tenant ON policy (tenant, rev);
`

/**
 * What each later schema adds: the first makes schema 2 of schema 1. A new file takes all of these
 * steps too, so that it is laid out like one that has been upgraded.
 */
const upgrades: readonly string[] = [
  `
CREATE TABLE note (
  directory INTEGER NOT NULL, quiet INTEGER NOT NULL, number INTEGER NOT NULL, entry TEXT NOT NULL,
  PRIMARY KEY (directory, quiet, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE note_tally (
  directory INTEGER PRIMARY KEY, dropped INTEGER NOT NULL, dropped_at TEXT,
  refused INTEGER NOT NULL, refused_at TEXT
) STRICT;
`,
  `
CREATE TABLE staged (
  tenant TEXT PRIMARY KEY, version TEXT NOT NULL, document TEXT NOT NULL, until INTEGER NOT NULL
) STRICT;
CREATE TABLE decider (id TEXT PRIMARY KEY) STRICT;
CREATE TABLE staging_report (
  decider TEXT NOT NULL, tenant TEXT NOT NULL, version TEXT NOT NULL, fault TEXT NOT NULL,
  PRIMARY KEY (decider, tenant)
) STRICT, WITHOUT ROWID;
`,
]

/** The layout that this version writes. A higher number was written by a newer Sallyport. */
export const schemaNumber = 1 + upgrades.length

/**
 * Lays out an empty database, or brings one of an older schema up to date; all or nothing. Revision
 * 0 has a nonce too: a new file is a fork.
 */
export function initialise(connection: Connection): void {
  connection.exec('BEGIN IMMEDIATE')
  try {
    if (tableNames(connection).length === 0) {
      connection.exec(firstTables)
      connection.exec(`PRAGMA application_id = ${applicationId}`)
      connection.run('INSERT INTO meta VALUES (1, 1, ?, 0, ?)', firstEpoch(), newNonce())
    }
    // Looked at within the transaction: of two processes that start at once one finds it done.
    for (const upgrade of upgrades.slice(schemaOf(connection) - 1)) connection.exec(upgrade)
    connection.run('UPDATE meta SET schema = ? WHERE schema < ?', schemaNumber, schemaNumber)
    connection.exec('COMMIT')
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK')
    throw error
  }
}

function schemaOf(connection: Connection): number {
  return connection.get<{ schema: number }>('SELECT schema FROM meta')!.schema
}

export function tableNames(connection: Connection): readonly string[] {
  const rows = connection.all<{ name: string }>('SELECT name FROM sqlite_schema')
  return rows.map((row) => row.name)
}

/** The one row that tells where the log stands. */
export function readHead(connection: Connection): Position {
  const row = connection.columns<[epoch: number, revision: number, nonce: string]>(headQuery)
  if (row === undefined) throw new Error('the file holds no log')
  const [epoch, revision, nonce] = row
  return { partition: 0, epoch, revision, nonce }
}
const headQuery = 'SELECT epoch, rev, nonce FROM meta'

export const kindOf = { users: 0, groups: 1 } as const
export const userKind = kindOf.users
export const groupKind = kindOf.groups

/** The rowid of a resource. */
export function keyOf(directory: number, ordinal: number): number {
  return directory * ordinalsMax + ordinal
}
export function ordinalOf(key: number): number {
  return key % ordinalsMax
}
/** 2³² ordinals leave 21 bits for directories within the integers that JavaScript keeps exact. */
export const ordinalsMax = 2 ** 32
export const directoriesMax = 2 ** 20
