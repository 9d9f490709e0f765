import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Document } from '../../src/directory/directory.ts'
import { parseFilter } from '../../src/directory/filter.ts'
import { compileFilter } from '../../src/directory/filter-evaluate.ts'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { F } from '../../src/directory/three-values.ts'
import { readNewGroup } from '../../src/scim/group-resource.ts'
import { Notes } from '../../src/scim/json-object.ts'
import { valuesMax } from '../../src/scim/limits.ts'
import { projectionOf } from '../../src/scim/projection.ts'
import { ScimError } from '../../src/scim/scim-error.ts'
import { readNewUser } from '../../src/scim/user-resource.ts'
import { patched } from '../scim/patch-fixture.ts'
import { expectCpuBelow } from '../support/cpu-cost.ts'
import { hostileFilter, hostileJson, hostilePath, mutated } from '../support/hostile-text.ts'
import {
  enterpriseUrn,
  groupBody,
  groupUrn,
  type Json,
  patchUrn,
  type ScimFixture,
  scimFixture,
  userBody,
  userUrn,
} from './scim-fixture.ts'

const registry = createSchemaRegistry()
let fixture: ScimFixture
let [userId, groupId] = ['', '']
beforeAll(async () => {
  fixture = await scimFixture({ rate: { perSecond: 1e9, burst: 1e9 } })
  userId = (await fixture.send('POST', '/Users', userBody('ann@acme.example', ordinary))).body.id
  groupId = (await fixture.send('POST', '/Groups', groupBody('Staff', [userId]))).body.id
})
afterAll(() => fixture[Symbol.asyncDispose]())

const ordinary: Json = {
  active: true,
  title: 'Boss',
  name: { givenName: 'Ann', familyName: 'Smith' },
  emails: [
    { value: 'ann@work.example', type: 'work', primary: true },
    { value: 'ann@home.example', type: 'home' },
  ],
  [enterpriseUrn]: { department: 'IT', manager: { value: 'm' } },
}
/** As much as one user can have. */
const full: Json = {
  userName: 'full@acme.example',
  ...ordinary,
  emails: Array.from({ length: valuesMax }, (_, at) => ({ value: `${at}@x.example`, type: 't' })),
}

/** As dear to compare as one user can be: marks that have to be put in order. */
const marked: Json = {
  userName: 'marked@acme.example',
  emails: Array.from({ length: 250 }, (_, at) => ({
    value: `${at}${'a\u0301\u0323'.repeat(330)}`,
  })),
}

/** Runs the work of a room; a ScimError is an answer too. */
function expectCheap(what: string, work: () => unknown): void {
  const answered = () => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof ScimError)) throw error
    }
  }
  expectCpuBelow(50, answered, what)
}

const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype]
const pristine = JSON.stringify(prototypes.map((each) => Reflect.ownKeys(each).map(String)))
function expectPristine(): void {
  expect(JSON.stringify(prototypes.map((each) => Reflect.ownKeys(each).map(String)))).toBe(pristine)
}

/** The server answers, in SCIM's form, and it is not its own fault. */
async function expectAnswered(method: string, path: string, body?: string): Promise<number> {
  // A connection that was idle while this thread worked may just be ending.
  const reply = await fixture.send(method, path, body).catch(() => fixture.send(method, path, body))
  expect([reply.status < 500, method, path.slice(0, 300), body?.slice(0, 300)]).toEqual([
    true,
    method,
    path.slice(0, 300),
    body?.slice(0, 300),
  ])
  if (reply.status >= 400) expect(reply.body).toMatchObject({ status: String(reply.status) })
  expectPristine()
  return reply.status
}

describe('no filter', () => {
  test('takes long, whatever it is and whomever it is asked of', () => {
    const resources = [ordinary, full, marked] as unknown as readonly Document[]
    fc.assert(
      fc.property(hostileFilter, fc.constantFrom('users', 'groups'), (text, of) => {
        expectCheap(text, () => {
          const parsed = parseFilter(text)
          if (parsed.kind === 'fault') return
          const compiled = compileFilter(parsed.filter, registry, of, F)
          if (compiled.kind === 'fault') return
          for (const resource of resources) compiled.matches(resource)
        })
        expectPristine()
      }),
      { numRuns: 3_000 },
    )
  })

  test('breaks the server, in a URL or in the body of a search', async () => {
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:SearchRequest']
    await fc.assert(
      fc.asyncProperty(
        hostileFilter,
        fc.constantFrom('/Users', '/Groups'),
        async (filter, path) => {
          await expectAnswered('GET', `${path}?filter=${encodeURIComponent(filter.toWellFormed())}`)
          await expectAnswered('POST', `${path}/.search`, JSON.stringify({ schemas, filter }))
        },
      ),
      { numRuns: 700 },
    )
    expect(fixture.errors).toEqual([])
  })
})

describe('no path', () => {
  const value = fc.constantFrom('x', null, '', true, [], {}, [{ value: 'a' }], {
    value: 'a',
    type: 'work',
  })
  const operation = fc.record({
    op: fc.constantFrom('add', 'replace', 'remove'),
    path: hostilePath,
    value,
  })

  test('takes long, whatever it is and whatever it is written to', () => {
    const operations = fc.array(operation, { minLength: 1, maxLength: 3 })
    const documents = fc.constantFrom(
      ['users', ordinary],
      ['users', full],
      ['users', marked],
      ['groups', { displayName: 'Staff' }],
    )
    fc.assert(
      fc.property(operations, documents, (sent, [of, document]) => {
        expectCheap(sent[0]!.path, () => patched(of as 'users', document as object, sent, []))
        expectPristine()
      }),
      { numRuns: 3_000 },
    )
  })

  test('takes long as the name of what to show', () => {
    const names = fc.array(hostilePath, { maxLength: 300 })
    fc.assert(
      fc.property(names, fc.constantFrom('attributes', 'excludedAttributes'), (sent, parameter) => {
        expectCheap(sent.join(), () =>
          projectionOf({ [parameter]: sent.join() }, registry, 'users').apply(full as Document),
        )
        expectPristine()
      }),
      { numRuns: 500 },
    )
  })

  test('breaks the server, as a path, as a key or as the name of what to show', async () => {
    await fc.assert(
      fc.asyncProperty(operation, async ({ op, path, value }) => {
        const patch = (...Operations: readonly unknown[]) =>
          JSON.stringify({ schemas: [patchUrn], Operations })
        for (const url of [`/Users/${userId}`, `/Groups/${groupId}`]) {
          await expectAnswered('PATCH', url, patch({ op, path, value }))
          await expectAnswered('PATCH', url, patch({ op: 'add', value: { [path]: value } }))
          const shown = encodeURIComponent(path.toWellFormed())
          await expectAnswered('GET', `${url}?attributes=${shown}&sortBy=${shown}`)
          await expectAnswered('GET', `${url}?excludedAttributes=${shown}`)
        }
      }),
      { numRuns: 300 },
    )
    expect(fixture.errors).toEqual([])
  })
})

const realBodies = [
  { schemas: [userUrn, enterpriseUrn], userName: 'bob@acme.example', ...ordinary },
  {
    schemas: [groupUrn],
    displayName: 'Crew',
    members: [{ value: 'a', $ref: null }, { value: 'b' }],
  },
  {
    schemas: [patchUrn],
    Operations: [
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'n@x' },
      {
        op: 'Add',
        path: 'roles',
        value: [{ value: '{"id":"1","value":"Admin","displayName":"A"}' }],
      },
      { op: 'add', value: { 'name.givenName': 'Ann', [enterpriseUrn]: { manager: 'm' } } },
      { op: 'Remove', path: 'members', value: [{ value: 'a' }] },
    ],
  },
].map((body) => JSON.stringify(body))
/** Soups, real requests with something wrong in them, and soups where a real request has a value. */
const body = fc.oneof(
  hostileJson,
  mutated(fc.constantFrom(...realBodies)),
  fc.tuple(fc.constantFrom(...realBodies), fc.nat(), hostileJson).map(([real, at, soup]) => {
    const colons = [...real.matchAll(/"[^"]*":/g)].map(({ index, 0: name }) => index + name.length)
    const from = colons[at % colons.length]!
    return `${real.slice(0, from)}${soup},"x":${real.slice(from)}`
  }),
)

describe('no body', () => {
  test('takes long to be read as a resource or as a PATCH', () => {
    fc.assert(
      fc.property(body, (text) => {
        const parsed = parsedOrNothing(text)
        if (parsed === undefined) return
        const resource = { schemas: [userUrn, groupUrn, patchUrn], ...parsed }
        expectCheap(text, () => readNewUser(resource, registry, new Notes()))
        expectCheap(text, () => readNewGroup(resource, registry, new Notes()))
        expectCheap(text, () => patched('users', full, [{ op: 'add', value: parsed }]))
        expectPristine()
      }),
      { numRuns: 2_000 },
    )
  })

  test('breaks the server, wherever it is sent', async () => {
    const statuses = new Set<number>()
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        for (const [method, path] of [
          ['POST', '/Users'],
          ['PUT', `/Users/${userId}`],
          ['PATCH', `/Users/${userId}`],
          ['POST', '/Groups'],
          ['PUT', `/Groups/${groupId}`],
          ['PATCH', `/Groups/${groupId}`],
          ['POST', '/Users/.search'],
        ] as const) {
          statuses.add(await expectAnswered(method, path, text))
        }
      }),
      { numRuns: 400 },
    )
    expect(fixture.errors).toEqual([])
    expect((await fixture.send('GET', `/Users/${userId}`)).status).toBe(200)
    // Both sides are met: a test in which everything is refused would show little.
    expect([...statuses]).toEqual(expect.arrayContaining([200, 400]))
  })
})

describe('within the largest body of a user,', () => {
  const names = (count: number, value: unknown = 1) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`n${at}`, value]))
  const times = <Value>(count: number, make: (at: number) => Value) =>
    Array.from({ length: count }, (_, at) => make(at))
  const schemas = [userUrn]
  const read = (more: Json) =>
    readNewUser({ schemas, userName: 'x', ...more }, registry, new Notes())
  const deep = `{"id":${'['.repeat(1_000)}${']'.repeat(1_000)},"value":"x"}`

  test.each<[string, () => unknown]>([
    ['174,000 unknown names', () => read({ emails: times(348, () => names(500)) })],
    ['roles as JSON that is deep', () => read({ roles: times(120, () => ({ value: deep })) })],
    [
      'a thousand operations with 150,000 names',
      () =>
        patched(
          'users',
          ordinary,
          times(1_000, () => ({ op: 'add', path: 'name', value: names(150) })),
        ),
    ],
    [
      'as many additions to a full list as are allowed',
      () =>
        patched(
          'users',
          full,
          times(74, (at) => ({ op: 'add', path: 'emails', value: `${at}@x.example` })),
        ),
    ],
    [
      'a thousand elements that are created one by one',
      () =>
        patched(
          'users',
          ordinary,
          times(1_000, (at) => ({ op: 'add', path: `emails[type eq "${at}"].value`, value: 'x' })),
        ),
    ],
  ])('%s take no longer than others', (what, work) => {
    expectCheap(what, work)
  })
})

/** As the server reads it, but without its refusal of `__proto__`. */
function parsedOrNothing(text: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined
  } catch {
    // Not JSON: the server's own parser is asked over HTTP.
    return undefined
  }
}
