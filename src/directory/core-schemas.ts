import { attribute, complex, reference, text } from './attribute-builders.ts'
import type { AttributeDefinition } from './schema-registry.ts'

export const coreUserUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const coreGroupUrn = 'urn:ietf:params:scim:schemas:core:2.0:Group'
export const enterpriseUserUrn = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

const readOnly = { mutability: 'readOnly' } as const

/**
 * What every resource has and no schema lists (RFC 7643 §3.1). Look-ups find them as if they were
 * core attributes.
 */
export const commonAttributes: readonly AttributeDefinition[] = [
  text('id', 'The identifier of the resource, made here. Never reused.', {
    ...readOnly,
    caseExact: true,
    returned: 'always',
    uniqueness: 'server',
  }),
  text('externalId', 'The identifier that the identity provider has for the resource.', {
    caseExact: true,
  }),
  complex(
    'meta',
    'Facts about the resource itself.',
    [
      text('resourceType', 'The name of the resource type.', { ...readOnly, caseExact: true }),
      attribute('created', 'dateTime', 'When the resource was created.', readOnly),
      attribute('lastModified', 'dateTime', 'When the resource was last changed.', readOnly),
      reference('location', ['uri'], 'The URI of the resource.', readOnly),
      text('version', 'The version of the resource, equal to its ETag.', {
        ...readOnly,
        caseExact: true,
      }),
    ],
    readOnly,
  ),
]

/**
 * The URNs of the schemas a resource uses (RFC 7643 §3). Follows from the resource, so it can be
 * searched (RFC 7644 §3.4.2.2, figure 2), but is no attribute to write.
 */
export const schemasAttribute: AttributeDefinition = reference(
  'schemas',
  ['uri'],
  'The URNs of the schemas that the resource uses.',
  // RFC 8141 §3.1: the parts of a URN that ours are made of compare without case.
  { ...readOnly, multiValued: true, required: true, returned: 'always', caseExact: false },
)
