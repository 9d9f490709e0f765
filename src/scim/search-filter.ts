import type { Collection } from '../directory/directory.ts'
import { type Filter, type PathText, parseFilter } from '../directory/filter.ts'
import { compileFilter } from '../directory/filter-evaluate.ts'
import type { FilterFault } from '../directory/filter-lexer.ts'
import { filterText, pathText } from '../directory/filter-text.ts'
import { resolvePath } from '../directory/path-resolution.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { F } from '../directory/three-values.ts'
import { isUnassigned } from './json-object.ts'
import { qualified } from './quirks/entra.ts'
import { resourceTypes } from './resource-type.ts'
import { unreadable, wrongValue } from './scim-error.ts'

/** A filter as each of the resource types that are searched sees it. */
export interface SearchFilter {
  /** One way to write it, whatever the case of its names. */
  readonly text: string
  /** True: everything matches; false: nothing can. */
  readonly of: (type: Collection) => Filter | boolean
}

/**
 * Reads the `filter` of a search over one or several resource types; undefined where there is none.
 * A comparison that none of them can make is a 400. One that another type can make is answered as
 * if the attribute had no value (RFC 7644 §3.4.2.1).
 */
export function readFilter(
  sent: unknown,
  registry: SchemaRegistry,
  types: readonly Collection[],
): SearchFilter | undefined {
  if (isUnassigned(sent)) return undefined
  if (typeof sent !== 'string') {
    throw wrongValue('invalidFilter', '`filter` must be a string', sent)
  }
  const parsed = parseFilter(sent)
  if (parsed.kind === 'fault') {
    throw unreadable('invalidFilter', `\`filter\` at character ${parsed.at + 1}`, parsed.message)
  }
  const { filter } = parsed
  for (const comparison of comparisonsIn(filter)) check(comparison, registry, types)
  return {
    text: filterText(filter, (path) => pathText(path).toLowerCase()),
    of: (type) => narrow(qualified(filter, registry, type), registry, type),
  }
}

function comparisonsIn(filter: Filter): readonly Filter[] {
  if (filter.op === 'and' || filter.op === 'or') return filter.terms.flatMap(comparisonsIn)
  return filter.op === 'not' ? comparisonsIn(filter.term) : [filter]
}

type OneComparison = Exclude<Filter, { op: 'and' | 'or' | 'not' }>

function check(comparison: Filter, registry: SchemaRegistry, types: readonly Collection[]): void {
  const faults: FilterFault[] = []
  for (const type of types) {
    const own = qualified(comparison, registry, type) as OneComparison
    const compiled = compileFilter(own, registry, type, F)
    if (compiled.kind === 'compiled') return
    // What is wrong with an attribute that is there says more than that it is missing elsewhere.
    const isThere = resolvePath(own.path, registry, type).kind === 'resolved'
    if (isThere) faults.unshift(compiled)
    else faults.push(compiled)
  }
  throw unreadable('invalidFilter', '`filter`', faults[0]?.message ?? 'cannot be read')
}

/** The filter without what one resource type decides by itself. */
function narrow(filter: Filter, registry: SchemaRegistry, of: Collection): Filter | boolean {
  switch (filter.op) {
    case 'and':
    case 'or': {
      const decisive = filter.op === 'or'
      const terms = filter.terms.map((term) => narrow(term, registry, of))
      if (terms.includes(decisive)) return decisive
      const rest = terms.filter((term) => typeof term !== 'boolean')
      if (rest.length > 1) return { op: filter.op, terms: rest }
      return rest[0] ?? !decisive
    }
    case 'not': {
      const term = narrow(filter.term, registry, of)
      return typeof term === 'boolean' ? !term : { op: 'not', term }
    }
    default:
      return narrowComparison(filter, registry, of)
  }
}

/** Known at once: what has no value here, and which resource type this is. */
function narrowComparison(
  filter: OneComparison,
  registry: SchemaRegistry,
  of: Collection,
): Filter | boolean {
  if (compileFilter(filter, registry, of, F).kind === 'fault') {
    return filter.op === 'eq' && filter.value === null
  }
  const isEqual = filter.op === 'eq'
  if (!isEqual && filter.op !== 'ne') return filter
  if (typeof filter.value !== 'string' || !isResourceType(filter.path, registry, of)) return filter
  return (filter.value === resourceTypes[of].name) === isEqual
}

function isResourceType(path: PathText, registry: SchemaRegistry, of: Collection): boolean {
  const found = resolvePath(path, registry, of)
  if (found.kind === 'unknown' || found.schema !== undefined) return false
  return found.attribute?.name === 'meta' && found.subAttribute?.name === 'resourceType'
}
