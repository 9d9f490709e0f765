import type { PolicySource, TokenRecord } from '../../directory/change.ts'
import type { DirectoryId, TenantId } from '../../directory/directory.ts'
import type { DirectoryCounts, PublishedPolicy } from '../store.ts'
import { fromText, toText } from '../stored-text.ts'
import type { Connection } from './connection.ts'

/** Tokens, policies and counts, as either thread reads them. */

export function findToken(connection: Connection, id: string): TokenRecord | undefined {
  const row = connection.get<TokenRow>(`${tokenQuery} WHERE token.id = ?`, toText(id))
  return row && toToken(row)
}

export function listTokens(
  connection: Connection,
  directory: DirectoryId | undefined,
): readonly TokenRecord[] {
  const rows = connection.all<TokenRow>(
    `${tokenQuery} WHERE ?1 IS NULL OR directory.id = ?1 ORDER BY token.rev DESC`,
    directory ?? null,
  )
  return rows.map(toToken)
}

const tokenQuery = `SELECT token.id, directory.id AS directory, digest, label, created, expires,
  revoked FROM token JOIN directory ON directory.number = token.directory`

interface TokenRow {
  readonly id: string
  readonly directory: string
  readonly digest: string
  readonly label: string
  readonly created: string
  readonly expires: string | null
  readonly revoked: string | null
}

function toToken(row: TokenRow): TokenRecord {
  return {
    id: fromText(row.id),
    directory: row.directory as DirectoryId,
    digest: row.digest,
    label: row.label,
    created: row.created,
    ...(row.expires !== null && { expires: row.expires }),
    ...(row.revoked !== null && { revoked: row.revoked }),
  }
}

/** Newest first: the first one is the active one. */
export function readPolicies(
  connection: Connection,
  tenant: TenantId,
  max: number,
): readonly PublishedPolicy[] {
  const rows = connection.all<PolicyRow>(
    `SELECT rev, version, document, sources, by, why, at FROM policy
     WHERE tenant = ? ORDER BY rev DESC LIMIT ?`,
    tenant,
    max,
  )
  return rows.map(({ rev, version, document, sources, by, why, at }) => ({
    tenant,
    version,
    revision: rev,
    document,
    sources: JSON.parse(sources) as readonly PolicySource[],
    by,
    why,
    at,
  }))
}

interface PolicyRow {
  readonly rev: number
  readonly version: string
  readonly document: string
  readonly sources: string
  readonly by: string
  readonly why: string
  readonly at: string
}

export function readCounts(connection: Connection, directory: DirectoryId): DirectoryCounts {
  const row = connection.get<CountsRow>(
    `SELECT users, active_users, groups, memberships, pending, last_rev, last_write
     FROM directory WHERE id = ?`,
    directory,
  )
  return {
    users: row?.users ?? 0,
    activeUsers: row?.active_users ?? 0,
    groups: row?.groups ?? 0,
    memberships: row?.memberships ?? 0,
    pendingMembers: row?.pending ?? 0,
    lastRevision: row?.last_rev ?? 0,
    ...(row?.last_write && { lastWrite: row.last_write }),
  }
}

interface CountsRow {
  readonly users: number
  readonly active_users: number
  readonly groups: number
  readonly memberships: number
  readonly pending: number
  readonly last_rev: number
  readonly last_write: string | null
}
