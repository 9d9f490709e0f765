import { fork } from 'node:child_process'
import { copyFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sameValue } from '../../src/directory/same-value.ts'
import { systemClock } from '../../src/std/clock.ts'
import { decodeOrdinals, encodeOrdinals } from '../../src/store/ordinal-list.ts'
import { readSlice } from '../../src/store/sqlite-store/feed-rows.ts'
import { FileIdentity } from '../../src/store/sqlite-store/file-identity.ts'
import { GroupCommit } from '../../src/store/sqlite-store/group-commit.ts'
import { openFile } from '../../src/store/sqlite-store/open-file.ts'
import type { WriteRequest } from '../../src/store/sqlite-store/protocol.ts'
import { readHead } from '../../src/store/sqlite-store/schema.ts'
import { openSqliteStore } from '../../src/store/sqlite-store/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { fromText, parseDocument, toText } from '../../src/store/stored-text.ts'
import { ManualClock } from '../support/manual-clock.ts'
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

describe('what is stored comes back:', () => {
  test('ordinals, sorted, whatever their size', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 2 ** 32 - 1 })), (ordinals) => {
        const sorted = ordinals.toSorted((a, b) => a - b)
        expect(decodeOrdinals(encodeOrdinals(ordinals))).toEqual(sorted)
      }),
    )
  })

  test('strings, any two different ones as different texts', () => {
    const anyString = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(anyString, anyString, (a, b) => {
        expect(fromText(toText(a))).toBe(a)
        expect(toText(a).isWellFormed()).toBe(true)
        expect(toText(a) === toText(b)).toBe(a === b)
      }),
    )
  })

  test('documents, without a prototype at any depth', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value)
        const document = parseDocument(text)
        expect(JSON.stringify(document)).toBe(text)
        expect(sameValue(document, parseDocument(text))).toBe(true)
        expect(prototypesIn(document)).toEqual(new Set([null]))
      }),
    )
  })

  test('a document nested absurdly deep, without an overflow', () => {
    const depth = 50_000
    const document = parseDocument(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)

    expect(Object.keys(document)).toEqual(['a'])
  })
})

describe('what is kept is bounded:', () => {
  test('the result of a write is remembered for two minutes, and no longer', async () => {
    const clock = new ManualClock()
    await using fixture = await temporarySqliteStore(clock)
    const { store } = fixture
    const [change, by] = [user('ann'), fresh()]
    const first = await store.commit(change, by)

    await clock.advance(119_000)
    const soon = await store.commit(change, by)
    await clock.advance(2_000)
    const late = await store.commit(change, by)

    expect(soon).toEqual(first)
    expect(late).toEqual({ kind: 'exists' })
  })

  test('results and log entries that are too old are dropped as new ones come', async () => {
    await using place = await temporaryPath()
    const { path, held } = openFile(place.path)
    using connection = held
    const groups = new GroupCommit(connection, new FileIdentity(path), 10)
    groups.commit([{ kind: 'enroll', directories: [{ tenant: acme, directory: entra }] }])

    const start = Date.parse(at)
    for (let index = 0; index < 50; index += 1) {
      groups.commit([creating(`user${index}`, start + index * 10_000)])
    }

    const count = (table: string) =>
      connection.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n
    expect([count('feed'), count('op')]).toEqual([10, 12])
    const { entries } = readSlice(connection, { ...readHead(connection), revision: 0 }, 100)
    expect(entries.map(({ position }) => position.revision)).toEqual([
      ...Array.from({ length: 10 }, (_, index) => 41 + index),
    ])
  })
})

describe('a group of changes', () => {
  test('loses only the one that SQLite itself refuses, which takes no revision', async () => {
    await using place = await temporaryPath()
    const { path, held } = openFile(place.path)
    using connection = held
    const groups = new GroupCommit(connection, new FileIdentity(path))
    groups.commit([{ kind: 'enroll', directories: [{ tenant: acme, directory: entra }] }])
    const broken = creating('broken', 0)
    Object.assign(Object(broken).change, { at: null })

    const replies = groups.commit([creating('ann', 0), broken, creating('bob', 0)])

    expect(replies.map(({ kind }) => kind)).toEqual(['ok', 'unavailable', 'ok'])
    expect(readHead(connection).revision).toBe(2)
    const { entries } = readSlice(connection, { ...readHead(connection), revision: 0 }, 9)
    expect(entries[1]?.previousNonce).toBe(entries[0]?.position.nonce)
  })
})

describe('two processes on one file', () => {
  test('both write, and each takes its own revisions of the one log', async () => {
    await using place = await temporaryPath()
    await using one = await openSqliteStore(place.path, systemClock)
    await one.enroll([{ tenant: acme, directory: entra }])
    const child = fork(
      join(import.meta.dirname, '..', 'support', 'commit-child.ts'),
      [place.path],
      {
        execArgv: ['--no-warnings'],
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      },
    )
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await new Promise<void>((resolve) => {
      child.stdout?.on('data', (lines) => {
        if (String(lines).includes('member ')) resolve()
      })
    })

    const names = Array.from({ length: 50 }, (_, index) => `mine${index}`)
    const answers = await Promise.all(names.map((name) => committedAtLast(one, user(name))))
    child.kill('SIGKILL')
    await ended

    expect(new Set(answers.map(({ position }) => position.revision)).size).toBe(50)
    const { revision } = await one.position()
    expect(revision).toBeGreaterThan(50)
    const { memberships, pendingMembers } = await one.counts(entra)
    expect(memberships + pendingMembers).toBeGreaterThan(0)
  })
})

describe('a store whose write-ahead log was cut short', () => {
  test.each([0.1, 0.5, 0.9])('to %f of it holds a clean, shorter history', async (part) => {
    await using place = await temporaryPath()
    const copy = join(place.folder, 'copy.db')
    await using fixture = await temporarySqliteStore(systemClock, place.path)
    for (let index = 0; index < 20; index += 1) await committed(fixture.store, user(`u${index}`))
    const head = await fixture.store.position()
    await copyFile(place.path, copy)
    await copyFile(`${place.path}-wal`, `${copy}-wal`)
    await truncate(`${copy}-wal`, Math.floor(part * (await stat(`${place.path}-wal`)).size))

    await using store = await openSqliteStore(copy, systemClock)

    const { revision } = await store.position()
    expect(revision).toBeLessThan(head.revision)
    const { entries } = await store.readLog({ ...head, revision: 0 }, 100, 0)
    expect(entries.map(({ position }) => position.revision)).toEqual(
      Array.from({ length: revision }, (_, index) => index + 1),
    )
    expect((await store.counts(entra)).users).toBe(revision)
  })
})

function creating(userName: string, nowMs: number): WriteRequest {
  const document = JSON.stringify({ userName })
  const change = { op: 'create', of: 'users', directory: entra, id: userName, at } as const
  return {
    ...{ kind: 'commit', ...fresh(), ifMatch: undefined, nowMs, references: 0 },
    change: { ...change, document, members: undefined },
  }
}

function prototypesIn(value: unknown): Set<unknown> {
  if (typeof value !== 'object' || value === null) return new Set()
  const inner = Object.values(value).flatMap((one) => [...prototypesIn(one)])
  return new Set(Array.isArray(value) ? inner : [Object.getPrototypeOf(value), ...inner])
}

/** The other process leaves a gap now and then: unavailable means that the same is asked again. */
async function committedAtLast(store: Store, change: Parameters<Store['commit']>[0]) {
  const by = fresh()
  for (let attempt = 0; ; attempt++) {
    const answer = await store.commit(change, by)
    if (answer.kind === 'ok') return answer
    if (answer.kind !== 'unavailable' || attempt === 10) throw new Error(answer.kind)
  }
}
