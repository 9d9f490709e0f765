import type { Condition, Json } from './scim-changes.ts'

/** Part of the model: values, how they are read, and which of them a filter holds for. */

/** Attributes by name. The extension is under `enterprise`. */
export type Resource = { [name: string]: Json }

export type Kind = 'text' | 'flag' | { readonly [name: string]: Kind } | readonly [Kind]
export type Named = { readonly [name: string]: Kind }

export class Refused extends Error {}
export const refuse = () => {
  throw new Refused()
}

export function readElement(kind: Kind, sent: Json | undefined): Json | undefined {
  return Array.isArray(sent) && sent.length > 0 ? refuse() : read(kind, sent)
}

/** Liberal reading: one value in a list is that value, "True" is true, null is nothing. */
export function read(kind: Kind, sent: Json | undefined): Json | undefined {
  if (isList(kind)) {
    if (unassigned(sent)) return undefined
    const elements = Array.isArray(sent) ? sent : [sent!]
    const values = elements.map((each) => readElement(kind[0], each))
    return nonEmpty(values.filter((each) => each !== undefined) as Json[])
  }
  const one = Array.isArray(sent) && sent.length === 1 ? sent[0] : sent
  if (unassigned(one)) return undefined
  if (kind === 'text') return typeof one === 'string' ? one : refuse()
  if (kind === 'flag') {
    const flag = { true: true, false: false }[String(one).toLowerCase()]
    return typeof one === 'object' || flag === undefined ? refuse() : flag
  }
  const object = typeof one === 'string' && 'value' in kind ? { value: one } : one
  if (!isObject(object!)) return refuse()
  const next: Resource = {}
  for (const name of Object.keys(object)) {
    if (kind[name] !== undefined) set(next, name, read(kind[name], object[name]))
  }
  return nonEmpty(next)
}

export function holds(filter: Condition, element: Resource): boolean {
  if ('and' in filter) return filter.and.every((each) => holds(each, element))
  if ('or' in filter) return filter.or.some((each) => holds(each, element))
  if ('not' in filter) return !holds(filter.not, element)
  const value = element[filter.name]
  if (filter.test === 'pr') return value !== undefined
  if (value === undefined) return false
  const [is, wanted] = [String(value).toLowerCase(), String(filter.value).toLowerCase()]
  if (filter.test === 'eq') return is === wanted
  if (filter.test === 'ne') return is !== wanted
  return filter.test === 'co' ? is.includes(wanted) : is.startsWith(wanted)
}

export function set(at: Resource, name: string, value: Json | undefined): void {
  if (value === undefined) delete at[name]
  else at[name] = value
}
export function unassigned(sent: Json | undefined): boolean {
  return (
    sent === undefined || sent === null || sent === '' || (Array.isArray(sent) && sent.length === 0)
  )
}
export function nonEmpty(value: object): Json | undefined {
  return Object.keys(value).length === 0 ? undefined : (value as Json)
}
export function isObject(value: Json | undefined): value is Resource {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
export function isList(kind: Kind): kind is readonly [Kind] {
  return Array.isArray(kind)
}
export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (!isObject(a) || !isObject(b)) return a === b
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].every((name) => same(a[name], b[name]))
}
