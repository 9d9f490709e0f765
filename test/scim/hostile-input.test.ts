import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { readNewGroup } from '../../src/scim/group-resource.ts'
import { Notes } from '../../src/scim/json-object.ts'
import { ScimError } from '../../src/scim/scim-error.ts'
import { readNewUser } from '../../src/scim/user-resource.ts'
import { patched, refusalOf } from './patch-fixture.ts'

const ann = { userName: 'ann@acme.example', active: true, emails: [{ value: 'a@x', type: 'work' }] }
const registry = createSchemaRegistry()

const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype]
const namesOf = () => prototypes.map((each) => Object.getOwnPropertyNames(each).join())
let before: string[]
beforeEach(() => {
  before = namesOf()
})
afterEach(() => {
  expect(namesOf()).toEqual(before)
})

const hostileNames = [
  '__proto__',
  '__proto__.x',
  '__proto__.toString',
  'constructor',
  'constructor.prototype',
  'constructor.prototype.x',
  'toString',
  'hasOwnProperty',
  'name.__proto__',
  'name.constructor',
  'emails.__proto__',
  'emails[__proto__ eq "x"]',
  'emails[type eq "work"].__proto__',
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:__proto__',
  'urn:__proto__:x',
]

describe.each(hostileNames)('the name %s', (name) => {
  test('as a path is refused or passed over', () => {
    const operations = [{ op: 'add', path: name, value: { x: 'y', polluted: true } }]
    expect(refusalOf(() => patched('users', ann, operations))).toMatch(
      /^(accepted|400 (invalidPath|invalidFilter))$/,
    )
  })

  test('as a key is passed over, in a PATCH and in a resource', () => {
    const value = JSON.parse(`{${JSON.stringify(name)}: {"polluted": "yes"}, "title": "x"}`)
    const { document } = patched('users', ann, [{ op: 'replace', value }])
    expect(Object.keys(document)).toEqual([...Object.keys(ann), 'title'])
    const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User']
    const user = readNewUser({ ...value, schemas, userName: 'x' }, registry, new Notes())
    expect(Object.keys(user).toSorted()).toEqual(['active', 'title', 'userName'])
    expect(Object.getPrototypeOf(user)).toBeNull()
  })
})

/** Values and names that a hostile or careless client sends, ours among them. */
const names = fc.oneof(
  fc.constantFrom('userName', 'name', 'emails', 'active', 'value', 'type', 'primary', 'members'),
  fc.constantFrom(...hostileNames),
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const anything = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue(),
    fc.constantFrom(null, '', 'True', 'False', true, false, [], {}, '\ud800'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map((entries) => {
      const object: Record<string, unknown> = {}
      for (const [name, value] of entries) {
        Object.defineProperty(object, name, { value, enumerable: true, configurable: true })
      }
      return object
    }),
  ),
})).value
const path = fc.oneof(
  names,
  fc.tuple(names, names).map(([a, b]) => `${a}.${b}`),
  fc.tuple(names, names, names).map(([a, b, c]) => `${a}[${b} eq "work"].${c}`),
)
const operation = fc.record(
  {
    op: fc.constantFrom('add', 'replace', 'remove', 'Add', 'move', null),
    path: fc.oneof(path, anything),
    value: anything,
  },
  { requiredKeys: ['op'] },
)

describe('anything at all', () => {
  test.each(['users', 'groups'] as const)('as a PATCH of %s is done or a ScimError', (of) => {
    const start = of === 'users' ? ann : { displayName: 'Staff' }
    const operations = fc.array(operation, { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(operations, (sent) => {
        expect(() => refusalOf(() => patched(of, start, sent))).not.toThrow()
      }),
      { numRuns: 2_000 },
    )
  })

  test('applied twice is as applied once, where no value is moved by it', () => {
    const set = fc.record({ op: fc.constantFrom('add', 'replace'), path, value: anything })
    fc.assert(
      fc.property(set, (sent) => {
        if (refusalOf(() => patched('users', ann, [sent])) !== 'accepted') return
        const once = patched('users', ann, [sent]).document
        expect(patched('users', once, [sent]).document).toEqual(once)
      }),
      { numRuns: 1_000 },
    )
  })

  test('as a resource is read or a ScimError, without a prototype', () => {
    fc.assert(
      fc.property(anything, (sent) => {
        for (const read of [readNewUser, readNewGroup]) {
          try {
            const result = read(sent, registry, new Notes())
            const document = 'document' in result ? (result.document as object) : result
            expect(Object.getPrototypeOf(document)).toBeNull()
          } catch (error) {
            expect(error).toBeInstanceOf(ScimError)
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
