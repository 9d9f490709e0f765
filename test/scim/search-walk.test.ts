import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Stored } from '../../src/directory/directory.ts'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { type SearchRequest, search } from '../../src/scim/search.ts'
import type { SearchScope } from '../../src/scim/search-pages.ts'
import { systemClock } from '../../src/std/clock.ts'
import type { Store } from '../../src/store/store.ts'
import {
  type Attributes,
  committed,
  entra,
  group,
  remove,
  rewrite,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'

/** Walks over random directories, page by page, beside a plain sort and filter of a list. */

interface Person {
  readonly name: string
  readonly title: string | undefined
  readonly externalId: string | undefined
  readonly active: boolean
  readonly emails: readonly { readonly value: string; readonly primary: boolean }[]
}
const word = fc.constantFrom('a', 'B', 'b', 'É', 'z', '\ufb01', '\u{1f600}', 'ab', '')
const optional = fc.option(word, { nil: undefined, freq: 2 })
const people = fc.array(
  fc.record<Person>({
    name: fc.tuple(word, fc.nat(9)).map(([letters, digit]) => `${letters}${digit}`),
    title: optional,
    externalId: optional,
    active: fc.boolean(),
    emails: fc.array(fc.record({ value: word, primary: fc.boolean() }), { maxLength: 2 }),
  }),
  { maxLength: 14 },
)

type Matches = (person: Person) => boolean
const filters: readonly (readonly [string | undefined, Matches])[] = [
  [undefined, () => true],
  ['active eq true', ({ active }) => active],
  ['externalId eq "b"', ({ externalId }) => externalId === 'b'],
  [
    'title sw "b" or not (active eq true)',
    ({ title, active }) => lower(title)?.[0] === 'b' || !active,
  ],
  ['emails pr and title pr', ({ emails, title }) => emails.length > 0 && (title ?? '') !== ''],
]
type Key = (person: Person) => string | number | undefined
const orders: readonly (readonly [string | undefined, Key])[] = [
  [undefined, () => 0],
  ['userName', ({ name }) => lower(name)],
  ['title', ({ title }) => lower(title)],
  ['externalId', ({ externalId }) => externalId],
  ['active', ({ active }) => Number(active)],
  [
    'emails.value',
    ({ emails }) => lower((emails.find(({ primary }) => primary) ?? emails[0])?.value),
  ],
]

const walks = fc.record({
  filter: fc.constantFrom(...filters),
  order: fc.constantFrom(...orders),
  descending: fc.boolean(),
  count: fc.integer({ min: 1, max: 6 }),
})

test('pages by index and by cursor show what a plain sort and filter would', async () => {
  await fc.assert(
    fc.asyncProperty(people, fc.array(walks, { minLength: 6, maxLength: 6 }), async (all, some) => {
      await using directory = await openDirectory()
      await directory.create(all)
      for (const walk of some) {
        const request = requestOf(walk)
        const wanted = directory.sorted(walk)
        expect(await byIndex(directory.scope, request, wanted.length)).toEqual(wanted)
        expect(await byCursor(directory.scope, request)).toEqual(wanted)
      }
    }),
    { numRuns: 25 },
  )
})

test('pages by cursor show whoever was there throughout once, whoever comes and goes', async () => {
  await fc.assert(
    fc.asyncProperty(people, people, walks, fc.infiniteStream(fc.nat()), async (...given) => {
      const [before, after, walk, draw] = given
      await using directory = await openDirectory()
      await directory.create(before)
      const initial = directory.sorted(walk)
      const newcomers = [...after]
      const change = async () => {
        const drawn = draw.next().value!
        if (drawn % 3 === 0) await directory.create(newcomers.splice(0, 2))
        else if (drawn % 3 === 1) await directory.removeOne(draw.next().value!)
        else await directory.changeOne(draw.next().value!)
      }

      const shown = await byCursor(directory.scope, requestOf(walk), change)

      const remained = initial.filter((id) => directory.has(id))
      expect(shown.filter((id) => remained.includes(id))).toEqual(remained)
      expect(new Set(shown).size).toBe(shown.length)
    }),
    { numRuns: 40 },
  )
})

test('pages at the root show users and groups in one order', async () => {
  const names = fc.uniqueArray(word, { selector: lower })
  await fc.assert(
    fc.asyncProperty(people, names, walks, async (all, groups, { count, descending }) => {
      await using directory = await openDirectory()
      await directory.create(all)
      for (const name of groups) await directory.createGroup(name)
      const sortOrder = descending ? 'descending' : 'ascending'
      const wanted = directory.sortedByExternalId(descending)
      const request = { sortBy: 'externalId', sortOrder, count }
      expect(await byIndex(directory.root, request, wanted.length)).toEqual(wanted)
      expect(await byCursor(directory.root, request)).toEqual(wanted)
    }),
    { numRuns: 15 },
  )
})

type Walk = typeof walks extends fc.Arbitrary<infer Value> ? Value : never

function requestOf({ filter, order, descending, count }: Walk): SearchRequest {
  const sortOrder = descending ? 'descending' : 'ascending'
  return { filter: filter[0], sortBy: order[0], sortOrder, count }
}

async function byIndex(scope: SearchScope, request: SearchRequest, expected: number) {
  const ids: string[] = []
  const count = Number(request.count)
  for (let startIndex = 1; startIndex <= expected + count; startIndex += count) {
    const { total, resources } = await search({ ...request, startIndex }, scope)
    expect(total).toBe(expected)
    ids.push(...resources.map(({ id }) => id))
  }
  return ids
}

async function byCursor(scope: SearchScope, request: SearchRequest, between = async () => {}) {
  const ids: string[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page: { resources: readonly Stored[]; nextCursor?: string } = await search(
      { ...request, cursor },
      scope,
    )
    ids.push(...page.resources.map(({ id }) => id))
    cursor = page.nextCursor
    await between()
  }
  return ids
}

async function openDirectory() {
  const { store, [Symbol.asyncDispose]: dispose } = await temporarySqliteStore()
  return new Directory(store, dispose)
}

/** A directory and a list of who is in it, in the order of their creation. */
class Directory implements AsyncDisposable {
  readonly #store: Store
  readonly #dispose: () => PromiseLike<void>
  readonly #people: (Person & { readonly id: string })[] = []
  readonly #groups: string[] = []
  readonly scope: SearchScope
  readonly root: SearchScope

  constructor(store: Store, dispose: () => PromiseLike<void>) {
    this.#store = store
    this.#dispose = dispose
    const registry = createSchemaRegistry()
    const parts = { store, registry, directory: entra, clock: systemClock, baseUrl: '' }
    const types = [
      { of: 'users', references: true },
      { of: 'groups', references: true },
    ] as const
    this.scope = { ...parts, types: [types[0]] }
    this.root = { ...parts, types }
  }

  async create(people: readonly Person[]): Promise<void> {
    for (const person of people) {
      if (this.#people.some(({ name }) => lower(name) === lower(person.name))) continue
      const created = user(person.name, attributesOf(person))
      await committed(this.#store, created)
      this.#people.push({ ...person, id: created.id })
    }
  }

  async createGroup(name: string): Promise<void> {
    const created = group(`${name}${randomUUID()}`, [])
    await committed(this.#store, created)
    this.#groups.push(created.id)
  }

  async removeOne(draw: number): Promise<void> {
    const [gone] = this.#people.splice(draw % (this.#people.length || 1), 1)
    if (gone !== undefined) await committed(this.#store, remove('users', gone.id))
  }

  /** In what nothing here is sorted or filtered by. */
  async changeOne(draw: number): Promise<void> {
    const changed = this.#people[draw % (this.#people.length || 1)]
    if (changed === undefined) return
    const attributes = { ...attributesOf(changed), userName: changed.name, nickName: randomUUID() }
    await committed(this.#store, rewrite('users', changed.id, attributes))
  }

  has(id: string): boolean {
    return this.#people.some((person) => person.id === id)
  }

  sorted({ filter: [, matches], order: [, key], descending }: Walk): readonly string[] {
    const found = this.#people.filter(matches)
    return found.toSorted((a, b) => compare(key(a), key(b), descending)).map(({ id }) => id)
  }

  /** Groups here have none, so they are behind all users in one order and before them in the other. */
  sortedByExternalId(descending: boolean): readonly string[] {
    const rows = [
      ...this.#people.map(({ id, externalId }) => ({ id, key: externalId })),
      ...this.#groups.map((id) => ({ id, key: undefined })),
    ]
    return rows.toSorted((a, b) => compare(a.key, b.key, descending)).map(({ id }) => id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispose()
  }
}

function attributesOf({ title, externalId, active, emails }: Person): Attributes {
  const given = { active, emails, ...(title !== undefined && { title }) }
  return { ...given, ...(externalId !== undefined && { externalId }) }
}

function compare(a: unknown, b: unknown, descending: boolean): number {
  const [left, right] = descending ? [b, a] : [a, b]
  if (left === undefined || right === undefined) {
    return Number(left === undefined) - Number(right === undefined)
  }
  if (typeof left === 'number') return left - Number(right)
  return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)))
}

function lower(text: string | undefined): string | undefined {
  return text?.normalize('NFC').toLowerCase()
}
