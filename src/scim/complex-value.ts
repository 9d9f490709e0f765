import { type AttributeValue, type Complex, emptyComplex } from '../directory/directory.ts'

export function isComplex(value: AttributeValue | undefined): value is Complex {
  return typeof value === 'object' && !Array.isArray(value)
}

/** A list, or the single value as a list of one, or nothing. */
export function elementsOf(value: AttributeValue | undefined): readonly AttributeValue[] {
  if (value === undefined) return []
  return Array.isArray(value) ? (value as readonly AttributeValue[]) : [value]
}

export function ownValue(complex: Complex | undefined, name: string): AttributeValue | undefined {
  return complex !== undefined && Object.hasOwn(complex, name) ? complex[name] : undefined
}

/** A copy that can be built on. Values stay as they are: they are shared with the store. */
export function copyOf(complex: Complex): { [name: string]: AttributeValue } {
  const copy = emptyComplex()
  for (const name of Object.keys(complex)) copy[name] = complex[name]!
  return copy
}

/** A copy with one sub-attribute set, or left out where `value` is undefined. */
export function withSubAttribute(
  complex: Complex,
  name: string,
  value: AttributeValue | undefined,
): Complex {
  const copy = copyOf(complex)
  if (value === undefined) delete copy[name]
  else copy[name] = value
  return copy
}

/** A copy with what `over` has in place of what was there. */
export function merged(complex: Complex, over: Complex): Complex {
  const copy = copyOf(complex)
  for (const name of Object.keys(over)) copy[name] = over[name]!
  return copy
}
