import { chmod, mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite-store/sqlite-store.ts'
import { committed, temporaryPath, temporarySqliteStore, user } from '../support/store-fixture.ts'

describe('a SQLite store is refused, in one line,', () => {
  test.each([':memory:', '', 'file:data.db', 'https://x.example/data.db', 'redis://localhost'])(
    'at %j, which is no local file',
    async (location) => {
      expect(await refusal(location)).toMatch(/^store `.*`: not a local file/)
    },
  )

  test('when the path is a folder', async () => {
    await using place = await temporaryPath()

    expect(await refusal(place.folder)).toMatch(/not a local file: it is no regular file$/)
  })

  test('when the folder of the file is itself a file', async () => {
    await using place = await temporaryPath()
    await writeFile(place.path, 'x')

    const fault = await refusal(join(place.path, 'inner', 'store.db'))

    expect(fault).toMatch(/folder `.*sallyport\.db\/inner` cannot be made: ENOTDIR$/)
  })

  test('when no folder can be made there, as in /proc', async () => {
    const fault = await refusal('/proc/sallyport/store.db')

    expect(fault).toMatch(/folder `\/proc\/sallyport` cannot be made: ENOENT$/)
  })

  test('when the folder is not writable, which it names', async () => {
    await using place = await temporaryPath()
    await chmod(place.folder, 0o555)

    const fault = await asNobody(() => refusal(place.path))

    await chmod(place.folder, 0o700)
    expect(fault).toContain(`folder \`${place.folder}\` is not writable`)
  })

  test('when the file is not writable, which it names', async () => {
    await using place = await temporaryPath()
    await writeFile(place.path, '')
    await chmod(place.path, 0o400)
    await chmod(place.folder, 0o777)

    const fault = await asNobody(() => refusal(place.path))

    expect(fault).toContain(`file \`${place.path}\` is not writable`)
  })

  test('when the file is no database, which it leaves as it is', async () => {
    await using place = await temporaryPath()
    await writeFile(place.path, 'this is a letter, and not a database at all'.repeat(300))
    const before = await readFile(place.path)

    expect(await refusal(place.path)).toMatch(/: the file is not a database$/)
    expect(await readFile(place.path)).toEqual(before)
  })

  test("when the file is another application's database, which it leaves as it is", async () => {
    await using place = await temporaryPath()
    execute(place.path, 'CREATE TABLE users (id); INSERT INTO users VALUES (1)')
    const before = await readFile(place.path)

    expect(await refusal(place.path)).toMatch(
      /: not a Sallyport database: another application made it$/,
    )
    expect(await readFile(place.path)).toEqual(before)
  })

  test("when the file has no table yet but another application's mark", async () => {
    await using place = await temporaryPath()
    execute(place.path, 'PRAGMA application_id = 7')

    expect(await refusal(place.path)).toContain('not a Sallyport database')
  })

  test('when a newer Sallyport wrote it', async () => {
    const { path } = await usedFile()
    execute(path, 'UPDATE meta SET schema = 4')

    expect(await refusal(path)).toMatch(
      /: written by a newer Sallyport: schema 4, this one reads 3$/,
    )
  })

  test('when it holds no log, rather than beginning anew', async () => {
    const { path } = await usedFile()
    execute(path, 'DELETE FROM meta')

    expect(await refusal(path)).toContain('damaged: it holds no log')
  })

  test('when state and log disagree', async () => {
    const { path } = await usedFile()
    execute(path, 'DELETE FROM feed')

    expect(await refusal(path)).toContain('damaged: state and log disagree')
  })

  test('when the file is gone and its write-ahead log is still there', async () => {
    await using place = await temporaryPath()
    await writeFile(`${place.path}-wal`, 'the newest commits')

    expect(await refusal(place.path)).toContain('the file is missing but its log')
  })

  test('when its pages are damaged', async () => {
    const { path } = await usedFile()
    const { size } = await stat(path)
    await truncate(path, 4096)
    await writeFile(path, Buffer.alloc(size - 4096, 0xff), { flag: 'a' })

    expect(await refusal(path)).toMatch(/: the file is damaged$/)
  })
})

describe('a SQLite store is laid out', () => {
  test('in a file and folders that only their owner may read', async () => {
    await using place = await temporaryPath()
    const path = join(place.folder, 'a', 'b', 'store.db')

    await using _store = await openSqliteStore(path, systemClock)

    const modes = await Promise.all([path, `${path}-wal`, dirname(path)].map(modeOf))
    expect(modes).toEqual([0o600, 0o600, 0o700])
  })

  test('in an empty file', async () => {
    await using place = await temporaryPath()
    await writeFile(place.path, '')

    await using store = await openSqliteStore(place.path, systemClock)

    expect((await store.position()).revision).toBe(0)
  })

  test('once, by two who open it at the same time', async () => {
    await using place = await temporaryPath()

    await using one = await openSqliteStore(place.path, systemClock)
    await using two = await openSqliteStore(place.path, systemClock)

    expect(await one.position()).toEqual(await two.position())
  })

  test('so that nothing but the file is left after a clean stop', async () => {
    const { path } = await usedFile()

    await expect(stat(path)).resolves.toMatchObject({ mode: 0o100600 })
    await expect(stat(`${path}-wal`)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

/** A store that was written to and closed. */
async function usedFile() {
  const place = await temporaryPath()
  const path = join(place.folder, 'used', 'store.db')
  await mkdir(dirname(path))
  await using fixture = await temporarySqliteStore(systemClock, path)
  await committed(fixture.store, user('ann'))
  return { path }
}

async function refusal(location: string): Promise<string> {
  const store = await openSqliteStore(location, systemClock).catch((error: unknown) => error)
  expect(store).toMatchObject({ code: 'STORE_REFUSED', location })
  const { message } = store as Error
  expect(message).not.toContain('\n')
  return message
}

function execute(path: string, sql: string): void {
  using database = new DatabaseSync(path)
  database.exec(sql)
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}

/** File modes mean nothing to root. What is looked at here is looked at before the first await. */
async function asNobody<Result>(run: () => Promise<Result>): Promise<Result> {
  if (process.getuid?.() !== 0) return run()
  process.seteuid?.(65_534)
  try {
    const running = run()
    process.seteuid?.(0)
    return await running
  } finally {
    process.seteuid?.(0)
  }
}
