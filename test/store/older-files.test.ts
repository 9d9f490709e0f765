import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite-store/sqlite-store.ts'
import { idOf, writeFileOfSchemaOne } from '../support/schema-one.ts'
import {
  committed,
  entra,
  temporaryPath,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'
import { notesOf, syncEntry } from '../support/sync-entries.ts'

test('a file of schema 1 is brought up to date where it stands and keeps all it holds', async () => {
  await using place = await temporaryPath()
  writeFileOfSchemaOne(place.path, ['ann', 'bob'])
  {
    await using fixture = await temporarySqliteStore(systemClock, place.path)
    const { store } = fixture
    await store.notes.append(entra, notesOf(syncEntry({ name: 'ann' })))

    expect(await store.counts(entra)).toMatchObject({ users: 2, activeUsers: 2, lastRevision: 2 })
    const found = await store.resolve({ directory: entra, kind: 'userName', value: 'bob' })
    expect(found).toMatchObject({ kind: 'known', principal: { id: idOf(2) } })
    expect(await store.credentials.find('f00d')).toMatchObject({ label: 'Entra' })
    expect((await committed(store, user('carl'))).position.revision).toBe(3)
    const { entries } = await store.readLog({ ...(await store.position()), revision: 0 }, 10, 0)
    expect(entries.map(({ position }) => position.revision)).toEqual([1, 2, 3])
  }
  expect(columnsOf(place.path)).toEqual({ schema: 3, notes: 1, users: 3 })
})

test('of two processes that open an old file at once both find it upgraded', async () => {
  await using place = await temporaryPath()
  writeFileOfSchemaOne(place.path, ['ann'])

  const stores = await Promise.all([
    openSqliteStore(place.path, systemClock),
    openSqliteStore(place.path, systemClock),
  ])

  for (const store of stores) expect(await store.counts(entra)).toMatchObject({ users: 1 })
  for (const store of stores) await store[Symbol.asyncDispose]()
})

test('an upgrade that cannot be finished leaves the file at its schema, and says so', async () => {
  await using place = await temporaryPath()
  writeFileOfSchemaOne(place.path, ['ann'])
  // The second table of the step cannot be made once the first one has been.
  execute(place.path, 'CREATE TABLE note_tally (stranger INTEGER)')

  const refused = await openSqliteStore(place.path, systemClock).catch((error: Error) => error)

  expect(String(refused)).toMatch(/StoreRefused: store `.*`: table note_tally already exists/)
  using database = new DatabaseSync(place.path)
  expect(database.prepare('SELECT schema FROM meta').get()).toEqual({ schema: 1 })
  expect(database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'note'").get()).toBeUndefined()
})

test('a new file is laid out like one that has been upgraded', async () => {
  await using old = await temporaryPath()
  await using fresh = await temporaryPath()
  writeFileOfSchemaOne(old.path, [])
  for (const { path } of [old, fresh]) {
    await using _ = await openSqliteStore(path, systemClock)
  }
  expect(layoutOf(fresh.path)).toEqual(layoutOf(old.path))
})

function columnsOf(path: string) {
  using database = new DatabaseSync(path)
  return database
    .prepare(
      `SELECT schema, (SELECT count(*) FROM note) AS notes, (SELECT count(*) FROM users) AS users
       FROM meta`,
    )
    .get()
}

function layoutOf(path: string) {
  using database = new DatabaseSync(path)
  return database.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all()
}

function execute(path: string, sql: string): void {
  using database = new DatabaseSync(path)
  database.exec(sql)
}
