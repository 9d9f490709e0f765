import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Change } from '../../src/directory/change.ts'
import type { Store } from '../../src/store/store.ts'
import {
  at,
  document,
  editMembers,
  entra,
  fresh,
  remove,
  replaceMembers,
  rewrite,
} from '../support/store-fixture.ts'
import { type OpenStore, onFresh } from './store-under-test.ts'

/** Any sequence of writes leaves the store as a model of a few maps says, and its log whole. */
export function modelContract(open: OpenStore): void {
  test('any sequence of writes ends as a model of a few maps says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 20, maxLength: 60 }), (sequence) =>
        onFresh(open, ({ store }) => playAndCompare(store, sequence))(),
      ),
      { numRuns: 12 },
    )
  })
}

type Step = readonly [what: 'create' | 'rewrite' | 'remove', id: string, name: string, on: boolean]
type Edit = readonly [what: 'edit' | 'replace', id: string, add: string[], remove: string[]]

const ids = ['u1', 'u2', 'u3', 'g1', 'g2', 'g3'] as const
const id = fc.constantFrom(...ids)
const groupId = fc.constantFrom('g1', 'g2', 'g3')
const some = fc.subarray([...ids, 'nobody'])
const steps: fc.Arbitrary<Step | Edit> = fc.oneof(
  fc.tuple(
    fc.constantFrom('create', 'create', 'rewrite', 'remove'),
    id,
    fc.constantFrom('ann', 'ANN', 'bob', 'carl'),
    fc.boolean(),
  ),
  fc.tuple(fc.constantFrom('edit', 'edit', 'replace'), groupId, some, some),
)

interface Resource {
  name: string
  active: boolean
  members: Set<string>
}

async function playAndCompare(store: Store, sequence: readonly (Step | Edit)[]): Promise<void> {
  const model = new Map<string, Resource>()
  let revision = 0
  for (const step of sequence) {
    const expected = predict(model, step)
    const answer = await store.commit(toChange(step), fresh())
    expect([step, answer.kind]).toEqual([step, expected])
    if (expected === 'ok') revision += 1
  }
  expect((await store.position()).revision).toBe(revision)
  await expectSame(store, model)
}

function toChange([what, of, first, second]: Step | Edit): Change {
  const collection = of.startsWith('u') ? 'users' : 'groups'
  if (what === 'edit') {
    return editMembers(of, { kind: 'edit', add: first, remove: second as string[] })
  }
  if (what === 'replace') return replaceMembers(of, ...first)
  if (what === 'remove') return remove(collection, of)
  const nameOf = collection === 'users' ? 'userName' : 'displayName'
  const attributes = { [nameOf]: first as string, active: second as boolean }
  if (what === 'rewrite') return rewrite(collection, of, attributes)
  const body = document(attributes)
  return { op: 'create', of: collection, directory: entra, id: of, at, document: body }
}

function predict(model: Map<string, Resource>, step: Step | Edit): string {
  const [what, of, first] = step
  const before = model.get(of)
  if (what === 'create' && before) return 'exists'
  if (what !== 'create' && !before) return 'missing'
  if (what === 'edit' || what === 'replace') return predictMembers(before!, step as Edit)
  if (what === 'remove') {
    model.delete(of)
    for (const { members } of model.values()) members.delete(of)
    return 'ok'
  }
  const [, , name, active] = step as Step
  const rivals = [...model].filter(([other]) => other !== of && other[0] === of[0])
  const taken = rivals.some(([, one]) => one.name.toLowerCase() === (first as string).toLowerCase())
  if (taken) return 'unique'
  if (before?.name === name && before.active === active) return 'noop'
  model.set(of, { name, active, members: before?.members ?? new Set() })
  return 'ok'
}

function predictMembers(group: Resource, [what, , add, without]: Edit): string {
  const before = [...group.members].toSorted()
  const kept = what === 'replace' ? [] : before.filter((one) => !without.includes(one))
  group.members = new Set([...kept, ...add])
  return before.join() === [...group.members].toSorted().join() ? 'noop' : 'ok'
}

async function expectSame(store: Store, model: Map<string, Resource>): Promise<void> {
  const typeOf = (value: string) =>
    !model.has(value) ? 'pending' : value.startsWith('u') ? 'User' : 'Group'
  const rows = [...model].map(([of, one]) => ({ of, ...one }))
  for (const of of ids) {
    const collection = of.startsWith('u') ? 'users' : 'groups'
    const found = await store.get(collection, entra, of, { references: true })
    const expected = model.get(of)
    const named = collection === 'users' ? found?.document.userName : found?.document.displayName
    expect([of, named]).toEqual([of, expected?.name])
    const seen = found?.references
      ?.map(({ value, type, indirect }) => `${indirect ? 'indirect ' : ''}${type} ${value}`)
      .toSorted()
    const others = groupsOfUser(rows, of)
    const members = [...(expected?.members ?? [])].map((value) => `${typeOf(value)} ${value}`)
    const wanted = collection === 'users' ? others : members
    expect(seen).toEqual(expected && wanted.toSorted())
    if (collection === 'groups') await expectFoundThrough(store, of, rows)
  }
  const links = rows.flatMap(({ members }) => [...members].map(typeOf))
  expect(await store.counts(entra)).toMatchObject({
    users: rows.filter(({ of }) => of.startsWith('u')).length,
    activeUsers: rows.filter(({ of, active }) => of.startsWith('u') && active).length,
    groups: rows.filter(({ of }) => of.startsWith('g')).length,
    memberships: links.filter((type) => type !== 'pending').length,
    pendingMembers: links.filter((type) => type === 'pending').length,
  })
}

type Row = { readonly of: string; readonly members: ReadonlySet<string> }

/** The groups above a user, direct ones first; these are too few to nest too deep. */
function groupsOfUser(rows: readonly Row[], user: string): readonly string[] {
  const direct = rows.filter(({ members }) => members.has(user)).map(({ of }) => of)
  const all = new Set(direct)
  // A set goes on with what is added to it meanwhile.
  for (const group of all) {
    for (const { of, members } of rows) if (members.has(group)) all.add(of)
  }
  return [...all].map((of) => `${direct.includes(of) ? '' : 'indirect '}Group ${of}`)
}

/** Whoever shows a group is found by it, and nobody else. */
async function expectFoundThrough(store: Store, group: string, rows: readonly Row[]) {
  const by = { by: 'group', value: group } as const
  const { resources } = await store.find('users', entra, by, { offset: 0, count: 9 })
  const shown = rows.filter(
    ({ of }) => of.startsWith('u') && groupsOfUser(rows, of).join().includes(`Group ${group}`),
  )
  expect(resources.map(({ id }) => id).toSorted()).toEqual(shown.map(({ of }) => of).toSorted())
}
