import { afterAll, describe, expect, test } from 'vitest'
import { badgeRegistry } from '../support/badge-schema.ts'
import {
  bodyWith,
  type Definition,
  type Listed,
  listedAttributes,
  sample,
  singleSample,
  valueIn,
  wrongSample,
} from './listed-attribute.ts'
import {
  groupBody,
  type Json,
  patchBody,
  type Reply,
  scimFixture,
  userBody,
} from './scim-fixture.ts'

const registry = badgeRegistry()
const fixture = await scimFixture({
  registryOf: () => registry,
  rate: { perSecond: 1_000_000, burst: 1_000_000 },
})
const all = await listedAttributes(fixture)
afterAll(() => fixture[Symbol.asyncDispose]())

let seeds = 1000
/** Even, so that the next one gives another boolean. */
const newSeed = () => (seeds += 2)

// Who is a member is said by one id alone; all else about a membership follows from it.
const ofMembership = (each: Listed) =>
  each.endpoint === '/Groups' && /^members(\.|$)/.test(each.path)
const own = all.filter((each) => !ofMembership(each))
const written = own.filter(({ definition, parent }) =>
  [definition, parent].every((each) => each?.mutability !== 'readOnly'),
)
const kept = written.filter(({ definition }) => definition.mutability !== 'writeOnly')
const named = (list: readonly Listed[]) =>
  list.map((each) => [`${each.endpoint} ${each.path}`, each] as const)
const isNever = ({ definition, parent }: Listed) =>
  definition.returned === 'never' || parent?.returned === 'never'

function create(listed: Listed, value: unknown, seed: number): Promise<Reply> {
  return fixture.send('POST', listed.endpoint, bodyWith(listed, value, seed))
}

async function createdWith(listed: Listed, value: unknown, seed: number): Promise<Json> {
  const { status, body } = await create(listed, value, seed)
  expect([status, body.detail]).toEqual([201, undefined])
  return body
}

function patch(listed: Listed, id: unknown, value: unknown): Promise<Reply> {
  const operation = { op: 'replace', path: listed.path, value }
  return fixture.send('PATCH', `${listed.endpoint}/${id}`, patchBody(operation))
}

async function view({ endpoint }: Listed, id: unknown, query: string): Promise<Json> {
  return (await fixture.send('GET', `${endpoint}/${id}?${query}`)).body
}

async function search({ endpoint }: Listed, filter: string): Promise<Reply> {
  return await fixture.send('GET', `${endpoint}?filter=${encodeURIComponent(filter)}`)
}

function partsOf({ subAttributes = [] }: Definition): readonly Definition[] {
  return subAttributes
}

/** What a write shows of a value: a complex one without what is never returned. */
function shownOf({ subAttributes = [] }: Definition, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => shownOf({ subAttributes } as Definition, one))
  if (typeof value !== 'object' || value === null) return value
  const never = subAttributes.filter(({ returned }) => returned === 'never')
  return Object.fromEntries(
    Object.entries(value).filter(([name]) => !never.some((each) => each.name === name)),
  )
}

test('discovery lists core, extension and custom attributes of users and groups', () => {
  expect(new Set(all.map(({ urn }) => urn)).size).toBe(5)
  const traits = ['type', 'mutability', 'returned', 'uniqueness', 'required', 'caseExact'] as const
  const kinds = traits.map((trait) => new Set(all.map(({ definition }) => definition[trait])).size)
  // All there are, but `global`.
  expect(kinds).toEqual([8, 4, 4, 2, 2, 2])
})

describe('type and multiValued are what discovery says', () => {
  test.each(named(kept))('%s', async (_, listed) => {
    const { definition } = listed
    const seed = newSeed()
    const [one, two] = [singleSample(definition, seed), singleSample(definition, seed + 1)]
    const single = await create(listed, one, seed)
    expect(single.status).toBe(201)
    const value = shownOf(definition, definition.multiValued ? [one] : one)
    expect(valueIn(listed, single.body)).toEqual(isNever(listed) ? undefined : value)

    const several = await create(listed, [one, two], newSeed())
    expect(several.status).toBe(definition.multiValued ? 201 : 400)
    if (definition.multiValued && !isNever(listed)) {
      expect(valueIn(listed, several.body)).toEqual(shownOf(definition, [one, two]))
    }

    const bare = definition.subAttributes?.find(({ name }) => name === 'value')
    // The Validator sends `manager` as a bare text: that is its `value`.
    const wrong = wrongSample(bare ?? definition)
    const refused = await create(listed, wrong, newSeed())
    expect([refused.status, refused.body.scimType]).toEqual([400, 'invalidValue'])
  })
})

describe('required is what discovery says', () => {
  test.each(named(written))('%s', async (_, listed) => {
    const refused = await create(listed, undefined, newSeed())
    const { required } = listed.definition
    expect(refused.status).toBe(required ? 400 : 201)
    if (required) expect(refused.body.detail).toContain('is required')
  })
})

describe('mutability is what discovery says', () => {
  test.each(named(own))('%s', async (_, listed) => {
    const { definition, parent } = listed
    const seed = newSeed()
    const isReadOnly = [definition, parent].some((each) => each?.mutability === 'readOnly')
    // An element of a list is replaced, not changed: its parts are asked for in the one there is.
    const body = await createdWith(listed, sample(definition, seed), seed)
    const again = await patch(listed, body.id, sample(definition, seed))
    const other = await patch(listed, body.id, sample(definition, seed + 1))
    const outcomes = [again, other].map((reply) => reply.body?.scimType ?? reply.status)
    if (isReadOnly) {
      expect(outcomes).toEqual(['mutability', 'mutability'])
      expect(valueIn(listed, body)).toBeUndefined()
      return
    }
    // One complex value cannot change as a whole what cannot change in it.
    const immutable = [definition, ...(definition.multiValued ? [] : partsOf(definition))].some(
      ({ mutability }) => mutability === 'immutable',
    )
    expect(outcomes).toEqual([200, immutable ? 'mutability' : 200])
    if (immutable || isNever(listed)) return
    const wanted = shownOf(definition, sample(definition, seed + 1))
    expect(valueIn(listed, other.body)).toEqual(wanted)
  })
})

describe('returned is what discovery says', () => {
  test.each(named(kept))('%s', async (_, listed) => {
    const { definition, parent, path } = listed
    const seed = newSeed()
    const { id, ...first } = await createdWith(listed, sample(definition, seed), seed)
    const sibling = parent?.subAttributes?.find(({ name }) => name !== definition.name)?.name
    // Of a part, it is asked where something else of its value is.
    const others = parent === undefined ? 'externalId' : path.replace(/\w+$/, `${sibling}`)
    const shown = await Promise.all(
      ['', `attributes=${path}`, `attributes=${others}`, `excludedAttributes=${path}`].map(
        async (query) => valueIn(listed, await view(listed, id, query)) !== undefined,
      ),
    )
    const returned = isNever(listed) ? 'never' : definition.returned
    expect({ created: valueIn(listed, first) !== undefined, shown }).toEqual(
      {
        always: { created: true, shown: [true, true, true, true] },
        never: { created: false, shown: [false, false, false, false] },
        default: { created: true, shown: [true, true, false, false] },
        request: { created: true, shown: [false, true, false, false] },
      }[returned],
    )
  })

  test.each(named(kept.filter((each) => each.definition.returned === 'request')))(
    '%s is shown by the PATCH that writes it, and by no other',
    async (_, listed) => {
      const seed = newSeed()
      const { id } = await createdWith(listed, sample(listed.definition, seed), seed)
      const writes = await patch(listed, id, sample(listed.definition, seed + 1))
      const other = { op: 'add', path: 'externalId', value: 'x' }
      const elsewhere = await fixture.send('PATCH', `${listed.endpoint}/${id}`, patchBody(other))
      expect(valueIn(listed, writes.body)).toEqual(sample(listed.definition, seed + 1))
      expect(valueIn(listed, elsewhere.body)).toBeUndefined()
    },
  )
})

describe('a filter compares as discovery says: by type, and caseExact', () => {
  const simple = kept.filter(({ definition }) => definition.type !== 'complex')

  test.each(named(simple))('%s', async (_, listed) => {
    const { definition, path } = listed
    const seed = newSeed()
    const value = singleSample(definition, seed)
    const { id } = await createdWith(listed, value, seed)
    const found = async (operand: unknown) => {
      const reply = await search(listed, `id eq "${id}" and ${path} eq ${JSON.stringify(operand)}`)
      return reply.body.totalResults ?? reply.body.scimType
    }
    if (isNever(listed)) {
      expect(await found(value)).toBe('invalidFilter')
      return
    }
    expect(await found(value)).toBe(1)
    expect(await found(singleSample(definition, seed + 1))).toBe(0)
    if (typeof value !== 'string' || definition.type === 'dateTime') return
    expect(await found(value.toUpperCase())).toBe(definition.caseExact ? 0 : 1)
  })
})

describe('uniqueness is what discovery says', () => {
  test.each(named(written))('%s', async (_, listed) => {
    const value = sample(listed.definition, newSeed())
    await createdWith(listed, value, newSeed())
    const second = await create(listed, value, newSeed())
    const isUnique = listed.definition.uniqueness !== 'none'
    expect([second.status, second.body.scimType]).toEqual(
      isUnique ? [409, 'uniqueness'] : [201, undefined],
    )
  })
})

describe('a password is taken and not kept, as discovery says', () => {
  const writeOnly = written.filter(({ definition }) => definition.mutability === 'writeOnly')

  test.each(named(writeOnly))('%s', async (_, listed) => {
    expect(listed.definition.returned).toBe('never')
    const { id } = await createdWith(listed, 'secret', newSeed())
    const stored = await fixture.store.get('users', 'entra' as never, String(id), {
      references: false,
    })
    expect(JSON.stringify(stored)).not.toContain('secret')
    expect((await search(listed, `${listed.path} eq "secret"`)).body.scimType).toBe('invalidFilter')
  })
})

describe('memberships are what discovery says', () => {
  const member = async () => (await fixture.send('POST', '/Users', userBody(`m${newSeed()}`))).body

  test('every part of a member has its type, and none of them can be changed', async () => {
    const ann = await member()
    const group = await fixture.send('POST', '/Groups', groupBody(`g${newSeed()}`, [ann.id]))
    const { id, members } = group.body
    const parts = all.filter(ofMembership).filter(({ parent }) => parent !== undefined)
    for (const { definition, path } of parts) {
      const operation = { op: 'replace', path, value: 'x' }
      const { body } = await fixture.send('PATCH', `/Groups/${id}`, patchBody(operation))
      expect([path, definition.mutability === 'readWrite', body.scimType]).toEqual([
        path,
        false,
        'mutability',
      ])
      const value = members[0][definition.name]
      expect([path, value === undefined ? 'none' : typeof value]).toEqual([
        path,
        definition.name === 'display' ? 'none' : 'string',
      ])
    }
    expect(parts.map(({ definition }) => definition.name)).toEqual([
      'value',
      '$ref',
      'type',
      'display',
    ])
  })

  test('the groups of a user say what they are, and are read alone', async () => {
    const ann = await member()
    await fixture.send('POST', '/Groups', groupBody(`g${newSeed()}`, [ann.id]))
    const { body } = await fixture.send('GET', `/Users/${ann.id}`)
    const listed = all.filter(({ path }) => /^groups\./.test(path))
    expect(listed.map(({ definition }) => definition.name).toSorted()).toEqual(
      Object.keys(body.groups[0]).toSorted(),
    )
  })
})
