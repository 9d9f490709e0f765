import { expect, test } from 'vitest'
import type { DirectoryId } from '../../src/directory/directory.ts'
import type { SyncTally } from '../../src/directory/sync-entry.ts'
import { notedReadsMax, notedWritesMax } from '../../src/store/store.ts'
import { at, committed, entra, later, okta, user } from '../support/store-fixture.ts'
import { notesOf, quietRead, syncEntry } from '../support/sync-entries.ts'
import { type OpenStore, onFresh } from './store-under-test.ts'

export function notesContract(open: OpenStore): void {
  test(
    'are listed newest first, as they were written, after a restart too',
    onFresh(open, async ({ store, reopen }) => {
      const first = syncEntry({ name: 'änn\ud800@acme.example', userAgent: 'x' })
      const second = syncEntry({ status: 409, scimType: 'uniqueness', error: 'taken' })
      await store.notes.append(entra, notesOf(first))
      await store.notes.append(entra, notesOf(second))

      expect(await store.notes.list(entra)).toEqual([second, first])
      expect(await (await reopen()).notes.list(entra)).toEqual([second, first])
    }),
  )

  test(
    'take no revision and make no entry in the log',
    onFresh(open, async ({ store }) => {
      const { position } = await committed(store, user('ann'))
      await store.notes.append(entra, notesOf(syncEntry()))

      expect(await store.position()).toEqual(position)
      expect((await store.readLog(position, 10, 0)).entries).toEqual([])
      expect((await committed(store, user('bob'))).position.revision).toBe(2)
    }),
  )

  test(
    'belong to one directory, and one that is not enrolled has none',
    onFresh(open, async ({ store }) => {
      const nowhere = 'nowhere' as DirectoryId
      await store.notes.append(okta, notesOf(syncEntry()))
      const tally = { dropped: 0, refused: 1, refusedAt: at }
      await store.notes.append(nowhere, { entries: [syncEntry()], tally })

      expect(await store.notes.list(entra)).toEqual([])
      expect(await store.notes.list(nowhere)).toEqual([])
      expect(await store.notes.tally(nowhere)).toEqual({ dropped: 0, refused: 0 })
      expect(await store.notes.list(okta)).toHaveLength(1)
    }),
  )

  test(
    'of successful reads come only when asked for, in the order of everything',
    onFresh(open, async ({ store }) => {
      const [created, read] = [syncEntry(), quietRead('1')]
      const failed = syncEntry({ operation: 'get', status: 404 })
      await store.notes.append(entra, notesOf(created, read, failed))

      expect(await store.notes.list(entra)).toEqual([failed, created])
      expect(await store.notes.list(entra, { reads: true })).toEqual([failed, read, created])
      expect(await store.notes.list(entra, { reads: true, max: 2 })).toEqual([failed, read])
    }),
  )

  test(
    'push out the oldest of their own kind alone: reads never cost a write',
    onFresh(open, async ({ store }) => {
      const writes = Array.from({ length: notedWritesMax + 5 }, (_, index) =>
        syncEntry({ id: `w${index}` }),
      )
      const reads = Array.from({ length: notedReadsMax + 7 }, (_, index) => quietRead(`r${index}`))
      await store.notes.append(entra, notesOf(...writes.slice(0, 600)))
      await store.notes.append(entra, notesOf(...reads))
      await store.notes.append(entra, notesOf(...writes.slice(600)))

      const kept = await store.notes.list(entra)
      const all = await store.notes.list(entra, { reads: true })

      expect(kept.map(({ id }) => id)).toEqual(
        writes
          .map(({ id }) => id)
          .slice(5)
          .toReversed(),
      )
      const keptReads = all.filter(({ operation }) => operation === 'get')
      expect(keptReads.map(({ id }) => id)).toEqual(
        reads
          .map(({ id }) => id)
          .slice(7)
          .toReversed(),
      )
    }),
  )

  test(
    'count what has no entry, with the instant of the last',
    onFresh(open, async ({ store, reopen }) => {
      expect(await store.notes.tally(entra)).toEqual({ dropped: 0, refused: 0 })
      const count = (tally: SyncTally) => store.notes.append(entra, { entries: [], tally })
      await count({ dropped: 3, droppedAt: at, refused: 0 })
      await count({ dropped: 2, droppedAt: later, refused: 1, refusedAt: later })
      await store.notes.append(entra, notesOf(syncEntry()))

      const sums = { dropped: 5, droppedAt: later, refused: 1, refusedAt: later }
      expect(await store.notes.tally(entra)).toEqual(sums)
      expect(await (await reopen()).notes.tally(entra)).toEqual(sums)
    }),
  )

  test(
    'of several writers at once are all kept',
    onFresh(open, async ({ store, second }) => {
      const other = (await second?.()) ?? store
      const names = Array.from({ length: 40 }, (_, index) => `user${index}`)
      await Promise.all(
        names.flatMap((name, index) => [
          committed(store, user(name)),
          (index % 2 === 0 ? store : other).notes.append(entra, notesOf(syncEntry({ name }))),
        ]),
      )

      const kept = await store.notes.list(entra)
      expect(kept.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
    }),
  )
}
