import { complex, reference, text } from './attribute-builders.ts'
import { enterpriseUserUrn } from './core-schemas.ts'
import type { ExtensionSchema } from './schema-registry.ts'

/** RFC 7643 §4.3. */
export const enterpriseUserSchema: ExtensionSchema = {
  urn: enterpriseUserUrn,
  alias: 'enterprise',
  name: 'EnterpriseUser',
  description: 'Enterprise User',
  attributes: [
    text('employeeNumber', 'What the organization identifies the person by.'),
    text('costCenter', 'The name of a cost center.'),
    text('organization', 'The name of an organization.'),
    text('division', 'The name of a division.'),
    text('department', 'The name of a department.'),
    complex('manager', "The user's manager.", [
      text('value', 'The `id` of the user who is the manager.', { caseExact: true }),
      reference('$ref', ['User'], 'The URI of the user who is the manager.'),
      text('displayName', 'The name of the manager.', { mutability: 'readOnly' }),
    ]),
  ],
}
