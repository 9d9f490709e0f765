import type { CreateToken, PolicyChange, RevokeToken } from '../../directory/change.ts'
import type { Revision } from '../../directory/directory.ts'
import { liveTokensMax } from '../store.ts'
import { toText } from '../stored-text.ts'
import type { Applied } from './applied.ts'
import type { Connection } from './connection.ts'
import { directoryNumber } from './resource-rows.ts'

/** Oldest versions are dropped beyond this many a tenant: a policy can weigh a megabyte. */
export const policyHistoryMax = 1_000

/** The policy that was published last is the active one. */
export function publish(connection: Connection, change: PolicyChange, revision: Revision): Applied {
  const { tenant, version } = change
  const active = connection.get<{ version: string }>(
    'SELECT version FROM policy WHERE tenant = ? ORDER BY rev DESC LIMIT 1',
    tenant,
  )
  // Before `replaces`: of several processes that start with the same files, all but one get here.
  if (active?.version === version) return { kind: 'noop' }
  if (active?.version !== change.replaces) return { kind: 'version' }
  connection.run(
    'INSERT INTO policy VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    revision,
    tenant,
    version,
    change.document,
    JSON.stringify(change.sources),
    change.by,
    change.why,
    change.at,
  )
  connection.run(
    `DELETE FROM policy WHERE tenant = ? AND rev <=
       (SELECT rev FROM policy WHERE tenant = ? ORDER BY rev DESC LIMIT 1 OFFSET ?)`,
    tenant,
    tenant,
    policyHistoryMax,
  )
  return { kind: 'ok', effect: { of: 'policy', tenant, version } }
}

export function createToken(
  connection: Connection,
  { token }: CreateToken,
  revision: Revision,
): Applied {
  const directory = directoryNumber(connection, token.directory)
  if (directory === undefined) return { kind: 'missing' }
  const id = toText(token.id)
  if (connection.get('SELECT 1 FROM token WHERE id = ?', id) !== undefined) {
    return { kind: 'exists' }
  }
  const unrevoked = connection.all<{ expires: string | null }>(
    'SELECT expires FROM token WHERE directory = ? AND revoked IS NULL',
    directory,
  )
  const now = Date.parse(token.created)
  // What cannot be read as an instant never expires, so that a limit is not slipped past.
  const live = unrevoked.filter(({ expires }) => !(expires && Date.parse(expires) <= now))
  if (live.length >= liveTokensMax) return { kind: 'tooMany' }
  connection.run(
    'INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    id,
    revision,
    directory,
    token.digest,
    token.label,
    token.created,
    token.expires ?? null,
    token.revoked ?? null,
  )
  return { kind: 'ok', effect: { of: 'token', id: token.id } }
}

export function revokeToken(connection: Connection, { id, at }: RevokeToken): Applied {
  const row = connection.get<{ revoked: string | null }>(
    'SELECT revoked FROM token WHERE id = ?',
    toText(id),
  )
  if (row === undefined) return { kind: 'missing' }
  if (row.revoked !== null) return { kind: 'noop' }
  connection.run('UPDATE token SET revoked = ? WHERE id = ?', at, toText(id))
  return { kind: 'ok', effect: { of: 'token', id } }
}
