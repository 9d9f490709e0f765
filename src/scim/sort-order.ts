import { parseDateTime } from '../directory/date-time.ts'
import type { AttributeValue, Collection, Complex } from '../directory/directory.ts'
import { parsePath } from '../directory/filter.ts'
import { fold } from '../directory/identity.ts'
import { resolvePath } from '../directory/path-resolution.ts'
import {
  type AttributeDefinition,
  findAttribute,
  type SchemaRegistry,
  sameName,
} from '../directory/schema-registry.ts'
import { compareText } from '../directory/text-order.ts'
import { isComplex } from './complex-value.ts'
import { isUnassigned } from './json-object.ts'
import { qualifiedPath } from './quirks/entra.ts'
import { wrongValue } from './scim-error.ts'

/** The parameters of an order as they came. */
export interface SentOrder {
  readonly sortBy?: unknown
  readonly sortOrder?: unknown
}

/** An order that was asked for (RFC 7644 §3.4.2.3). */
export interface SortOrder {
  /** The one way to write it. */
  readonly text: string
  readonly descending: boolean
  /** Resource types that lack the attribute are not here: they have no value to sort by. */
  readonly by: ReadonlyMap<Collection, SortAttribute>
}

/** Where a resource has the value that it is sorted by. */
export interface SortAttribute {
  /** URN of an extension; undefined = core. */
  readonly schema: string | undefined
  readonly attribute: AttributeDefinition
  /** The sub-attribute, or the attribute itself. Never complex. */
  readonly leaf: AttributeDefinition
}

/** What resources are compared by; undefined where there is no value. */
export type SortKey = string | number | undefined

/**
 * Undefined where no order is asked for, and where `sortBy` names nothing that could be sorted by:
 * clients ask for attributes that other servers have, and the order of creation serves them too.
 */
export function readSortOrder(
  { sortBy, sortOrder }: SentOrder,
  registry: SchemaRegistry,
  types: readonly Collection[],
): SortOrder | undefined {
  if (isUnassigned(sortBy)) return undefined
  if (typeof sortBy !== 'string') {
    throw wrongValue('invalidValue', '`sortBy` must be the name of an attribute', sortBy)
  }
  const found = types.map((of) => [of, sortAttribute(sortBy, registry, of)] as const)
  const by = new Map(found.flatMap(([of, at]) => (at === undefined ? [] : [[of, at]])))
  const [first] = by.values()
  if (first === undefined) return undefined
  const descending = typeof sortOrder === 'string' && sameName(sortOrder, 'descending')
  const { schema, attribute, leaf } = first
  const steps = [schema ?? '', attribute.name, leaf.name, descending ? 'descending' : 'ascending']
  return { text: steps.join(' '), descending, by }
}

function sortAttribute(
  text: string,
  registry: SchemaRegistry,
  of: Collection,
): SortAttribute | undefined {
  const parsed = parsePath(text)
  if (parsed.kind === 'fault' || parsed.filter !== undefined) return undefined
  const found = resolvePath(qualifiedPath(parsed.path, registry, of), registry, of)
  if (found.kind === 'unknown' || found.attribute === undefined) return undefined
  const { schema, attribute, subAttribute } = found
  const leaf = subAttribute ?? significant(attribute)
  // Its order would tell what may not be told.
  const isSecret = attribute.returned === 'never' || leaf?.returned === 'never'
  if (leaf === undefined || isSecret || unordered.has(leaf.type)) return undefined
  return { schema, attribute, leaf }
}

/** RFC 7643 §2.4: of `emails`, that is `emails.value`. */
function significant(attribute: AttributeDefinition): AttributeDefinition | undefined {
  if (attribute.type !== 'complex') return attribute
  return findAttribute(attribute.subAttributes, 'value')
}

const unordered: ReadonlySet<AttributeDefinition['type']> = new Set(['complex', 'binary'])

/** Of a list the primary value, else the first one. */
export function sortKey(resource: Complex, by: SortAttribute | undefined): SortKey {
  if (by === undefined) return undefined
  const { schema, attribute, leaf } = by
  const home = schema === undefined ? resource : own(resource, schema)
  const value = own(home, attribute.name)
  const one = Array.isArray(value) ? preferred(value) : value
  return keyFrom(leaf === attribute ? one : own(one, leaf.name), leaf)
}

function preferred(values: readonly AttributeValue[]): AttributeValue | undefined {
  return values.find((value) => isComplex(value) && own(value, 'primary') === true) ?? values[0]
}

function own(value: AttributeValue | undefined, name: string): AttributeValue | undefined {
  if (value === undefined || !isComplex(value)) return undefined
  return Object.hasOwn(value, name) ? value[name] : undefined
}

function keyFrom(value: AttributeValue | undefined, leaf: AttributeDefinition): SortKey {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'string') return undefined
  if (leaf.type === 'dateTime') return parseDateTime(value)
  const text = beginningOf(value)
  return leaf.caseExact ? text : fold(text)
}

/** A copy, since a slice would keep all of a long text in memory for as long as the key is. */
function beginningOf(text: string): string {
  if (text.length <= sortKeyLengthMax) return text
  return Buffer.from(text.slice(0, sortKeyLengthMax), 'utf16le').toString('utf16le')
}
/**
 * Texts are sorted by so many of their first characters: the keys of a whole search stand in
 * memory at once, and one of them has to fit into a cursor.
 */
export const sortKeyLengthMax = 256

/** Whoever has no value comes last, first where the order is descending. */
export function compareKeys(a: SortKey, b: SortKey, descending: boolean): number {
  return descending ? ascending(b, a) : ascending(a, b)
}

function ascending(a: SortKey, b: SortKey): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  // One name may stand for a text in one resource type and for a number in another.
  return typeof a === 'number' ? -1 : 1
}
