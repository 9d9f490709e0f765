import type { AttributeValue, Complex } from '../directory/directory.ts'

/** Whether two values say the same: the order of names means nothing, that of a list does. */
export function sameValue(a: AttributeValue | undefined, b: AttributeValue | undefined): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object') return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  const [left, right] = [a as Complex, b as Complex]
  return names.every((name) => Object.hasOwn(right, name) && sameValue(left[name], right[name]))
}
