import { complex, reference, text } from './attribute-builders.ts'
import { coreGroupUrn } from './core-schemas.ts'
import type { Schema } from './schema-registry.ts'

const immutable = { mutability: 'immutable' } as const

/**
 * RFC 7643 §4.2. Unlike there, `displayName` is required and unique: Microsoft Entra finds groups
 * by it, and rules name groups by it.
 */
export const groupSchema: Schema = {
  urn: coreGroupUrn,
  name: 'Group',
  description: 'Group',
  attributes: [
    text('displayName', 'The name of the group. Unique within the directory.', {
      required: true,
      uniqueness: 'server',
    }),
    complex(
      'members',
      'The users and groups that belong to the group.',
      [
        text('value', 'The `id` of the member.', { ...immutable, caseExact: true }),
        reference('$ref', ['User', 'Group'], 'The URI of the member.', immutable),
        text('type', 'Whether the member is a user or a group.', {
          ...immutable,
          canonicalValues: ['User', 'Group'],
        }),
        text('display', 'The name of the member.', { mutability: 'readOnly' }),
      ],
      { multiValued: true },
    ),
  ],
}
