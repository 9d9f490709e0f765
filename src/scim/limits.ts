import type { AttributeValue, Document } from '../directory/directory.ts'
import type { Filter } from '../directory/filter.ts'
import { isComplex } from './complex-value.ts'
import type { JsonObject } from './json-object.ts'
import { badRequest } from './scim-error.ts'

/**
 * Values of one attribute. Providers send a handful of addresses and, at the most, some hundred
 * entitlements; group members are no attribute of a document and have no such limit.
 */
export const valuesMax = 1_000
/** Characters of one text: room for a certificate or a small picture in base64. */
export const textLengthMax = 65_536
/**
 * Characters of a whole document as JSON. It is read, written and shown as a whole, so without a
 * bound one user could grow by 16 MiB with every PATCH. An ordinary one takes two thousand.
 */
export const documentLengthMax = 262_144
/** Names in one object, known or not. There are some forty attributes, of all schemas together. */
export const namesMax = 500
/**
 * Values that the operations of one PATCH may look at, times the terms of the filter that looks:
 * about 50 ms of work. One operation on a group of 100,000 members is within it; so are a thousand
 * operations on a user of ordinary size.
 */
export const patchWorkMax = 150_000
/**
 * Characters of all paths of one PATCH, names in its values included. A path of a provider has 80;
 * a hostile one is a filter of 60 terms, a thousand times.
 */
export const pathsLengthMax = 131_072
/** A look at so many characters costs about as much as one at one more value. */
const charactersPerLook = 256

export function checkValues(count: number, path: string): void {
  if (count <= valuesMax) return
  throw badRequest('invalidValue', `\`${path}\` must hold at most ${valuesMax} values`)
}

/** The names in what a client sent. */
export function namesIn(sent: JsonObject, path: string): readonly string[] {
  const names = Object.keys(sent)
  checkNames(names.length, path)
  return names
}

export function checkNames(count: number, path: string): void {
  if (count <= namesMax) return
  throw badRequest('invalidValue', `\`${path}\` must have at most ${namesMax} names`)
}

export function checkDocument(document: Document): void {
  if (JSON.stringify(document).length <= documentLengthMax) return
  const detail = `the resource must be at most ${documentLengthMax} characters of JSON`
  throw badRequest('invalidValue', detail)
}

/** What the operations of one PATCH have cost so far. */
export class PatchWork {
  #left = patchWorkMax

  /** Throws where looking at these values so many times is more than one request may cost. */
  look(values: readonly AttributeValue[], times: number): void {
    let looks = 0
    for (const value of values) looks += 1 + Math.floor(textLength(value) / charactersPerLook)
    this.#left -= looks * times
    if (this.#left >= 0) return
    const detail = 'the operations look at too many values: send them in several requests'
    throw badRequest('invalidValue', detail)
  }
}

function textLength(value: AttributeValue): number {
  if (typeof value === 'string') return value.length
  if (Array.isArray(value)) return sumOf(value as readonly AttributeValue[])
  if (!isComplex(value)) return 0
  return Object.keys(value).reduce((length, name) => length + textLength(value[name]!), 0)
}

/** A list within a value: each of its elements is a value to look at. */
function sumOf(elements: readonly AttributeValue[]): number {
  return elements.reduce<number>((sum, one) => sum + charactersPerLook + textLength(one), 0)
}

/** How often a filter looks at a value: once for each of its comparisons. */
export function termsOf(filter: Filter): number {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.terms.reduce((count, term) => count + termsOf(term), 0)
    case 'not':
      return termsOf(filter.term)
    case 'valuePath':
      return termsOf(filter.filter)
    default:
      return 1
  }
}
