import { type ConnectorRow, type Connectors, namesOf } from '../access/connectors.ts'
import type { Config } from '../config/config.ts'
import type { TenantId } from '../directory/directory.ts'

/** The rows of the config as the door knows them. */
export function connectorRows(rows: Config['connectors']): readonly ConnectorRow[] {
  return rows.map((row) => ({
    connector: row.id,
    tenant: row.tenant as TenantId,
    identity: row.identity,
    tokens: row.tokens,
    applications: namesOf(row.applications),
    context: namesOf(row.context),
    claims: namesOf(row.claims),
    obligations: namesOf(row.obligations),
    explain: row.explain,
    search: row.search,
    enabled: row.enabled,
  }))
}

/** What of an open connection tells who has called over it. */
interface OpenConnection {
  readonly identity: Parameters<Connectors['admit']>[0]
  readonly callers: ReadonlySet<string>
}

/** Whether somebody who may no longer call has this connection open. */
export function isOvertaken(
  connectors: Connectors,
  { identity, callers }: OpenConnection,
): boolean {
  const byItself = identity.kind === 'certificate' && !isAdmitted(connectors, identity)
  return byItself || [...callers].some((connector) => !connectors.isEnabled(connector))
}

function isAdmitted(connectors: Connectors, identity: OpenConnection['identity']): boolean {
  return connectors.admit(identity, undefined).kind === 'ok'
}
