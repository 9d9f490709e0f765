import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Answer } from '../../src/scim/answer.ts'
import { ScimError } from '../../src/scim/scim-error.ts'
import { changes, type RawChange } from '../support/random-changes.ts'
import { type Change, requestOf, resolved } from '../support/scim-changes.ts'
import { applyChange, type Model } from '../support/scim-model.ts'
import type { Resource } from '../support/scim-model-values.ts'
import { entra } from '../support/store-fixture.ts'
import { enterpriseUrn, type ScimFixture, scimFixture } from './scim-fixture.ts'

let fixture: ScimFixture
beforeAll(async () => {
  fixture = await scimFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

test('any requests leave users and groups as the model of RFC 7644 says, one by one', async () => {
  await fc.assert(
    fc.asyncProperty(changes, async (raw) => {
      const model: Model = { users: new Map(), groups: new Map() }
      const made: string[] = []
      try {
        for (const each of raw) await replayed(each, model, made)
      } finally {
        for (const id of made) await cleared(id)
      }
    }),
    { numRuns: 300 },
  )
})

/** Applies a change to the server and to the model, and compares them. */
async function replayed({ who, ...change }: RawChange, model: Model, made: string[]) {
  const targets = [...model[change.of].keys()]
  const id = change.verb === 'POST' ? 'new' : (targets[who % targets.length] ?? nobody)
  const { style, ...rest } = resolved({ ...change, id }, made)
  const wanted: Change = { ...rest, style }
  const before = id === nobody || id === 'new' ? undefined : await read(change.of, id)
  const stored = structuredClone(model[change.of].get(id))

  const expected = applyChange(model, wanted)
  const answer = await sent(wanted)
  expect([answer.kind, wanted]).toEqual([expected === 2 ? 'done' : 'refused', wanted])

  if (answer.kind === 'done' && answer.id !== undefined) {
    const created = model[change.of].get('new')!
    model[change.of].delete('new')
    model[change.of].set(answer.id, created as never)
    made.push(answer.id)
  }
  for (const of of ['users', 'groups'] as const) {
    for (const [each, resource] of model[of]) {
      expect([wanted, contentOf(await read(of, each))]).toEqual([
        wanted,
        shownOf(model, each, resource),
      ])
    }
  }
  if (before === undefined || change.verb === 'DELETE') return
  // What changed nothing has moved nothing.
  const isSame =
    JSON.stringify(sorted(stored!)) === JSON.stringify(sorted(model[change.of].get(id)!))
  const after = await read(change.of, id)
  expect([wanted, after.meta.version === before.meta.version]).toEqual([wanted, isSame])
}

type Sent = { readonly kind: 'done'; readonly id?: string } | { readonly kind: 'refused' }

async function sent(change: Change): Promise<Sent> {
  const { of, verb, id } = change
  const body = JSON.parse(JSON.stringify(requestOf(change) ?? null))
  const { scim } = fixture
  try {
    if (verb === 'POST') return { kind: 'done', id: idOf(await scim.create(of, entra, body, {})) }
    if (verb === 'PUT') await scim.replace(of, entra, id, body, {})
    if (verb === 'PATCH') await scim.patch(of, entra, id, body, {})
    if (verb === 'DELETE') await scim.delete(of, entra, id, {})
    return { kind: 'done' }
  } catch (error) {
    if (error instanceof ScimError && error.status < 500) return { kind: 'refused' }
    throw error
  }
}

function idOf(answer: Answer): string {
  return ('body' in answer ? (answer.body as { readonly id: string }) : { id: '' }).id
}

// biome-ignore lint/suspicious/noExplicitAny: answers of either kind.
async function read(of: Change['of'], id: string): Promise<any> {
  const answer = await fixture.scim.get(of, entra, id, {})
  return JSON.parse(JSON.stringify('body' in answer ? answer.body : {}))
}

async function cleared(id: string): Promise<void> {
  for (const of of ['users', 'groups'] as const) {
    await fixture.scim.delete(of, entra, id, {}).catch((error: unknown) => {
      if (!(error instanceof ScimError)) throw error
    })
  }
}

/** What the server shows, in the words of the model. */
function contentOf({ id: _, meta: __, schemas, ...rest }: Resource): Resource {
  const { [enterpriseUrn]: enterprise, members, groups, ...attributes } = rest
  expect(Object.keys(enterprise ?? {}).length > 0).toBe(
    (schemas as string[]).includes(enterpriseUrn),
  )
  const values = (list: unknown) =>
    ((list ?? []) as { value: string }[]).map(({ value }) => value).toSorted()
  return {
    ...attributes,
    ...(enterprise !== undefined && { enterprise }),
    members: values(members),
    groups: values(groups),
  }
}

function shownOf({ groups }: Model, id: string, { members, ...attributes }: Resource): Resource {
  const isUser = attributes.userName !== undefined
  return {
    ...attributes,
    members: [...((members ?? []) as Iterable<string>)].toSorted(),
    // RFC 7643 §4.1.2: users mirror their groups, nested ones too; groups do not.
    groups: isUser ? [...groupsWith(groups, [id])].toSorted() : [],
  }
}

/** The groups that hold any of these, and those that hold such a group. */
function groupsWith(groups: Model['groups'], ids: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>()
  for (let size = -1; size < found.size; ) {
    size = found.size
    for (const [group, { members }] of groups) {
      if ([...ids, ...found].some((id) => members.has(id))) found.add(group)
    }
  }
  return found
}

function sorted(resource: Resource): unknown {
  const plain = (value: unknown): unknown => {
    if (value instanceof Set) return [...value].toSorted()
    if (Array.isArray(value)) return value.map(plain)
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
    return entries.map(([name, each]) => [name, plain(each)])
  }
  return plain(resource)
}

const nobody = '00000000-0000-4000-8000-00000000dead'
