import { describe, expect, test } from 'vitest'
import { extensionSchema } from '../../src/directory/custom-schema.ts'
import {
  attributesMax,
  declarationFaults,
  nameLengthMax,
  schemasMax,
  urnLengthMax,
} from '../../src/directory/custom-schema-faults.ts'
import { badgeText, badgeUrn, declared, roomText } from '../support/badge-schema.ts'

const schema = (more: object) => ({
  id: 'urn:acme:a',
  name: 'A',
  attributes: [{ name: 'a' }],
  ...more,
})
const attribute = (more: object) => schema({ attributes: [{ name: 'a', ...more }] })

/** `0.attributes.1.name: message`. */
function faultsOf(...schemas: readonly object[]): readonly string[] {
  return declarationFaults(declared(...schemas)).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  )
}

test('a schema has what RFC 7643 §2.2 says of what is left out', () => {
  const [all] = declared(badgeText)
  const { urn, of, alias, description, attributes } = extensionSchema(all!)
  expect({ urn, of, alias, description }).toEqual({
    urn: badgeUrn,
    of: 'users',
    alias: 'badge',
    description: 'Badge',
  })
  expect(attributes.find(({ name }) => name === 'number')).toEqual({
    name: 'number',
    type: 'string',
    multiValued: false,
    description: 'number',
    required: true,
    caseExact: false,
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    canonicalValues: [],
    referenceTypes: [],
    subAttributes: [],
  })
})

test('references and binary are case exact unless a reference says otherwise', () => {
  const { attributes } = extensionSchema(
    declared(
      schema({
        attributes: [
          { name: 'b', type: 'binary' },
          { name: 'r', type: 'reference' },
          { name: 's', type: 'reference', caseExact: false },
        ],
      }),
    )[0]!,
  )
  expect(attributes.map(({ caseExact }) => caseExact)).toEqual([true, true, false])
})

test('schemas of every type and trait have no fault', () => {
  expect(faultsOf(badgeText, roomText)).toEqual([])
})

describe('a declaration is refused where', () => {
  test.each<[why: string, schemas: readonly object[], fault: string]>([
    [
      'its id is no URN',
      [schema({ id: 'https://acme.example/badge' })],
      '0.id: `https://acme.example/badge` is no URN: expected one like `urn:acme:scim:badge`, letters, digits, `.`, `_` and `-` between colons',
    ],
    ['its URN ends in a colon', [schema({ id: 'urn:acme:' })], '0.id: `urn:acme:` is no URN'],
    ['its URN has a bracket', [schema({ id: 'urn:acme:a[b]' })], '0.id: `urn:acme:a[b]` is no URN'],
    [
      'its URN is too long',
      [schema({ id: `urn:acme:${'a'.repeat(urnLengthMax)}` })],
      '0.id: `urn:acme:aaa',
    ],
    [
      'its URN is built in, in any case',
      [schema({ id: 'URN:ietf:params:scim:schemas:core:2.0:user' })],
      '0.id: `URN:ietf:params:scim:schemas:core:2.0:user` is built in: give the schema a URN of its own',
    ],
    [
      'its URN is taken, in any case',
      [schema({}), schema({ id: 'urn:acme:A' })],
      '1.id: `urn:acme:A` is the URN of `schemas[0]` already',
    ],
    [
      'its URN is the path of an attribute',
      [schema({}), schema({ id: 'urn:acme:a:A.b' })],
      '1.id: `urn:acme:a:A.b` already names an attribute of `urn:acme:a`: choose another URN',
    ],
    [
      'its URN is the path of an attribute of a later schema',
      [schema({ id: 'urn:acme:a:a' }), schema({})],
      '0.id: `urn:acme:a:a` already names an attribute of `urn:acme:a`',
    ],
    [
      'its URN is the path of a core attribute',
      [schema({ id: 'urn:ietf:params:scim:schemas:core:2.0:User:emails' })],
      '0.id: `urn:ietf:params:scim:schemas:core:2.0:User:emails` already names',
    ],
    [
      'its alias has a dot',
      [schema({ alias: 'a.b' })],
      `0.alias: \`a.b\` cannot stand in a rule: expected a letter, then letters, digits, - and _, at most ${nameLengthMax} in all`,
    ],
    [
      'its alias is an attribute of every user',
      [schema({ alias: 'Title' })],
      '0.alias: `Title` is an attribute of every user: choose another alias',
    ],
    [
      'its alias is a common attribute',
      [schema({ alias: 'meta' })],
      '0.alias: `meta` is an attribute of every user',
    ],
    [
      'its alias is built in',
      [schema({ alias: 'Enterprise' })],
      '0.alias: `Enterprise` is the alias of `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`: choose another',
    ],
    [
      'its alias is taken',
      [schema({ alias: 'x' }), schema({ id: 'urn:acme:b', alias: 'X' })],
      '1.alias: `X` is the alias of `schemas[0]` already',
    ],
    [
      'a schema of groups has an alias',
      [schema({ resourceType: 'Group', alias: 'x' })],
      '0.alias: rules read no attributes of groups, so a schema of groups takes no alias',
    ],
    [
      'it has no attributes',
      [schema({ attributes: [] })],
      '0.attributes: name at least one attribute',
    ],
    [
      'a name has a blank',
      [attribute({ name: 'a b' })],
      '0.attributes.0.name: `a b` is no attribute name: expected a letter',
    ],
    [
      'a name begins with a mark',
      [attribute({ name: '$a' })],
      '0.attributes.0.name: `$a` is no attribute name',
    ],
    [
      'a name is an inherited one that no path can be written with',
      [attribute({ name: '__proto__' })],
      '0.attributes.0.name: `__proto__` is no attribute name',
    ],
    [
      'a name belongs to every resource',
      [attribute({ name: 'ExternalId' })],
      '0.attributes.0.name: `ExternalId` is what every resource has already',
    ],
    [
      'a name stands twice, in any case',
      [schema({ attributes: [{ name: 'a' }, { name: 'A' }] })],
      '0.attributes.1.name: `A` stands twice: names are the same in any letter case',
    ],
    [
      'the name of a sub-attribute stands twice',
      [attribute({ type: 'complex', subAttributes: [{ name: 'x' }, { name: 'X' }] })],
      '0.attributes.0.subAttributes.1.name: `X` stands twice',
    ],
    [
      'a complex attribute has no sub-attributes',
      [attribute({ type: 'complex' })],
      '0.attributes.0.subAttributes: a complex attribute needs at least one sub-attribute',
    ],
    [
      'a simple attribute has sub-attributes',
      [attribute({ subAttributes: [{ name: 'x' }] })],
      '0.attributes.0.subAttributes: only complex attributes have them: say `type: complex`',
    ],
    [
      'something without letters has a letter case',
      [attribute({ type: 'integer', caseExact: true })],
      '0.attributes.0.caseExact: values of type integer have no letter case: leave it out',
    ],
    [
      'something complex has a letter case',
      [attribute({ type: 'complex', caseExact: true, subAttributes: [{ name: 'x' }] })],
      '0.attributes.0.caseExact: values of type complex have no letter case',
    ],
    [
      'base64 is to compare without case',
      [attribute({ type: 'binary', caseExact: false })],
      '0.attributes.0.caseExact: base64 is case exact (RFC 7643 §2.3.6): leave it out',
    ],
    [
      'a boolean has canonical values',
      [attribute({ type: 'boolean', canonicalValues: ['yes'] })],
      '0.attributes.0.canonicalValues: values of type boolean have none: leave them out',
    ],
    [
      'a reference does not say to what',
      [attribute({ type: 'reference' })],
      '0.attributes.0.referenceTypes: say what it refers to: User, Group, external or uri',
    ],
    [
      'a string refers to something',
      [attribute({ referenceTypes: ['User'] })],
      '0.attributes.0.referenceTypes: only references have them: say `type: reference`',
    ],
    [
      'there are too many schemas',
      Array.from({ length: schemasMax + 1 }, (_, at) => schema({ id: `urn:acme:s${at}` })),
      `: ${schemasMax + 1} schemas, at most ${schemasMax} are allowed`,
    ],
    [
      'there are too many attributes',
      [
        schema({
          attributes: Array.from({ length: attributesMax / 2 + 1 }, (_, at) => ({
            name: `a${at}`,
            type: 'complex',
            subAttributes: [{ name: 'x' }],
          })),
        }),
      ],
      `: ${attributesMax + 2} attributes (sub-attributes counted), at most ${attributesMax} are allowed`,
    ],
  ])('%s', (_, schemas, fault) => {
    expect(faultsOf(...schemas).filter((each) => each.startsWith(fault))).toHaveLength(1)
  })

  test('several things are wrong: all are told at once', () => {
    const faults = faultsOf(
      schema({ id: 'x', alias: 'title', attributes: [{ name: '1' }, { name: 'id' }] }),
    )
    expect(faults.map((each) => each.split(':')[0])).toEqual([
      '0.id',
      '0.alias',
      '0.attributes.0.name',
      '0.attributes.1.name',
    ])
  })
})
