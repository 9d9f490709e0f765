import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  bulkBody,
  enterpriseUrn,
  groupBody,
  type Json,
  patchBody,
  type ScimFixture,
  scimFixture,
  userBody,
} from './scim-fixture.ts'

/**
 * A bulk beside the same operations as single requests, each sent when what it refers to has been
 * answered. Two servers start each run with the same two users and two groups.
 */
test('a bulk leaves, and answers, what its operations would by themselves', async () => {
  await using bulk = await scimFixture()
  await using single = await scimFixture()
  let run = 0
  await fc.assert(
    fc.asyncProperty(operations, async (drawn) => {
      run += 1
      const one = await World.seeded(bulk, `run-${run}`)
      const other = await World.seeded(single, `run-${run}`)
      const statuses = await inOneRequest(one, drawn)
      expect(statuses).toEqual(await oneByOne(other, drawn))
      expect(await one.state()).toEqual(await other.state())
    }),
    { numRuns: 25 },
  )
})

/** Ids and bulkIds by name: `seed-0` … are there from the start, `new-0` … are made by a POST. */
interface Drawn {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly of: 'Users' | 'Groups'
  /** What it makes, or what it changes. */
  readonly target: string
  /** Whom it names as a member or manager. */
  readonly refers: readonly string[]
  readonly label: number
  readonly isConditional: boolean
  readonly isBroken: boolean
}

const newMax = 4
const seeds = ['seed-0', 'seed-1', 'seed-2', 'seed-3']
/** Users by even, groups by odd numbers. */
const endpointOf = (name: string) => (Number(name.at(-1)) % 2 === 0 ? 'Users' : 'Groups')
const labels = fc.integer({ min: 0, max: 5 })
const rarely = fc.integer({ min: 0, max: 7 }).map((number) => number === 0)

/** A POST refers only to what has a smaller number, so there is no circle, in any order. */
const posts = fc.integer({ min: 0, max: newMax }).chain((count) =>
  fc.tuple(
    ...Array.from({ length: count }, (_, number) => {
      const earlier = Array.from({ length: number }, (__, index) => `new-${index}`)
      return draw({ method: fc.constant('POST'), target: `new-${number}`, others: earlier })
    }),
  ),
)
const operations = posts
  .chain((made) => {
    const names = made.map(({ target }) => target)
    const changes = fc.array(
      fc
        .constantFrom(...seeds, ...names)
        .chain((target) =>
          draw({ method: fc.constantFrom('PUT', 'PATCH', 'DELETE'), target, others: names }),
        ),
      { maxLength: 8 },
    )
    return changes.map((changed) => [...made, ...changed])
  })
  .filter((all) => all.length > 0)
  .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }))

function draw(parts: {
  readonly method: fc.Arbitrary<Drawn['method']>
  readonly target: string
  readonly others: readonly string[]
}): fc.Arbitrary<Drawn> {
  const { method, target, others } = parts
  return fc.record({
    method,
    of: fc.constant(endpointOf(target)),
    target: fc.constant(target),
    refers: fc.uniqueArray(fc.constantFrom('seed-0', 'seed-1', ...others), { maxLength: 2 }),
    label: labels,
    isConditional: rarely,
    isBroken: rarely,
  })
}

/** One of the two servers in one run, with its ids. */
class World {
  readonly fixture: ScimFixture
  /** Begins every name that is unique, so that the runs keep out of each other's way. */
  readonly run: string
  readonly ids = new Map<string, string>()
  readonly versions = new Map<string, string>()

  private constructor(fixture: ScimFixture, run: string) {
    this.fixture = fixture
    this.run = run
  }

  static async seeded(fixture: ScimFixture, run: string): Promise<World> {
    const world = new World(fixture, run)
    for (const name of seeds) {
      const of = endpointOf(name)
      const sent = of === 'Users' ? userBody(`${run}-${name}`) : groupBody(`${run}-${name}`)
      const { body } = await fixture.send('POST', `/${of}`, sent)
      world.ids.set(name, body.id)
      world.versions.set(name, body.meta.version)
    }
    return world
  }

  /** What has become of everything, with names for ids. */
  async state(): Promise<Json> {
    const names = new Map([...this.ids].map(([name, id]) => [id, name]))
    const named = ({ value }: Json) => names.get(String(value))
    const state: Json = {}
    for (const [name, id] of this.ids) {
      const { status, body } = await this.fixture.send('GET', `/${endpointOf(name)}/${id}`)
      const { userName, displayName, title, externalId, members, [enterpriseUrn]: more } = body
      const manager = more && named(more.manager)
      const facts = { status, userName, displayName, title, externalId, manager }
      state[name] = { ...facts, members: members?.map(named).sort() }
    }
    return state
  }
}

/** The body of an operation; `idOf` gives an id or a reference for a name. */
function bodyOf(drawn: Drawn, run: string, idOf: (name: string) => string): Json | undefined {
  const { method, of, refers, label, isBroken } = drawn
  const references = refers.map(idOf)
  if (method === 'DELETE') return undefined
  if (isBroken) return patchBody()
  if (method === 'PATCH') return patchBody(...patchesOf(of, label, references))
  if (of === 'Groups') return groupBody(`${run}-label-${label}`, references)
  const [manager] = references
  const extension =
    manager === undefined ? {} : { [enterpriseUrn]: { manager: { value: manager } } }
  return userBody(`${run}-label-${label}`, extension)
}

function patchesOf(of: Drawn['of'], label: number, [first, second]: readonly string[]): Json[] {
  const rename = { op: 'replace', path: of === 'Users' ? 'title' : 'externalId', value: `${label}` }
  if (first === undefined) return [rename]
  if (of === 'Users') return [rename, { op: 'add', path: `${enterpriseUrn}:manager`, value: first }]
  const add = { op: 'add', path: 'members', value: [{ value: first }] }
  const remove = { op: 'remove', path: `members[value eq ${JSON.stringify(second)}]` }
  return second === undefined ? [add] : [add, remove]
}

function versionOf(
  { method, target, isConditional }: Drawn,
  { versions }: World,
): string | undefined {
  const version = versions.get(target)
  return method === 'POST' || version === undefined || !isConditional ? undefined : version
}

async function inOneRequest(world: World, all: readonly Drawn[]): Promise<readonly string[]> {
  const idOf = (name: string) => world.ids.get(name) ?? `bulkId:${name}`
  const sent = all.map((drawn) => ({
    method: drawn.method,
    path: drawn.method === 'POST' ? `/${drawn.of}` : `/${drawn.of}/${idOf(drawn.target)}`,
    version: versionOf(drawn, world),
    data: bodyOf(drawn, world.run, idOf),
    ...(drawn.method === 'POST' && { bulkId: drawn.target }),
  }))
  const { body } = await world.fixture.send('POST', '/Bulk', bulkBody(sent))
  for (const { method, bulkId, location } of body.Operations) {
    if (method === 'POST' && location) world.ids.set(bulkId, location.split('/').at(-1))
  }
  return body.Operations.map(({ status }: { status: string }) => status)
}

/** Always the first whose references are settled, and which is the first left at its resource. */
async function oneByOne(world: World, all: readonly Drawn[]): Promise<readonly string[]> {
  const statuses = new Map<Drawn, string>()
  const failed = new Set<string>()
  const made = (name: string) => world.ids.has(name) || failed.has(name)
  while (statuses.size < all.length) {
    const left = all.filter((drawn) => !statuses.has(drawn))
    const next = left.find(
      (drawn, index) =>
        needsOf(drawn).every(made) &&
        (drawn.method === 'POST' ||
          !left.slice(0, index).some((d) => d.method !== 'POST' && d.target === drawn.target)),
    )
    if (next === undefined) throw new Error('no operation is ready')
    const status = needsOf(next).some((name) => failed.has(name))
      ? '409'
      : await sendSingly(world, next)
    statuses.set(next, status)
    if (next.method === 'POST' && !status.startsWith('2')) failed.add(next.target)
  }
  return all.map((drawn) => statuses.get(drawn)!)
}

/** Whom it refers to; a broken body refers to nobody, and so does a second manager. */
function needsOf(drawn: Drawn): readonly string[] {
  const { method, target } = drawn
  const needed = method === 'POST' ? [] : [target]
  const sent = JSON.stringify(bodyOf(drawn, '', (name) => `<${name}>`) ?? {})
  return [...needed, ...drawn.refers.filter((name) => sent.includes(`<${name}>`))]
}

async function sendSingly(world: World, drawn: Drawn): Promise<string> {
  const { method, of, target } = drawn
  const idOf = (name: string) => world.ids.get(name)!
  const path = method === 'POST' ? `/${of}` : `/${of}/${idOf(target)}`
  const headers = { 'if-match': versionOf(drawn, world) }
  const { status, body } = await world.fixture.send(
    method,
    path,
    bodyOf(drawn, world.run, idOf),
    headers,
  )
  if (method === 'POST' && status === 201) world.ids.set(target, body.id)
  return String(status)
}
