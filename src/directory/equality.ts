import type { Collection, Complex } from './directory.ts'
import { emptyComplex } from './directory.ts'
import type { Filter, Operand, PathText } from './filter.ts'
import { fold, type IndexedAttribute } from './identity.ts'
import { resolvePath } from './path-resolution.ts'
import { type AttributeDefinition, findAttribute, type SchemaRegistry } from './schema-registry.ts'
import { booleanOf } from './value-test.ts'

/** One `path eq value`. */
export interface Equality {
  readonly path: PathText
  readonly value: Exclude<Operand, null>
}

/** The equalities that the filter is the conjunction of; undefined where it is anything else. */
export function conjunctionOfEquals(filter: Filter): readonly Equality[] | undefined {
  if (filter.op === 'eq') {
    const { path, value } = filter
    return value === null ? undefined : [{ path, value }]
  }
  if (filter.op !== 'and') return undefined
  const parts = filter.terms.map(conjunctionOfEquals)
  return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? [])
}

/**
 * The element that the filter of a value path describes, for a PATCH that finds none to write to:
 * `type eq "work"` is `{ type: "work" }`. Undefined where the filter is no conjunction of
 * equalities, or asks for two values of one name.
 */
export function describedElement(
  filter: Filter,
  attribute: AttributeDefinition,
): Complex | undefined {
  const equalities = conjunctionOfEquals(filter)
  if (equalities === undefined) return undefined
  const element = emptyComplex()
  for (const { path, value } of equalities) {
    const sub = findAttribute(attribute.subAttributes, path.attribute)
    if (sub === undefined) return undefined
    const written = typeof value === 'string' && sub.type === 'boolean' ? booleanOf(value) : value
    if (written === undefined) return undefined
    if (Object.hasOwn(element, sub.name) && element[sub.name] !== written) return undefined
    element[sub.name] = written
  }
  return element
}

/** A value that every match has, in an attribute that can be found without a scan. */
export interface IndexedEquality {
  readonly attribute: IndexedAttribute | 'id' | 'members.value' | 'groups.value'
  /** In the form in which the index holds it. */
  readonly value: string
}

/**
 * What a search may start from: each answer holds for every match, so any one of them narrows it;
 * the filter itself still has to be asked. Empty: nothing but a scan will do.
 */
export function indexedEqualities(
  filter: Filter,
  registry: SchemaRegistry,
  of: Collection,
): readonly IndexedEquality[] {
  return necessaryEqualities(filter).flatMap(({ path, value }) => {
    const found = resolvePath(path, registry, of)
    if (found.kind === 'unknown' || found.schema !== undefined || typeof value !== 'string')
      return []
    const { attribute, subAttribute } = found
    if (attribute === undefined) return []
    // `emails eq "x"` is about `emails.value`.
    const leaf = subAttribute ?? (attribute.type === 'complex' ? { name: 'value' } : undefined)
    const name = leaf === undefined ? attribute.name : `${attribute.name}.${leaf.name}`
    const indexed = indexedOf[of].get(name)
    return indexed === undefined
      ? []
      : [{ attribute: indexed.attribute, value: indexed.form(value) }]
  })
}

/** The equalities that hold for every match: those that `and` joins, also within brackets. */
function necessaryEqualities(filter: Filter): readonly Equality[] {
  switch (filter.op) {
    case 'eq':
      return filter.value === null ? [] : [{ path: filter.path, value: filter.value }]
    case 'and':
      return filter.terms.flatMap(necessaryEqualities)
    case 'valuePath':
      return necessaryEqualities(filter.filter).map(({ path, value }) => ({
        path: { ...filter.path, subAttribute: path.attribute },
        value,
      }))
    default:
      return []
  }
}

function exact(text: string): string {
  return text
}

type Indexed = { attribute: IndexedEquality['attribute']; form: (text: string) => string }
const indexedEverywhere: readonly (readonly [string, Indexed])[] = [
  ['id', { attribute: 'id', form: exact }],
  ['externalId', { attribute: 'externalId', form: exact }],
]

/** The other side of `indexTerms` in identity. A user's displayName is not indexed. */
const indexedOf: Record<Collection, ReadonlyMap<string, Indexed>> = {
  users: new Map<string, Indexed>([
    ...indexedEverywhere,
    ['userName', { attribute: 'userName', form: fold }],
    ['emails.value', { attribute: 'emails.value', form: fold }],
    ['groups.value', { attribute: 'groups.value', form: exact }],
  ]),
  groups: new Map<string, Indexed>([
    ...indexedEverywhere,
    ['displayName', { attribute: 'displayName', form: fold }],
    ['members.value', { attribute: 'members.value', form: exact }],
  ]),
}
