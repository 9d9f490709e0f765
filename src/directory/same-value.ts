import type { AttributeValue, Complex } from './directory.ts'

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

/** A text that two values share exactly where they are the same: to look them up by. */
export function textOf(value: AttributeValue): string {
  if (Array.isArray(value)) return `[${(value as readonly AttributeValue[]).map(textOf).join()}]`
  if (typeof value !== 'object') return JSON.stringify(value)
  const complex = value as Complex
  const names = Object.keys(complex).toSorted()
  return `{${names.map((name) => `${JSON.stringify(name)}:${textOf(complex[name]!)}`).join()}}`
}
