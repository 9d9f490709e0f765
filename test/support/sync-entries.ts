import {
  emptyTally,
  noRemarks,
  type SyncEntry,
  type SyncNotes,
} from '../../src/directory/sync-entry.ts'
import { at } from './store-fixture.ts'

/** An entry of the sync log: a user who was created, unless said otherwise. */
export function syncEntry(more: Partial<SyncEntry> = {}): SyncEntry {
  return {
    at,
    operation: 'create',
    quiet: false,
    method: 'POST',
    route: '/scim/:directory/v2/Users',
    status: 201,
    durationMs: 1.5,
    tokenId: 'f00d',
    signs: [],
    notes: [],
    remarks: noRemarks,
    times: 1,
    ...more,
  }
}

export function quietRead(id: string): SyncEntry {
  return syncEntry({ operation: 'get', quiet: true, method: 'GET', status: 200, id })
}

export function notesOf(...entries: readonly SyncEntry[]): SyncNotes {
  return { entries, tally: emptyTally }
}
