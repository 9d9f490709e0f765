import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { importDirectory } from '../../src/app/directory-import.ts'
import type { Store } from '../../src/store/store.ts'
import { answered, attempt, decisionRig } from '../support/decision-rig.ts'
import { hasRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import {
  addMembers,
  at,
  committed,
  entra,
  group,
  removeMembers,
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

const policy = `
version: 1
applications: { wiki: { hosts: [wiki.example] } }
rules:
  - { id: not-interns, effect: block, apps: any, who: { groups: { any: [Interns] } } }
  - { id: everybody, effect: allow, apps: { names: [wiki] }, who: { directories: [entra] } }
`
const people = ['ann', 'bob', 'cleo', 'dora', 'eve'].map((name) => `${name}@acme.example`)

/** Ann and Bob share an externalId; so do Dora, who is inactive, and Eve, an intern through Young. */
async function fill(store: Store): Promise<void> {
  const [ann, bob, cleo, dora, eve] = people as [string, string, string, string, string]
  const ids = new Map<string, string>()
  for (const [name, externalId] of [
    [ann, 'a'],
    [bob, 'a'],
    [cleo, 'c'],
    [dora, 'd'],
    [eve, 'd'],
  ] as const) {
    ids.set(name, (await storedBy(store, user(name, { externalId }))).id)
  }
  const of = (name: string) => ids.get(name)!
  await committed(store, rewrite('users', of(dora), { userName: dora, externalId: 'd' }))
  const young = await storedBy(store, group('Young', [of(eve)]))
  await committed(store, group('Interns', [young.id, of(cleo), 'never-came']))
}

/** How each person is answered, by name and by externalId. */
async function answers(store: Store): Promise<ReadonlyMap<string, string>> {
  await using rig = await decisionRig(store, policy)
  await expect.poll(() => rig.vouch.lastLook(rig.cache.applied)).toBe('current')
  const found = new Map<string, string>()
  const ask = async (kind: 'userName' | 'externalId', name: string) => {
    const subject =
      kind === 'userName'
        ? ({ kind, name, directory: undefined } as const)
        : ({ kind, name, directory: entra } as const)
    const { effect, reason } = answered(await rig.decider.check(attempt(name, { subject })))
    found.set(`${kind} ${name}`, `${effect} ${reason}`)
  }
  for (const name of people) await ask('userName', name)
  for (const name of ['a', 'c', 'd']) await ask('externalId', name)
  return found
}

/** A store of a process that is killed once so many writes have been made. */
function dyingAfter(store: Store, writes: number): Store {
  const under: Promise<unknown>[] = []
  const commit: Store['commit'] = async (change, by) => {
    if (under.length >= writes) {
      await Promise.allSettled(under)
      throw new Error('killed')
    }
    const work = store.commit(change, by)
    under.push(work)
    return await work
  }
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'commit') return commit
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const engines: readonly Engine[] = hasRedis ? ['SQLite', 'Redis'] : ['SQLite']

describe.each(engines)('an import to %s', (engine) => {
  let redis: RedisServer | undefined
  beforeAll(async () => {
    redis = engine === 'Redis' ? await startRedis() : undefined
  })
  afterAll(() => redis?.[Symbol.asyncDispose]())

  test('that is killed after any write lets nobody in whom the whole blocks, and goes on', async () => {
    await using source = await temporarySqliteStore()
    await fill(source.store)
    const file = fileWith(await exported(source.store))
    const [whole, wanted] = [await answers(source.store), await contents(source.store)]
    expect(whole.get('externalId a')).toBe('block SUBJECT_AMBIGUOUS')
    expect(whole.get('userName ann@acme.example')).toBe('allow RULE')
    let killed = 0
    for (let writes = 1; ; writes++) {
      await using target = await emptyStore(engine, redis)
      const { store } = target
      const parts = { registry, ...quiet }
      const died = await importDirectory(
        { ...parts, store: dyingAfter(store, writes) },
        entra,
        file,
      ).then(
        () => false,
        () => true,
      )
      for (const [asked, answer] of await answers(store)) {
        if (answer.startsWith('allow')) {
          expect([writes, asked, whole.get(asked)]).toEqual([writes, asked, answer])
        }
      }
      await importDirectory({ ...parts, store }, entra, file)
      expect(await contents(store)).toEqual(wanted)
      expect(await answers(store)).toEqual(whole)
      if (!died) break
      killed++
    }
    // 2 groups, 5 users, and 3 who wait for another with their externalId to be activated.
    expect(killed).toBe(9)
  })

  test.each([
    ['other members', (id: string, cleo: string) => [{ ...removeMembers(id, cleo), at }]],
    [
      'a later date alone',
      (id: string, cleo: string) => [removeMembers(id, cleo), addMembers(id, cleo)],
    ],
  ])('does not take a group for its own that was given %s since', async (_, edits) => {
    await using source = await temporarySqliteStore()
    await using target = await emptyStore(engine, redis)
    const cleo = await storedBy(source.store, user('cleo@acme.example'))
    const interns = await storedBy(source.store, group('Interns', [cleo.id]))
    const file = fileWith(await exported(source.store))
    const parts = { registry, ...quiet }
    const cutOff = importDirectory({ ...parts, store: dyingAfter(target.store, 1) }, entra, file)
    await expect(cutOff).rejects.toThrow('killed')
    for (const edit of edits(interns.id, cleo.id)) await committed(target.store, edit)
    await expect(importDirectory({ ...parts, store: target.store }, entra, file)).rejects.toThrow(
      `group ${interns.id} is another than in this file`,
    )
    expect((await target.store.counts(entra)).users).toBe(0)
  })
})

const token = { id: 'a'.repeat(12), directory: 'entra', digest: 'b'.repeat(64), label: 'l' }

test.each([
  ['a token without a date', `{"token":${JSON.stringify(token)}}`, /token\.created: /],
  [
    'a token whose digest is none',
    `{"token":${JSON.stringify({ ...token, created: '2026-01-02T03:04:05.000Z', digest: 7 })}}`,
    /line 6: token\.digest: /,
  ],
  [
    'a second user of one name',
    (line: string) => line.replace('bob@', 'ANN@'),
    /line 5: this userName stands twice/,
  ],
  [
    'a second group of one name',
    (line: string) => line.replace('Interns', 'YOUNG'),
    /line 3: this displayName stands twice/,
  ],
])('an import with %s is refused before anything is written', async (_, more, message) => {
  await using source = await temporarySqliteStore()
  await using target = await temporarySqliteStore()
  const { store } = target
  await storedBy(source.store, user('ann@acme.example'))
  await storedBy(source.store, user('bob@acme.example'))
  await storedBy(source.store, group('Young'))
  await storedBy(source.store, group('Interns'))
  const lines = (await exported(source.store)).split('\n').slice(0, -2)
  const changed = typeof more === 'string' ? [...lines, more] : lines.map(more)
  const body = changed.map((line) => `${line}\n`).join('')
  const sha256 = createHash('sha256').update(body).digest('hex')
  const file = fileWith(`${body}${JSON.stringify({ sha256 })}\n`)
  await expect(importDirectory({ store, registry, ...quiet }, entra, file)).rejects.toThrow(message)
  expect((await store.counts(entra)).lastRevision).toBe(0)
  expect(await store.credentials.list()).toEqual([])
})
