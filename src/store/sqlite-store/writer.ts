import { receiveMessageOnPort } from 'node:worker_threads'
import { connectWriter } from './connect.ts'
import { GroupCommit } from './group-commit.ts'
import type { Numbered, WriteReply, WriteRequest } from './protocol.ts'
import { startWorker } from './worker-entry.ts'

/**
 * The writer: a thread that owns the only writing connection, so that no decision waits for a disk.
 * It takes whatever has queued while the last group was synced, and commits that as one.
 */

/** Changes in one commit. Beyond it the sync is no longer what a change mostly costs. */
const groupChangesMax = 64
/** Member values in one commit, ≈ 20 ms of work: the others in the group wait for them. */
const groupMembersMax = 5_000
const started = startWorker(connectWriter)
if (started !== undefined) {
  const { port, post, connection, identity } = started
  const groups = new GroupCommit(connection, identity)
  port.on('message', (first: Numbered<WriteRequest> | 'close') => {
    let next: Numbered<WriteRequest> | 'close' | undefined = first
    while (next !== undefined && next !== 'close') {
      const group = [next]
      let members = membersIn(next.body)
      next = receive()
      while (next !== undefined && next !== 'close') {
        members += membersIn(next.body)
        if (group.length === groupChangesMax || members > groupMembersMax) break
        group.push(next)
        next = receive()
      }
      const replies = groups.commit(group.map((request) => request.body))
      post({ kind: 'replies', replies: numbered(group, replies) })
    }
    if (next === 'close') close()
  })

  const receive = () =>
    receiveMessageOnPort(port)?.message as Numbered<WriteRequest> | 'close' | undefined

  const close = () => {
    try {
      connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // Everything is durable in the log beside the file; the next start copies it back.
    }
    connection[Symbol.dispose]()
    port.close()
  }
}

function numbered(group: readonly Numbered<WriteRequest>[], replies: readonly WriteReply[]) {
  return group.map(({ number }, index) => ({ number, body: replies[index] }))
}

function membersIn(request: WriteRequest): number {
  // An entry of the sync log takes about as long as a member value.
  if (request.kind === 'note') return request.entries.length
  if (request.kind !== 'commit' || !('members' in request.change)) return 0
  const { members } = request.change
  if (members === undefined) return 0
  return members.kind === 'replace'
    ? members.members.length
    : members.add.length + members.remove.length
}
