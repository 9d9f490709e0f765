import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { text } from '../../src/directory/attribute-builders.ts'
import { type AttributePath, parseAttributePath } from '../../src/directory/attribute-path.ts'
import { enterpriseUserUrn as enterprise } from '../../src/directory/core-schemas.ts'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'

const badgeUrn = 'urn:acme:scim:badge:1.0'
const core = 'urn:ietf:params:scim:schemas:core:2.0:User'
const registry = createSchemaRegistry([
  {
    urn: badgeUrn,
    alias: 'badge',
    name: 'Badge',
    description: 'A badge',
    attributes: [text('doors', 'Which doors it opens.', { multiValued: true })],
  },
])

const parse = (path: string, aliases = false) =>
  parseAttributePath(path, registry, 'users', { aliases })
function found(path: string, aliases = false): AttributePath {
  const parsed = parse(path, aliases)
  if (parsed.kind === 'fault') throw new Error(`${path}: ${parsed.reason}, ${parsed.message}`)
  return parsed
}

describe('a path is found, and has one text', () => {
  test.each([
    ['userName', 'userName'],
    ['USERNAME', 'userName'],
    ['name.givenName', 'name.givenName'],
    ['Name.GIVENNAME', 'name.givenName'],
    ['externalId', 'externalId'],
    ['meta.lastModified', 'meta.lastModified'],
    ['emails[type eq "work"]', 'emails[type eq "work"]'],
    ['Emails[Type EQ "work"].Value', 'emails[type eq "work"].value'],
    ['addresses[type eq "other"].Formatted', 'addresses[type eq "other"].formatted'],
    ['roles[primary eq "True"].display', 'roles[primary eq "True"].display'],
    ['emails[ type eq "work" ].value', 'emails[type eq "work"].value'],
    [
      'emails[not (type eq "a" or primary eq true) and value pr].value',
      'emails[not (type eq "a" or primary eq true) and value pr].value',
    ],
    ['emails[value eq "a].b"].type', 'emails[value eq "a].b"].type'],
    [`${core}:userName`, 'userName'],
    [`${core}:name.familyName`, 'name.familyName'],
    [`${core}:emails[type eq "work"].value`, 'emails[type eq "work"].value'],
    [`${enterprise}:department`, `${enterprise}:department`],
    [`${enterprise.toUpperCase()}:MANAGER.VALUE`, `${enterprise}:manager.value`],
    [enterprise, enterprise],
    [enterprise.toLowerCase(), enterprise],
    [badgeUrn, badgeUrn],
    [`${badgeUrn}:doors[value eq "North"]`, `${badgeUrn}:doors[value eq "North"]`],
  ])('%s', (path, canonical) => {
    expect(found(path).text).toBe(canonical)
    expect(found(canonical)).toEqual({ ...found(path), filter: found(canonical).filter })
  })

  test('with what each part names', () => {
    const path = found(`${core}:emails[type eq "work"].VALUE`)
    expect(path.schema).toBeUndefined()
    expect(path.attribute?.name).toBe('emails')
    expect(path.filter).toMatchObject({ op: 'eq', value: 'work' })
    expect(path.subAttribute?.name).toBe('value')
  })

  test('which for an extension alone names no attribute', () => {
    expect(found(enterprise)).toEqual({
      kind: 'path',
      schema: enterprise,
      attribute: undefined,
      text: enterprise,
    })
  })

  test('among the members of a group', () => {
    const path = parseAttributePath('members[value eq "u-1"]', registry, 'groups')
    expect(path).toMatchObject({ kind: 'path', text: 'members[value eq "u-1"]' })
  })
})

describe('an alias stands for the URN', () => {
  test.each([
    ['enterprise.department', `${enterprise}:department`],
    ['Enterprise.Manager.Value', `${enterprise}:manager.value`],
    ['enterprise', enterprise],
    ['badge.doors[value eq "North"]', `${badgeUrn}:doors[value eq "North"]`],
    ['name.familyName', 'name.familyName'],
    [`${enterprise}:department`, `${enterprise}:department`],
  ])('%s', (path, canonical) => {
    expect(found(path, true).text).toBe(canonical)
  })

  test('where aliases are allowed, and nowhere else', () => {
    expect(parse('enterprise.department')).toMatchObject({ reason: 'unknown' })
  })

  test('and a fault behind it is placed in the text as it was written', () => {
    expect(parse('badge.doors[value eq]', true)).toMatchObject({ reason: 'filter', at: 20 })
  })
})

describe('a malformed path is refused as one', () => {
  test.each([
    '',
    ' ',
    ' userName',
    'userName ',
    'a b',
    '.userName',
    'userName.',
    'name..givenName',
    'name.givenName.first',
    ':userName',
    `${core}:`,
    'emails]',
    'emails[type eq "work"]value',
    'emails[type eq "work"].',
    'emails[type eq "work"]..value',
    'emails[type eq "work"] .value',
    'emails[type eq "work"].value.x',
    'emails[type eq "work"][value pr]',
    'emails[type eq "work"].value eq "x"',
    'emails.type[value pr]',
    '[type eq "work"]',
    '"userName"',
    'userName eq "x"',
    '__proto__',
    'na\u0000me',
  ])('%j', (path) => {
    expect(parse(path)).toMatchObject({ kind: 'fault', reason: 'syntax' })
  })
})

describe('a path with a bad filter is refused for it', () => {
  test.each([
    'emails[',
    'emails[]',
    'emails[type eq "work"',
    'emails[type eq "work].value',
    'emails[type]',
    'emails[type eq]',
    'emails[type eq work]',
    'emails[type like "work"]',
    'emails[kind eq "work"]',
    'emails[primary gt true]',
    'emails[emails.type eq "work"]',
    'emails[phones[type eq "work"]]',
    'name[givenName eq "Ann"]',
    'userName[value eq "Ann"]',
  ])('%s', (path) => {
    expect(parse(path)).toMatchObject({ kind: 'fault', reason: 'filter' })
  })
})

describe('a well-formed path to nothing is unknown', () => {
  test.each([
    ['usrName', 'did you mean `userName`'],
    ['emial', 'did you mean `emails`'],
    ['name.givenNmae', 'did you mean `name.givenName`'],
    ['emails[type eq "work"].vlaue', 'did you mean `emails.value`'],
    ['department', `did you mean \`${enterprise}:department\``],
    [`${enterprise}:departmnet`, 'did you mean `department`'],
    ['zzz', 'no attribute `zzz`'],
    ['userName.x', 'has no sub-attributes'],
    ['urn:acme:unknown:2.0:User:x', 'no schema `urn:acme:unknown:2.0:User`'],
    [core, 'name one of its attributes'],
    ['urn:ietf:params:scim:schemas:core:2.0:Group', 'no schema of users'],
    ['urn:ietf:params:scim:schemas:core:2.0:Group:members', 'no schema'],
    ['members', 'no attribute `members`'],
    ['constructor', 'no attribute `constructor`'],
    ['name.constructor', 'no attribute `name.constructor`'],
    ['toString.call', 'no attribute `toString`'],
    [`${enterprise}[manager pr]`, 'takes nothing behind it'],
  ])('%s', (path, message) => {
    const parsed = parse(path)
    expect(parsed).toMatchObject({ kind: 'fault', reason: 'unknown' })
    expect(parsed.kind === 'fault' && parsed.message).toContain(message)
  })
})

test('any path that is found is found again by its text', () => {
  const part = fc.constantFrom(
    ...['emails', 'name', '[type eq "a"]', '.value', '.', '[', ']', 'badge', 'doors', ' ', '"'],
    ...[`${badgeUrn}:`, `${core}:`, 'value', '\\u0041', 'not (', ')', 'pr', ' or '],
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
      const parsed = parse(parts.join(''), true)
      if (parsed.kind === 'path') expect(found(parsed.text).text).toBe(parsed.text)
    }),
    { numRuns: 1000 },
  )
})
