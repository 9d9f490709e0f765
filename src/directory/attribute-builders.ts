import type { AttributeDefinition, AttributeType } from './schema-registry.ts'

/** What differs from RFC 7643 §7's defaults. */
export type Traits = Partial<Omit<AttributeDefinition, 'name' | 'type' | 'description'>>

/**
 * One attribute, with RFC 7643 §2.2's defaults: optional, single-valued, readWrite, returned by
 * default, not unique, compared without case.
 */
export function attribute(
  name: string,
  type: AttributeType,
  description: string,
  traits: Traits = {},
): AttributeDefinition {
  return {
    name,
    type,
    multiValued: false,
    description,
    required: false,
    // RFC 7643 §2.3.6 and §2.3.7: binary and reference are case exact. The JSON of §8.7.1 says
    // otherwise, against its own text.
    caseExact: type === 'binary' || type === 'reference',
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    canonicalValues: [],
    referenceTypes: [],
    subAttributes: [],
    ...traits,
  }
}

export function text(name: string, description: string, traits?: Traits): AttributeDefinition {
  return attribute(name, 'string', description, traits)
}

/** A link: `to` holds resource types, or `external` or `uri`. */
export function reference(
  name: string,
  to: readonly string[],
  description: string,
  traits?: Traits,
): AttributeDefinition {
  return attribute(name, 'reference', description, { referenceTypes: to, ...traits })
}

export function complex(
  name: string,
  description: string,
  subAttributes: readonly AttributeDefinition[],
  traits?: Traits,
): AttributeDefinition {
  return attribute(name, 'complex', description, { subAttributes, ...traits })
}

/**
 * A list of complex values with the sub-attributes of RFC 7643 §2.4: the `value` given, then
 * `display`, `type` and `primary`.
 */
export function plural(
  name: string,
  description: string,
  value: AttributeDefinition,
  types: readonly string[] = [],
): AttributeDefinition {
  return complex(
    name,
    description,
    [
      value,
      text('display', 'A name for people, shown in place of the value.'),
      text('type', 'A label for what the value is for.', { canonicalValues: types }),
      primary(),
    ],
    { multiValued: true },
  )
}

export function primary(): AttributeDefinition {
  return attribute(
    'primary',
    'boolean',
    'Whether this is the preferred value. At most one value of the list has it set to true.',
  )
}
