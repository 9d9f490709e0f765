import { DatabaseSync } from 'node:sqlite'

/**
 * Files as the first Sallyport laid them out. INVARIANT: this text never changes, whatever becomes
 * of the layout: it stands for files that exist.
 */
const tables = `
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

/** A file of schema 1 with directory entra, its users of these names, and one live token. */
export function writeFileOfSchemaOne(path: string, userNames: readonly string[]): void {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL')
  database.exec(tables)
  database.exec('PRAGMA application_id = 1396788313')
  const run = (sql: string, ...values: (string | number)[]) => database.prepare(sql).run(...values)
  const users = userNames.length
  run('INSERT INTO meta VALUES (1, 1, 1, ?, ?)', users, nonce(users))
  run(
    `INSERT INTO directory (number, id, tenant, last_users, users, active_users, last_rev, last_write)
     VALUES (1, 'entra', 'acme', ?, ?, ?, ?, ?)`,
    ...[users, users, users, users, at],
  )
  for (const [index, userName] of userNames.entries()) {
    const [revision, id] = [index + 1, idOf(index + 1)]
    const document = JSON.stringify({ userName, active: true })
    const effect = JSON.stringify({
      ...{ of: 'user', directory: 'entra', ordinal: revision, how: 'created', keys: [] },
    })
    run(
      'INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)',
      2 ** 32 + revision,
      id,
      revision,
      at,
      at,
      document,
    )
    run('INSERT INTO name VALUES (1, ?, 0, ?)', id, revision)
    run("INSERT INTO term_unique VALUES (1, 0, 'userName', ?, ?)", userName, revision)
    run(
      'INSERT INTO feed (rev, nonce, previous, effect) VALUES (?, ?, ?, ?)',
      ...[revision, nonce(revision), nonce(index), effect],
    )
  }
  run("INSERT INTO token VALUES ('f00d', 1, 1, ?, 'Entra', ?, NULL, NULL)", 'd'.repeat(64), at)
  database.close()
}

export function idOf(ordinal: number): string {
  return `00000000-0000-4000-8000-${String(ordinal).padStart(12, '0')}`
}

function nonce(revision: number): string {
  return revision.toString(16).padStart(16, '0')
}

const at = '2026-01-02T03:04:05.000Z'
