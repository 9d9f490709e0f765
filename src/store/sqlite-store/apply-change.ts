import type { Revision } from '../../directory/directory.ts'
import { unreachable } from '../../std/assert.ts'
import type { Applied } from './applied.ts'
import { createToken, publish, revokeToken } from './apply-record.ts'
import { applyResource } from './apply-resource.ts'
import type { Connection } from './connection.ts'
import type { WriteChange } from './protocol.ts'

/** Writes a change as `revision`, log entry and head aside. */
export function applyChange(
  connection: Connection,
  change: WriteChange,
  ifMatch: Revision | undefined,
  revision: Revision,
): Applied {
  switch (change.op) {
    case 'create':
    case 'update':
    case 'delete':
      return applyResource(connection, change, ifMatch, revision)
    case 'publish':
      return publish(connection, change, revision)
    case 'token-create':
      return createToken(connection, change, revision)
    case 'token-revoke':
      return revokeToken(connection, change)
    default:
      return unreachable(change)
  }
}
