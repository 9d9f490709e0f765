import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { importDirectory } from '../../src/app/directory-import.ts'
import { systemClock } from '../../src/std/clock.ts'
import { fromToken, toToken } from '../../src/store/position.ts'
import type { Store } from '../../src/store/store.ts'
import { answered, attempt, decisionRig } from '../support/decision-rig.ts'
import { hasRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'
import {
  acme,
  committed,
  entra,
  group,
  later,
  okta,
  remove,
  rewrite,
  storedBy,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'
import {
  contents,
  type Engine,
  emptyStore,
  exported,
  fileWith,
  quiet,
  registry,
} from '../support/transfer-fixture.ts'
import { workspace } from '../support/workspace.ts'

const policy = `
version: 1
applications: { wiki: { hosts: [wiki.example] } }
rules:
  - { id: not-interns, effect: block, apps: any, who: { groups: { any: [Interns] } } }
  - { id: staff, effect: allow, apps: { names: [wiki] }, who: { groups: { any: [Staff] } } }
`
const names = Array.from({ length: 40 }, (_, number) => `user${number}@acme.example`)

/** Nested groups, pending members, inactive and changed users. */
async function fill(store: Store): Promise<void> {
  const ids: string[] = []
  for (const [number, name] of names.entries()) {
    const stored = await storedBy(
      store,
      user(name, { externalId: `e-${number % 30}`, title: '"ü\n' }),
    )
    ids.push(stored.id)
  }
  const inner = await storedBy(store, group('Inner', ids.slice(0, 10)))
  await committed(store, group('Staff', [inner.id, ...ids.slice(10, 30), 'never-came']))
  await committed(store, group('Interns', ids.slice(5, 15)))
  await committed(store, rewrite('users', ids[12]!, { userName: names[12]!, active: false }))
  await committed(store, remove('users', ids[20]!))
}

async function decisions(store: Store): Promise<readonly string[]> {
  await using rig = await decisionRig(store, policy)
  // On Redis the first lease takes a moment.
  await expect.poll(() => rig.vouch.lastLook(rig.cache.applied)).toBe('current')
  const decided = async (name: string) => {
    const { effect, reason, rule } = answered(await rig.decider.check(attempt(name)))
    return `${effect} ${reason} ${rule}`
  }
  const answers = []
  for (const name of names) {
    // A look at the store that a busy machine makes late goes on, and fills memory.
    await expect.poll(() => decided(name)).not.toContain('DIRECTORY_UNAVAILABLE')
    answers.push(await decided(name))
  }
  return answers
}

describe('a directory that is moved', () => {
  let redis: RedisServer | undefined
  beforeAll(async () => {
    redis = hasRedis ? await startRedis() : undefined
  })
  afterAll(() => redis?.[Symbol.asyncDispose]())

  const ways = [
    ['SQLite', 'SQLite'],
    ...(hasRedis
      ? [
          ['SQLite', 'Redis'],
          ['Redis', 'SQLite'],
          ['Redis', 'Redis'],
        ]
      : []),
  ]

  test.each(ways.map((way) => way as [Engine, Engine]))(
    'from %s to %s reads and decides as before, with the same ids and instants',
    async (from, to) => {
      await using source = await emptyStore(from, redis)
      await using target = await emptyStore(to, redis)
      await fill(source.store)
      const file = fileWith(await exported(source.store))

      const imported = await importDirectory(
        { store: target.store, registry, ...quiet },
        entra,
        file,
      )

      expect(imported).toEqual({ users: 39, groups: 3, tokens: 0, present: 0 })
      expect(await contents(target.store)).toEqual(await contents(source.store))
      expect(await decisions(target.store)).toEqual(await decisions(source.store))
      expect(await decisions(target.store)).toContain('allow RULE staff')
      const counts = ['users', 'activeUsers', 'groups', 'memberships', 'pendingMembers'] as const
      const [before, after] = [await source.store.counts(entra), await target.store.counts(entra)]
      for (const name of counts) expect([name, after[name]]).toEqual([name, before[name]])
    },
  )

  test('leaves its revision tokens behind: none of them is reached where it went', async () => {
    await using source = await temporarySqliteStore()
    await using target = await temporarySqliteStore()
    await fill(source.store)
    const token = toToken(await source.store.position())
    await importDirectory(
      { store: target.store, registry, ...quiet },
      entra,
      fileWith(await exported(source.store)),
    )
    await using rig = await decisionRig(target.store, policy)
    expect(fromToken(token)?.epoch).not.toBe((await target.store.position()).epoch)
    expect(rig.cache.reached(token)).not.toBe('reached')
  })

  test('is exported as it was at one revision, though somebody writes meanwhile', async () => {
    await using source = await temporarySqliteStore()
    const { store } = source
    await fill(store)
    const scan = store.scan.bind(store)
    let writes = 0
    store.scan = async function* (...given) {
      for await (const slice of scan(...given)) {
        yield slice
        if (writes++ < 2) await committed(store, user(`late${writes}@acme.example`))
      }
    }
    const lines = (await exported(store))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const [head] = lines
    expect(head.revision).toBe(toToken(await store.position()))
    expect(lines.filter((line) => line.user)).toHaveLength(head.users)
    store.scan = async function* (...given) {
      if (given[0] === 'users') await committed(store, user(`late${writes++}@acme.example`))
      yield* scan(...given)
    }
    await expect(exported(store)).rejects.toMatchObject({ code: 'EXPORT_UNSETTLED' })
  })

  test('is not taken for unchanged when the log of what changed has been trimmed', async () => {
    await using source = await temporarySqliteStore()
    const { store, path } = source
    await fill(store)
    const scan = store.scan.bind(store)
    let writes = 0
    store.scan = async function* (...given) {
      if (given[0] === 'users') {
        await committed(store, user(`late${writes++}@acme.example`))
        await committed(store, { ...user(`other${writes}@okta.example`), directory: okta })
        // What is left is of another directory.
        using log = new DatabaseSync(path)
        log.exec('DELETE FROM feed WHERE rev < (SELECT max(rev) FROM feed)')
      }
      yield* scan(...given)
    }
    await expect(exported(store)).rejects.toMatchObject({ code: 'EXPORT_UNSETTLED' })
  })

  test('in a state in between blocks whom the whole would block, and never allows one of them', async () => {
    await using source = await temporarySqliteStore()
    await using target = await temporarySqliteStore()
    await fill(source.store)
    const whole = await decisions(source.store)
    const file = fileWith(await exported(source.store))
    await using rig = await decisionRig(target.store, policy)
    const wrong: string[] = []
    const commit = target.store.commit.bind(target.store)
    target.store.commit = async (change, by) => {
      const result = await commit(change, by)
      for (const [number, name] of names.entries()) {
        const { effect } = answered(await rig.decider.check(attempt(name)))
        if (effect === 'allow' && !whole[number]!.startsWith('allow')) wrong.push(name)
      }
      return result
    }
    await importDirectory({ store: target.store, registry, ...quiet }, entra, file)
    expect(wrong).toEqual([])
  })

  test.each([
    ['cut off', (text: string) => text.slice(0, -20), /cut off/],
    [
      'without its foot',
      (text: string) => `${text.trim().split('\n').slice(0, -1).join('\n')}\n`,
      /checksum/,
    ],
    ['changed by a byte', (text: string) => text.replace('user3@', 'user4@'), /checksum/],
    ['not one at all', () => '{"format":"other"}\n{}\n', /checksum|expected/],
  ])('from a file that is %s is refused before anything is written', async (_, broken, message) => {
    await using source = await temporarySqliteStore()
    await using target = await temporarySqliteStore()
    await fill(source.store)
    const file = fileWith(broken(await exported(source.store)))
    const importing = importDirectory({ store: target.store, registry, ...quiet }, entra, file)
    await expect(importing).rejects.toThrow(message)
    expect((await target.store.counts(entra)).lastRevision).toBe(0)
  })

  test('into one that holds something else is refused and leaves that as it was', async () => {
    await using source = await temporarySqliteStore()
    await using target = await temporarySqliteStore()
    await fill(source.store)
    const other = await storedBy(target.store, user('other@acme.example'))
    const file = fileWith(await exported(source.store))
    const importing = importDirectory({ store: target.store, registry, ...quiet }, entra, file)
    await expect(importing).rejects.toThrow(`user ${other.id} is not of this file`)
    expect(await target.store.counts(entra)).toMatchObject({ users: 1, groups: 0 })
  })
})

test('the command line moves a directory, and goes on with an import that was killed', async () => {
  const [from, to] = [workspace(), workspace()]
  const { openSqliteStore } = await import('../../src/store/sqlite-store/sqlite-store.ts')
  {
    await using store = await openSqliteStore(join(from.folder, 'data/sallyport.db'), systemClock)
    await store.enroll([{ tenant: acme, directory: entra }])
    await fill(store)
    for (let number = 0; number < 3_000; number++) {
      void store.commit(
        { ...user(`many${number}@acme.example`), at: later },
        { opId: String(number) },
      )
    }
    await committed(store, user('last@acme.example'))
  }
  const token = JSON.parse(
    (await runCli('token', 'create', '--config', from.file, '--directory', 'entra', '--json'))
      .stdout,
  )
  const file = join(from.folder, 'entra.jsonl')
  const write = await runCli(
    'directory',
    'export',
    'entra',
    '--config',
    from.file,
    '--output',
    file,
    '--with-tokens',
    '--json',
  )
  expect([write.code, JSON.parse(write.stdout)]).toEqual([
    0,
    { directory: 'entra', file, users: 3_040, groups: 3 },
  ])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(file, 'utf8')).not.toContain(token.token)

  const main = join(import.meta.dirname, '../../src/main.ts')
  const args = [main, 'directory', 'import', file, '--directory', 'entra', '--config', to.file]
  const child = spawn(process.execPath, args, { stdio: 'ignore' })
  const exited = once(child, 'exit')
  await expect.poll(() => usersIn(join(to.folder, 'data/sallyport.db')), eagerly).toBeGreaterThan(0)
  child.kill('SIGKILL')
  await exited
  expect(child.signalCode).toBe('SIGKILL')
  const again = await runCli(...args.slice(1), '--json')
  expect(again.code).toBe(0)
  expect(JSON.parse(again.stdout)).toMatchObject({ users: 3_040, groups: 3, tokens: 1 })
  expect(JSON.parse(again.stdout).present).toBeGreaterThan(3)
  expect(JSON.parse(again.stdout).present).toBeLessThan(3_043)
  const status = JSON.parse(
    (await runCli('directory', 'status', '--config', to.file, '--json')).stdout,
  )[0]
  expect(status).toMatchObject({ users: 3_040, groups: 3, live_tokens: 1 })
  const refused = await runCli('directory', 'export', 'entra', '--json', '--config', to.file)
  expect(refused.code).toBe(2)
  const unknown = await runCli('directory', 'export', 'nobody', '--config', to.file)
  expect([unknown.code, unknown.stderr]).toEqual([
    3,
    expect.stringContaining('no directory `nobody`'),
  ])
}, 60_000)

const eagerly = { interval: 2, timeout: 20_000 }

/** As another process sees it; nothing while there are no tables yet. */
function usersIn(path: string): number {
  if (!existsSync(path)) return 0
  using database = new DatabaseSync(path, { readOnly: true })
  const [table] = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'users'").all()
  if (table === undefined) return 0
  return Number(database.prepare('SELECT count(*) AS users FROM users').get()?.users)
}

test('the command line refuses to export what was never written to, and replaces no file', async () => {
  const { file, folder } = workspace()
  const output = join(folder, 'backup.jsonl')
  writeFileSync(output, 'the good one')
  const other = ['--store', `sqlite:${join(folder, 'misspelt.db')}`]
  const refused = await runCli(
    ...['directory', 'export', 'entra', '--config', file, '--output', output, ...other],
  )
  expect([refused.code, refused.stderr]).toEqual([
    3,
    expect.stringContaining('`entra` was never written to: is `store:` the one that was meant?'),
  ])
  expect(readFileSync(output, 'utf8')).toBe('the good one')
})

test('an export is refused as a seed, with the verb that takes it', async () => {
  await using source = await temporarySqliteStore()
  await fill(source.store)
  const export_ = fileWith(await exported(source.store))
  const config = (text: string) =>
    text.replace('domains: [acme.example]', `domains: [acme.example], seed: "${export_}"`)
  const served = await runCli('serve', '--config', workspace({ config }).file)
  expect([served.code, served.stderr]).toEqual([
    3,
    expect.stringContaining('is an export: `sallyport directory import FILE --directory ID`'),
  ])
})
