import { describe, expect, test } from 'vitest'
import { text } from '../../src/directory/attribute-builders.ts'
import {
  commonAttributes,
  coreGroupUrn,
  coreUserUrn,
  enterpriseUserUrn,
} from '../../src/directory/core-schemas.ts'
import {
  type AttributeDefinition,
  createSchemaRegistry,
  findAttribute,
} from '../../src/directory/schema-registry.ts'

const badgeUrn = 'urn:acme:scim:badge:1.0'
const badge = {
  urn: badgeUrn,
  alias: 'badge',
  name: 'Badge',
  description: 'A badge',
  attributes: [text('colour', 'The colour of the badge.')],
}
const registry = createSchemaRegistry([badge])

describe('a registry', () => {
  test('lists the core schema first, then the extensions, which users alone have', () => {
    const urns = (of: 'users' | 'groups') => registry.schemasOf(of).map((schema) => schema.urn)
    expect(urns('users')).toEqual([coreUserUrn, enterpriseUserUrn, badgeUrn])
    expect(urns('groups')).toEqual([coreGroupUrn])
  })

  test('finds a schema by its URN in any case, and nothing by an inherited name', () => {
    expect(registry.schema(coreUserUrn.toUpperCase())?.name).toBe('User')
    expect(registry.schema('constructor')).toBeUndefined()
    expect(registry.schema('__proto__')).toBeUndefined()
  })

  test('finds an extension by its alias', () => {
    expect(registry.extensionByAlias('Enterprise')?.urn).toBe(enterpriseUserUrn)
    expect(registry.extensionByAlias('badge')?.urn).toBe(badgeUrn)
    expect(registry.extensionByAlias('constructor')).toBeUndefined()
  })

  test('refuses two schemas of one URN, whatever the case', () => {
    const twin = { ...badge, urn: badgeUrn.toUpperCase(), alias: 'other' }
    expect(() => createSchemaRegistry([badge, twin])).toThrow('stands twice')
  })

  test('gives every attribute a description, and sub-attributes exactly to complex ones', () => {
    const all = [...registry.schemasOf('users'), ...registry.schemasOf('groups')].flatMap(
      (schema) => schema.attributes,
    )
    const odd = [...all, ...commonAttributes, ...all.flatMap((one) => one.subAttributes)].filter(
      (one) => one.description === '' || (one.type === 'complex') !== one.subAttributes.length > 0,
    )
    expect(odd).toEqual([])
  })
})

describe('the core schemas', () => {
  const at = (of: 'users' | 'groups', name: string, sub?: string): AttributeDefinition => {
    const found = findAttribute(registry.coreAttributes(of), name)!
    return sub === undefined ? found : findAttribute(found.subAttributes, sub)!
  }

  test('have the attributes of RFC 7643 §4.1', () => {
    const [core] = registry.schemasOf('users')
    expect(core?.attributes.map((one) => one.name).join(' ')).toBe(
      'userName name displayName nickName profileUrl title userType preferredLanguage locale ' +
        'timezone active password emails phoneNumbers ims photos addresses groups entitlements ' +
        'roles x509Certificates',
    )
  })

  test('have the attributes of RFC 7643 §4.3 in the enterprise extension', () => {
    expect(
      registry
        .schema(enterpriseUserUrn)
        ?.attributes.map((one) => one.name)
        .join(' '),
    ).toBe('employeeNumber costCenter organization division department manager')
  })

  test('find the common attributes for users and groups, but list them in no schema', () => {
    for (const of of ['users', 'groups'] as const) {
      expect(at(of, 'externalId').caseExact).toBe(true)
      expect(at(of, 'id')).toMatchObject({ mutability: 'readOnly', returned: 'always' })
      expect(at(of, 'meta', 'lastModified').type).toBe('dateTime')
      const listed = registry.schemasOf(of).flatMap((schema) => schema.attributes)
      expect(findAttribute(listed, 'externalId')).toBeUndefined()
    }
  })

  test('compare userName without case, and identifiers with it', () => {
    expect(at('users', 'userName')).toMatchObject({ caseExact: false, uniqueness: 'server' })
    expect(at('groups', 'members', 'value').caseExact).toBe(true)
    expect(at('users', 'groups', 'value').caseExact).toBe(true)
  })

  test('require userName and a unique displayName of a group, and nothing else', () => {
    const required = (['users', 'groups'] as const).flatMap((of) =>
      registry.coreAttributes(of).filter((one) => one.required),
    )
    expect(required.map((one) => one.name)).toEqual(['userName', 'displayName'])
    expect(at('groups', 'displayName').uniqueness).toBe('server')
  })

  test('never return a password and never let a user write groups', () => {
    expect(at('users', 'password')).toMatchObject({ mutability: 'writeOnly', returned: 'never' })
    expect(at('users', 'groups').mutability).toBe('readOnly')
  })

  test('give addresses a primary, which providers send', () => {
    expect(at('users', 'addresses', 'primary').type).toBe('boolean')
  })
})

describe('an attribute name', () => {
  const find = (name: string) => findAttribute(registry.coreAttributes('users'), name)?.name

  test('is found in any case', () => {
    expect(find('USERNAME')).toBe('userName')
    expect(find('X509certificates')).toBe('x509Certificates')
  })

  test.each([
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '',
    'user',
    'userName ',
    'nic\u212aName', // The Kelvin sign lower-cases to k.
  ])('%j is unknown', (name) => {
    expect(find(name)).toBeUndefined()
  })
})
