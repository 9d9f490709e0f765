/**
 * Sub-attributes under names that RFC 7643 does not have. Every client may send them: there is no
 * switch per vendor.
 */
import {
  type AttributeDefinition,
  findAttribute,
  sameName,
} from '../../directory/schema-registry.ts'

const otherNames = [
  // Entra's POST of a user with several app roles ("Customize attribute mappings", AppRole-
  // AssignmentsComplex).
  { attribute: 'roles', sent: 'displayName', means: 'display' },
  // SCIM 1.1 §6.3, which OneLogin's templates for SCIM 2.0 still follow.
  { attribute: 'manager', sent: 'managerId', means: 'value' },
] as const

/** The sub-attribute that a name no schema knows stands for, where it is known to stand for one. */
export function meantBy(
  name: string,
  { name: attribute, subAttributes }: AttributeDefinition,
): AttributeDefinition | undefined {
  const other = otherNames.find(
    (each) => sameName(each.attribute, attribute) && sameName(each.sent, name),
  )
  return other && findAttribute(subAttributes, other.means)
}
