import { unreachable } from '../../std/assert.ts'
import { connectReader } from './connect.ts'
import { faultText } from './connection.ts'
import { readGroupTable } from './group-table.ts'
import { listNotes, readTally } from './note-rows.ts'
import { readPrincipals } from './principal.ts'
import type { Numbered } from './protocol.ts'
import { find, get, ordinals, slice } from './queries.ts'
import type { ReadReply, ReadRequest } from './read-protocol.ts'
import { listTokens, readCounts, readPolicies } from './record-rows.ts'
import { readDeciders, readStaged, readStagedDocument } from './staging-rows.ts'
import { startWorker } from './worker-entry.ts'

/**
 * The reader: a thread with its own read-only connection, so that neither decisions nor commits
 * wait for a scan. Nothing stays open between two requests: an open snapshot would keep the
 * write-ahead log from ever being reset.
 */
const started = startWorker(connectReader)
if (started !== undefined) {
  const { port, post, connection, identity } = started
  port.on('message', (request: Numbered<ReadRequest> | 'close') => {
    if (request === 'close') {
      connection[Symbol.dispose]()
      port.close()
      return
    }
    post({ kind: 'replies', replies: [{ number: request.number, body: answer(request.body) }] })
  })

  const answer = (request: ReadRequest): ReadReply => {
    const lost = identity.fault()
    if (lost !== undefined) return { kind: 'failed', fault: lost }
    try {
      return { kind: 'read', result: read(request) }
    } catch (error) {
      return { kind: 'failed', fault: faultText(error) }
    }
  }

  const read = (request: ReadRequest): unknown => {
    switch (request.kind) {
      case 'get':
        return connection.snapshot(() => get(connection, request))
      case 'find':
        return connection.snapshot(() => find(connection, request))
      case 'scan':
        return connection.snapshot(() => slice(connection, request))
      case 'ordinals':
        return connection.snapshot(() => ordinals(connection, request))
      case 'counts':
        return readCounts(connection, request.directory)
      case 'tokens':
        return listTokens(connection, request.directory)
      case 'history':
        return readPolicies(connection, request.tenant, request.max)
      case 'group-table':
        return readGroupTable(connection)
      case 'principals':
        return readPrincipals(connection, request)
      case 'notes':
        return listNotes(connection, request)
      case 'note-tally':
        return readTally(connection, request.directory)
      case 'staged':
        return readStaged(connection, request.nowMs)
      case 'staged-document':
        return readStagedDocument(connection, request.tenant)
      case 'deciders':
        return readDeciders(connection, request.tenant, request.version)
      default:
        return unreachable(request)
    }
  }
}
