import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import type { Stored } from '../../src/directory/directory.ts'
import { systemClock } from '../../src/std/clock.ts'
import type { Position } from '../../src/store/position.ts'
import { openSqliteStore } from '../../src/store/sqlite-store/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import {
  committed,
  entra,
  fresh,
  group,
  replaceMembers,
  temporaryPath,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'

const rounds = 4

test('a process that is killed while it writes has lost nothing that it acknowledged', async () => {
  await using place = await temporaryPath()
  const said: string[] = []
  for (let round = 0; round < rounds; round += 1) {
    said.push(...(await linesUntilKilled(place.path, [], 100 + Math.random() * 400)))
    await using store = await openSqliteStore(place.path, systemClock)

    await expectEverythingSaid(store, said)
    await expectBothDirectionsAgree(store)
    await expectUnbrokenLog(store)
  }
})

test('a write of thousands of members is there whole or not at all after a kill', async () => {
  await using place = await temporaryPath()
  const staff = group('staff')
  await using fixture = await temporarySqliteStore(systemClock, place.path)
  await committed(fixture.store, staff)
  const names = Array.from({ length: 3_000 }, (_, index) => `user${index}`)
  await Promise.all(names.map((name) => committed(fixture.store, user(name))))
  await fixture.store[Symbol.asyncDispose]()

  for (let round = 0; round < rounds; round += 1) {
    const said = await linesUntilKilled(place.path, [staff.id], 1 + Math.random() * 8)
    await using store = await openSqliteStore(place.path, systemClock)

    const { memberships } = await store.counts(entra)
    const possible = { adding: [0, 3_000], added: [3_000], removing: [3_000, 0], removed: [0] }
    expect(possible[said.at(-1) as keyof typeof possible]).toContain(memberships)
    await expectBothDirectionsAgree(store)
    await expectUnbrokenLog(store)
    await store.commit(replaceMembers(staff.id), fresh())
  }
})

/** What a writing child printed until, some lines and an unforeseeable moment later, it was killed. */
async function linesUntilKilled(path: string, args: readonly string[], lines: number) {
  const script = join(import.meta.dirname, '..', 'support', 'commit-child.ts')
  const child = spawn(process.execPath, ['--no-warnings', script, path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    if (said.length === Math.ceil(lines)) {
      const wait = systemClock.sleep(Math.random() * killWithinMs)
      void wait.then(() => child.kill('SIGKILL'))
    }
  }
  const [code, signal] = await ended
  expect([code, signal]).toEqual([null, 'SIGKILL'])
  return said
}
/** About as long as one commit of a group takes. */
const killWithinMs = 30

async function expectEverythingSaid(store: Store, said: readonly string[]): Promise<void> {
  const users = await everything(store, 'users')
  const groups = await everything(store, 'groups')
  const groupsOf = new Map(users.map((one) => [one.id, values(one)]))
  const membersOf = new Map(groups.map((one) => [one.id, values(one)]))
  const titles = new Map(users.map((one) => [one.id, one.document.title]))
  for (const line of said) {
    const [what, first, second] = line.split(' ') as [string, string, string]
    if (what === 'user') expect(groupsOf.has(first)).toBe(true)
    if (what === 'title') expect(titles.get(first)).toBe(second)
    if (what === 'left') expect(membersOf.get(first)?.has(second)).toBe(false)
    if (what === 'left') expect(groupsOf.get(second)?.has(first)).toBe(false)
    if (what === 'member') expect(membersOf.get(first)?.has(second)).toBe(true)
    if (what === 'member') expect(groupsOf.get(second)?.has(first)).toBe(true)
  }
}

async function expectBothDirectionsAgree(store: Store): Promise<void> {
  const [users, groups] = [await everything(store, 'users'), await everything(store, 'groups')]
  const fromUsers = users.flatMap((one) => [...values(one)].map((id) => `${id} ${one.id}`))
  const fromGroups = groups.flatMap((one) => [...values(one)].map((id) => `${one.id} ${id}`))
  expect(fromUsers.toSorted()).toEqual(fromGroups.toSorted())
  const counts = await store.counts(entra)
  expect(counts).toMatchObject({ users: users.length, groups: groups.length })
  expect(counts.memberships).toBe(fromUsers.length)
}

async function expectUnbrokenLog(store: Store): Promise<void> {
  const head = await store.position()
  let at: Position | undefined
  for (;;) {
    const { entries } = await store.readLog(at ?? { ...head, revision: 0, nonce: '' }, 1_000, 0)
    if (entries.length === 0) break
    for (const { position, previousNonce } of entries) {
      expect(position.revision).toBe((at?.revision ?? 0) + 1)
      if (at !== undefined) expect(previousNonce).toBe(at.nonce)
      at = position
    }
  }
  expect(at).toEqual(head)
}

async function everything(store: Store, of: 'users' | 'groups'): Promise<readonly Stored[]> {
  const slices = await Array.fromAsync(store.scan(of, entra, 500, { references: true }))
  return slices.flat()
}

function values({ references = [] }: Stored): ReadonlySet<string> {
  return new Set(references.map(({ value }) => value))
}
