import type { TenantId } from '../../directory/directory.ts'
import type { DeciderState, StagedPolicy } from '../staging.ts'
import type { Connection } from './connection.ts'
import type { StagingRequest } from './protocol.ts'

/** Staged policies and what processes say of them, as either thread has them. */

export function writeStaging(connection: Connection, { write }: StagingRequest): void {
  switch (write.op) {
    case 'stage': {
      const { tenant, version, document } = write.staged
      connection.run(
        'INSERT OR REPLACE INTO staged VALUES (?, ?, ?, ?)',
        ...[tenant, version, document, write.untilMs],
      )
      return
    }
    case 'unstage':
      connection.run('DELETE FROM staged WHERE tenant = ?', write.tenant)
      connection.run('DELETE FROM staging_report WHERE tenant = ?', write.tenant)
      return
    case 'enter':
      connection.run('INSERT OR REPLACE INTO decider VALUES (?)', write.process)
      return
    case 'leave':
      connection.run('DELETE FROM decider WHERE id = ?', write.process)
      connection.run('DELETE FROM staging_report WHERE decider = ?', write.process)
      return
    case 'report': {
      const { tenant, version, fault } = write.report
      connection.run(
        'INSERT OR REPLACE INTO staging_report VALUES (?, ?, ?, ?)',
        ...[write.process, tenant, version, fault],
      )
    }
  }
}

export function readStaged(
  connection: Connection,
  nowMs: number,
): readonly Omit<StagedPolicy, 'document'>[] {
  return connection.all('SELECT tenant, version FROM staged WHERE until > ?', nowMs)
}

export function readStagedDocument(connection: Connection, tenant: TenantId): string | undefined {
  const query = 'SELECT document FROM staged WHERE tenant = ?'
  return connection.get<{ document: string }>(query, tenant)?.document
}

/** Every process that entered and has not left, be it because it died. */
export function readDeciders(
  connection: Connection,
  tenant: TenantId,
  version: string,
): readonly DeciderState[] {
  const rows = connection.all<{ process: string; fault: string | null }>(
    `SELECT id AS process, fault FROM decider
     LEFT JOIN staging_report ON decider = id AND tenant = ?1 AND version = ?2`,
    tenant,
    version,
  )
  return rows.map(({ process, fault }) => ({ process, fault: fault ?? undefined }))
}
