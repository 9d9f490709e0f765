import { attribute } from './attribute-builders.ts'
import type { AttributeDefinition, ExtensionSchema } from './schema-registry.ts'

/**
 * A schema as an administrator declares it: RFC 7643 §7's words with its defaults filled in, and
 * two of ours, `alias` and `resourceType`. Plain data, so that it can be handed to a thread.
 */
export interface SchemaDeclaration {
  /** The URN. */
  readonly id: string
  readonly name: string
  readonly description?: string | undefined
  /** What policies write for the URN: `user.badge.clearance`. */
  readonly alias?: string | undefined
  readonly resourceType: 'User' | 'Group'
  readonly attributes: readonly AttributeDeclaration[]
}

type Given = 'name' | 'type' | 'multiValued' | 'required' | 'mutability' | 'returned' | 'uniqueness'

export interface SubAttributeDeclaration extends Pick<AttributeDefinition, Given> {
  readonly description?: string | undefined
  /** Left out: false, but true for what is case exact by its type. */
  readonly caseExact?: boolean | undefined
  readonly canonicalValues: readonly string[]
  readonly referenceTypes: readonly string[]
}

export interface AttributeDeclaration extends SubAttributeDeclaration {
  readonly subAttributes: readonly SubAttributeDeclaration[]
}

/** The schema that a declaration without faults stands for. */
export function extensionSchema(declared: SchemaDeclaration): ExtensionSchema {
  const { id, name, description = name, alias, resourceType, attributes } = declared
  return {
    urn: id,
    name,
    description,
    of: resourceType === 'User' ? 'users' : 'groups',
    ...(alias !== undefined && { alias }),
    attributes: attributes.map((each) =>
      definitionOf(each, {
        subAttributes: each.subAttributes.map((sub) => definitionOf(sub, { subAttributes: [] })),
      }),
    ),
  }
}

function definitionOf(
  declared: SubAttributeDeclaration,
  below: Pick<AttributeDefinition, 'subAttributes'>,
): AttributeDefinition {
  const { name, type, description = name, caseExact, multiValued, required } = declared
  const { mutability, returned, uniqueness, canonicalValues, referenceTypes } = declared
  return attribute(name, type, description, {
    multiValued,
    required,
    ...(caseExact !== undefined && { caseExact }),
    mutability,
    returned,
    uniqueness,
    canonicalValues,
    referenceTypes,
    ...below,
  })
}
