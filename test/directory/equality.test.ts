import { describe, expect, test } from 'vitest'
import {
  conjunctionOfEquals,
  describedElement,
  indexedEqualities,
} from '../../src/directory/equality.ts'
import { parseFilter } from '../../src/directory/filter.ts'
import { pathText } from '../../src/directory/filter-text.ts'
import { createSchemaRegistry, findAttribute } from '../../src/directory/schema-registry.ts'

const registry = createSchemaRegistry()

function tree(text: string) {
  const parsed = parseFilter(text)
  if (parsed.kind === 'fault') throw new Error(parsed.message)
  return parsed.filter
}

describe('a conjunction of equalities', () => {
  const of = (text: string) =>
    conjunctionOfEquals(tree(text))?.map(({ path, value }) => [pathText(path), value])

  test.each([
    ['userName eq "x"', [['userName', 'x']]],
    [
      'id eq "x" and members eq "y"',
      [
        ['id', 'x'],
        ['members', 'y'],
      ],
    ],
    [
      'a eq 1 and (b eq true and c eq "d")',
      [
        ['a', 1],
        ['b', true],
        ['c', 'd'],
      ],
    ],
  ])('is %s', (text, expected) => {
    expect(of(text)).toEqual(expected)
  })

  test.each([
    'a ne "x"',
    'a pr',
    'a eq null',
    'a eq "x" or b eq "y"',
    'a eq "x" and b co "y"',
    'not (a eq "x")',
    'a[b eq "x"]',
  ])('is not %s', (text) => {
    expect(of(text)).toBeUndefined()
  })
})

describe('the element that a value path describes', () => {
  const described = (text: string, name = 'emails') =>
    describedElement(tree(text), findAttribute(registry.coreAttributes('users'), name)!)

  test('has the canonical names and the values that the filter asks for', () => {
    const element = described('TYPE eq "work" and Primary eq true')
    expect({ ...element }).toEqual({ type: 'work', primary: true })
    expect(Object.getPrototypeOf(element)).toBeNull()
  })

  test('has a boolean where Entra writes the string "True"', () => {
    expect({ ...described('primary eq "True"', 'roles') }).toEqual({ primary: true })
  })

  test.each([
    'type co "wo"',
    'type eq "work" or type eq "home"',
    'type eq "work" and type eq "home"',
    'kind eq "work"',
    'primary eq "perhaps"',
  ])('does not exist for %s', (text) => {
    expect(described(text)).toBeUndefined()
  })
})

describe('a search can start from', () => {
  const start = (text: string, of: 'users' | 'groups' = 'users') =>
    indexedEqualities(tree(text), registry, of).map(({ attribute, value }) => [attribute, value])

  test.each([
    ['UserName eq "Ann@X"', [['userName', 'ann@x']]],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName eq "A"', [['userName', 'a']]],
    ['externalId eq "Ann"', [['externalId', 'Ann']]],
    ['id eq "X"', [['id', 'X']]],
    ['emails eq "A@x"', [['emails.value', 'a@x']]],
    ['emails.value eq "A@x"', [['emails.value', 'a@x']]],
    ['emails[type eq "work"].value eq "A@x"', [['emails.value', 'a@x']]],
    ['emails[type eq "work" and Value eq "A@x"]', [['emails.value', 'a@x']]],
    ['groups eq "g-1"', [['groups.value', 'g-1']]],
    ['userName eq "a" and title co "x"', [['userName', 'a']]],
    ['active eq true and (title pr and id eq "1")', [['id', '1']]],
  ])('%s', (text, expected) => {
    expect(start(text)).toEqual(expected)
  })

  test('a group and a member of it', () => {
    expect(start('id eq "g" and members eq "u"', 'groups')).toEqual([
      ['id', 'g'],
      ['members.value', 'u'],
    ])
    expect(start('displayName eq "Sales"', 'groups')).toEqual([['displayName', 'sales']])
  })

  test.each([
    'userName eq "a" or userName eq "b"',
    'not (userName eq "a")',
    'userName sw "a"',
    'userName eq null',
    'userName eq true',
    'displayName eq "Ann"',
    'emails.type eq "work"',
    'emails[value eq "a" or type eq "b"]',
    'manager eq "m-1"',
    'nobody eq "x"',
  ])('nothing in %s', (text) => {
    expect(start(text)).toEqual([])
  })
})
