import type { AttributeValue, Complex } from '../directory/directory.ts'
import type { AttributeDefinition } from '../directory/schema-registry.ts'
import { isComplex, withSubAttribute } from './complex-value.ts'

/**
 * RFC 7643 §2.4: at most one element of a list is primary. `winner` is the one that was written
 * last (RFC 7644 §3.5.2: it takes the place of the one before); without it the first one stays.
 */
export function onePrimary(
  definition: AttributeDefinition,
  elements: readonly AttributeValue[],
  winner?: Complex,
): readonly AttributeValue[] {
  if (!definition.subAttributes.some((sub) => sub.name === 'primary')) return elements
  const primaries = elements.filter((element) => isComplex(element) && element.primary === true)
  if (primaries.length < 2) return elements
  const stays = winner !== undefined && winner.primary === true ? winner : primaries[0]
  return elements.map((element) =>
    isComplex(element) && element.primary === true && element !== stays
      ? withSubAttribute(element, 'primary', false)
      : element,
  )
}
