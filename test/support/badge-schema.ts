import { type CustomSchema, customSchema } from '../../src/config/custom-schema.ts'
import { extensionSchema } from '../../src/directory/custom-schema.ts'
import { createSchemaRegistry, type SchemaRegistry } from '../../src/directory/schema-registry.ts'

export const badgeUrn = 'urn:acme:scim:badge:1.0:User'
export const roomUrn = 'urn:acme:scim:room'

/** A schema with one attribute of each type and trait that RFC 7643 §7 knows, as pasted. */
export const badgeText = {
  id: badgeUrn,
  name: 'Badge',
  alias: 'badge',
  attributes: [
    { name: 'number', required: true },
    { name: 'clearance', type: 'integer' },
    { name: 'grade', type: 'decimal' },
    { name: 'cleared', type: 'boolean' },
    { name: 'validUntil', type: 'dateTime' },
    { name: 'zones', multiValued: true, canonicalValues: ['lobby', 'lab'] },
    { name: 'levels', type: 'integer', multiValued: true },
    { name: 'code', caseExact: true },
    { name: 'photo', type: 'reference', referenceTypes: ['external'] },
    { name: 'key', type: 'binary' },
    { name: 'serial', mutability: 'immutable' },
    { name: 'lots', multiValued: true, mutability: 'immutable' },
    { name: 'site', returned: 'always' },
    { name: 'pin', returned: 'never' },
    { name: 'note', returned: 'request' },
    {
      name: 'holder',
      type: 'complex',
      subAttributes: [
        { name: 'name', required: true },
        { name: 'value', type: 'integer' },
        { name: 'since', mutability: 'immutable' },
        { name: 'floors', type: 'integer', multiValued: true },
        { name: 'site', returned: 'always' },
        { name: 'pin', returned: 'never' },
        { name: 'note', returned: 'request' },
      ],
    },
    {
      name: 'keys',
      type: 'complex',
      multiValued: true,
      subAttributes: [
        { name: 'value', required: true, caseExact: true },
        { name: 'slot', mutability: 'immutable' },
        { name: 'doors', multiValued: true },
        { name: 'site', returned: 'always' },
        { name: 'pin', returned: 'never' },
        { name: 'note', returned: 'request' },
      ],
    },
    {
      name: 'vault',
      type: 'complex',
      returned: 'never',
      subAttributes: [{ name: 'combination' }],
    },
  ],
}

/** One for groups. */
export const roomText = {
  id: roomUrn,
  name: 'Room',
  resourceType: 'Group',
  attributes: [
    { name: 'floor', type: 'integer' },
    { name: 'plan', returned: 'request' },
  ],
}

export function badgeRegistry(): SchemaRegistry {
  return registryFrom(badgeText, roomText)
}

export function registryFrom(...schemas: readonly object[]): SchemaRegistry {
  return createSchemaRegistry(declared(...schemas).map(extensionSchema))
}

/** As the config reads them, defaults filled in. */
export function declared(...schemas: readonly object[]): readonly CustomSchema[] {
  return schemas.map((schema) => customSchema.parse(schema))
}
