import { type AttributePath, parseAttributePath } from '../directory/attribute-path.ts'
import type { Collection } from '../directory/directory.ts'
import type { Filter } from '../directory/filter.ts'
import { type SchemaRegistry, sameName } from '../directory/schema-registry.ts'
import type { Notes } from './json-object.ts'
import { extensionOf } from './quirks/entra.ts'
import { shortName } from './read-value.ts'
import { unreadable } from './scim-error.ts'

/**
 * What the path of an operation names, or undefined where it is well formed and names nothing we
 * know: that is noted and skipped, so that one bad mapping does not cost the other operations.
 */
export function readPath(
  text: string,
  place: string,
  registry: SchemaRegistry,
  of: Collection,
  notes: Notes,
): AttributePath | undefined {
  const path = parsePath(text, registry, of)
  if (path.kind === 'path') return path
  const where = `\`${place}.path\``
  switch (path.reason) {
    case 'unknown':
      notes.ignore('attribute', shortName(text), { why: path.message })
      return undefined
    case 'filter':
      throw unreadable('invalidFilter', where, path.message)
    default:
      throw unreadable('invalidPath', where, path.message)
  }
}

/**
 * What a key of a value without a path names: `name`, but also `name.givenName`, a path with a URN
 * and one with brackets, as Entra sends them. A key that names nothing is noted and skipped.
 */
export function readKey(
  key: string,
  registry: SchemaRegistry,
  of: Collection,
  notes: Notes,
): AttributePath | undefined {
  const path = parsePath(key, registry, of)
  if (path.kind === 'path') return path
  // A whole resource as the value names its schemas; they follow from what it holds.
  if (!sameName(key, 'schemas')) notes.ignore('attribute', shortName(key))
  return undefined
}

/** Entra also sends names of the enterprise schema without its URN. */
function parsePath(text: string, registry: SchemaRegistry, of: Collection) {
  const end = text.search(/[.[]/)
  const urn = extensionOf(end < 0 ? text : text.slice(0, end), registry, of)
  return parseAttributePath(urn === undefined ? text : `${urn}:${text}`, registry, of)
}

/**
 * The ids that `value eq "a"` names, also several joined by `or`: all that a removal from `members`
 * needs to know, so that 100,000 members need not be read to remove one.
 */
export function idsNamedBy(filter: Filter): readonly string[] | undefined {
  if (filter.op === 'or') {
    const parts = filter.terms.map(idsNamedBy)
    return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? [])
  }
  if (filter.op !== 'eq' || typeof filter.value !== 'string') return undefined
  return sameName(filter.path.attribute, 'value') ? [filter.value] : undefined
}
