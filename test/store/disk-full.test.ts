import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { toNote } from '../../src/store/sqlite-store/convert.ts'
import { FileIdentity } from '../../src/store/sqlite-store/file-identity.ts'
import { GroupCommit } from '../../src/store/sqlite-store/group-commit.ts'
import { openFile } from '../../src/store/sqlite-store/open-file.ts'
import type { WriteRequest } from '../../src/store/sqlite-store/protocol.ts'
import {
  acme,
  at,
  committed,
  entra,
  fresh,
  temporaryPath,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'
import { notesOf, syncEntry } from '../support/sync-entries.ts'

describe('on a full disk', () => {
  test('nothing is acknowledged, decisions go on, and writing goes on once there is room', async () => {
    await using place = await temporaryPath()
    using disk = smallDisk(join(place.folder, 'disk'))
    await using fixture = await temporarySqliteStore(systemClock, join(disk.path, 'store.db'))
    const { store } = fixture
    const { position } = await committed(store, user('ann'))
    await using vouch = store.enlist(() => position)
    disk.fill()

    const big = { title: 'x'.repeat(20_000) }
    const names = Array.from({ length: 20 }, (_, index) => `user${index}`)
    const refused = await Promise.all(names.map((name) => store.commit(user(name, big), fresh())))

    expect(new Set(refused.map(({ kind }) => kind))).toEqual(new Set(['unavailable']))
    expect(vouch.lastLook(position)).toBe('current')
    const key = { directory: entra, kind: 'userName', value: 'ann' } as const
    expect((await store.resolve(key)).kind).toBe('known')
    disk.free()
    const { position: next } = await committed(store, user('bob', big))
    expect(next.revision).toBe(position.revision + 1)
    expect(await store.counts(entra)).toMatchObject({ users: 2 })
  })

  test('the whole group fails, takes no revision, and the next one is written', async () => {
    await using place = await temporaryPath()
    const { path, held } = openFile(place.path)
    using connection = held
    const groups = new GroupCommit(connection, new FileIdentity(path))
    groups.commit([{ kind: 'enroll', directories: [{ tenant: acme, directory: entra }] }])
    groups.commit([creating('ann')])
    const used = connection.get<{ page_count: number }>('PRAGMA page_count')?.page_count
    connection.exec(`PRAGMA max_page_count = ${used! + 2}`)

    const replies = groups.commit([
      creating('bob'),
      creating('ann'),
      creating('carl', 100_000),
      creating('dora'),
    ])
    connection.exec('PRAGMA max_page_count = 100000')
    const [again] = groups.commit([creating('bob')])

    expect(replies).toEqual(Array(4).fill({ kind: 'unavailable', fault: 'the disk is full' }))
    expect(again).toMatchObject({ kind: 'ok', position: { revision: 2 }, record: { ordinal: 2 } })
  })

  test('notes that no longer fit cost nobody a write that does', async () => {
    await using place = await temporaryPath()
    const { path, held } = openFile(place.path)
    using connection = held
    const groups = new GroupCommit(connection, new FileIdentity(path))
    groups.commit([{ kind: 'enroll', directories: [{ tenant: acme, directory: entra }] }])
    groups.commit([creating('ann')])
    const used = connection.get<{ page_count: number }>('PRAGMA page_count')?.page_count
    connection.exec(`PRAGMA max_page_count = ${used! + 2}`)
    const notes = notesOf(syncEntry({ name: 'x'.repeat(100_000) }))

    const replies = groups.commit([creating('bob'), toNote(entra, notes), creating('ann')])

    expect(replies).toMatchObject([
      { kind: 'ok', position: { revision: 2 } },
      { kind: 'unavailable', fault: 'the disk is full' },
      { kind: 'exists' },
    ])
  })
})

function creating(userName: string, titleLength = 0): WriteRequest {
  const document = JSON.stringify({ userName, title: 'x'.repeat(titleLength) })
  const change = { op: 'create', of: 'users', directory: entra, id: userName, at } as const
  const nowMs = Date.parse(at)
  return {
    ...{ kind: 'commit', ...fresh(), ifMatch: undefined, nowMs, references: 0 },
    change: { ...change, document, members: undefined },
  }
}

/** A disk of 2 MB where mounting is allowed, else this folder with a limit on how files may grow. */
function smallDisk(path: string) {
  mkdirSync(path)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    return limitedFolder(path)
  }
  const filler = join(path, 'filler')
  return {
    path,
    fill: () => fillUp(filler),
    free: () => rmSync(filler),
    [Symbol.dispose]: () => execFileSync('umount', ['--lazy', path]),
  }
}

function fillUp(filler: string): void {
  // Page by page: the last one that fits leaves less than SQLite writes at once.
  for (let room = true; room; ) {
    try {
      writeFileSync(filler, Buffer.alloc(4_096), { flag: 'a' })
    } catch {
      room = false
    }
  }
}

function limitedFolder(path: string) {
  const limit = (bytes: string) =>
    execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`])
  return {
    path,
    // Less than the log beside the file already has.
    fill: () => limit('8192'),
    free: () => limit('unlimited'),
    [Symbol.dispose]: () => limit('unlimited'),
  }
}
