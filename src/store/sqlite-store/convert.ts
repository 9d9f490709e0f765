import type { Change } from '../../directory/change.ts'
import type { Collection, DirectoryId, Reference, Stored, Uuid } from '../../directory/directory.ts'
import type { SyncNotes } from '../../directory/sync-entry.ts'
import { StoreUnavailable } from '../errors.ts'
import type { Committed } from '../store.ts'
import { parseDocument } from '../stored-text.ts'
import type { NoteRequest, RecordRow, WriteChange, WriteReply } from './protocol.ts'

/** Changes and resources as the store's contract has them, to and from what threads exchange. */

export function toWrite(change: Change): WriteChange {
  switch (change.op) {
    case 'create':
    case 'update':
    case 'delete': {
      const { op, of, directory, id, at } = change
      const document = 'document' in change ? change.document : undefined
      const members = 'members' in change ? change.members : undefined
      const created = change.op === 'create' ? change.created : undefined
      return {
        ...{ op, of, directory, id, at, created },
        document: document && JSON.stringify(document),
        members: isList(members) ? { kind: 'edit', add: members, remove: [] } : members,
      }
    }
    default:
      return change
  }
}

export function toNote(directory: DirectoryId, { entries, tally }: SyncNotes): NoteRequest {
  const texts = entries.map((entry) => ({ quiet: entry.quiet, text: JSON.stringify(entry) }))
  return { kind: 'note', directory, entries: texts, tally }
}

function isList(members: object | undefined): members is readonly Uuid[] {
  return Array.isArray(members)
}

export function toCommitted(change: Change, reply: WriteReply): Committed {
  switch (reply.kind) {
    case 'ok':
    case 'noop': {
      const { record } = reply
      const stored =
        record && 'of' in change
          ? { stored: toStored(change.of, change.directory, record) }
          : undefined
      return reply.kind === 'ok'
        ? { kind: 'ok', position: reply.position, ...stored }
        : { kind: 'noop', ...stored }
    }
    case 'unavailable':
    case 'refused':
      return { kind: 'unavailable', cause: new StoreUnavailable(reply.fault) }
    case 'enrolled':
    case 'noted':
    case 'staged':
      return { kind: 'unavailable', cause: new StoreUnavailable('writing: a wrong answer') }
    case 'unique':
      return { kind: 'unique', attribute: reply.attribute }
    default:
      return { kind: reply.kind }
  }
}

export function toStored(of: Collection, directory: DirectoryId, record: RecordRow): Stored {
  const { ordinal, id, revision, created, modified, references } = record
  return {
    ...{ of, directory, ordinal, id, revision, created, lastModified: modified },
    document: parseDocument(record.document),
    ...(references !== undefined && { references: JSON.parse(references) as Reference[] }),
  }
}
