import type { Collection } from './directory.ts'
import { type Filter, isAttributeName, parsePath } from './filter.ts'
import { compileValueFilter } from './filter-evaluate.ts'
import { filterText } from './filter-text.ts'
import { resolvePath, resolveSubAttribute } from './path-resolution.ts'
import { type AttributeDefinition, findAttribute, type SchemaRegistry } from './schema-registry.ts'
import { F } from './three-values.ts'

/** What a PATCH path, an `attributes` parameter or a policy's `user.<path>` names. */
export interface AttributePath {
  readonly kind: 'path'
  /** URN of an extension; undefined = core. */
  readonly schema: string | undefined
  /** Undefined: the whole extension. */
  readonly attribute: AttributeDefinition | undefined
  /** Which elements of a multi-valued attribute; over one element. Its names are known. */
  readonly filter?: Filter
  readonly subAttribute?: AttributeDefinition
  /** The one way to write this path: canonical names, a URN only for an extension. */
  readonly text: string
}

export interface PathFault {
  readonly kind: 'fault'
  /**
   * `syntax`: no path at all. `filter`: its brackets are at fault. `unknown`: well formed, but
   * there is no such attribute, and the message suggests the nearest.
   */
  readonly reason: 'syntax' | 'filter' | 'unknown'
  readonly message: string
  /** Offset in the text. */
  readonly at: number
}

export interface PathOptions {
  /** Whether an extension's alias may stand for its URN, as in `enterprise.department`. */
  readonly aliases?: boolean
}

/** Reads `emails[type eq "work"].value`, `URN:manager.value`, or the URN of an extension alone. */
export function parseAttributePath(
  text: string,
  registry: SchemaRegistry,
  of: Collection,
  options: PathOptions = {},
): AttributePath | PathFault {
  const { full, offset } = options.aliases ? withoutAlias(text, registry, of) : unchanged(text)
  const found = parseFull(full, registry, of)
  return found.kind === 'path' ? found : { ...found, at: Math.max(0, found.at - offset) }
}

function parseFull(
  text: string,
  registry: SchemaRegistry,
  of: Collection,
): AttributePath | PathFault {
  const schema = registry.schema(text)
  if (schema !== undefined) return wholeSchema(schema.urn, registry, of)
  const parsed = parsePath(text)
  if (parsed.kind === 'fault') {
    const reason = parsed.inFilter ? 'filter' : 'syntax'
    return { kind: 'fault', reason, message: parsed.message, at: parsed.at }
  }
  const { path, filter } = parsed
  // The sub-attribute behind brackets is looked up last, so that the first fault is reported.
  const resolved = resolvePath({ ...path, subAttribute: undefined }, registry, of)
  if (resolved.kind === 'unknown') return unknown(resolved.message)
  const { attribute } = resolved
  if (attribute === undefined) return unknown('an extension as a whole takes nothing behind it')
  const inBrackets = filter && filterFault(filter, attribute)
  if (inBrackets !== undefined) return inBrackets
  const name = path.subAttribute
  const subAttribute = name === undefined ? undefined : resolveSubAttribute(attribute, name)
  if (subAttribute !== undefined && 'kind' in subAttribute) return unknown(subAttribute.message)
  return {
    kind: 'path',
    schema: resolved.schema,
    attribute,
    ...(filter && { filter }),
    ...(subAttribute && { subAttribute }),
    text: canonicalText(resolved.schema, attribute, filter, subAttribute),
  }
}

function wholeSchema(
  urn: string,
  registry: SchemaRegistry,
  of: Collection,
): AttributePath | PathFault {
  const at = registry.schemasOf(of).findIndex((schema) => schema.urn === urn)
  if (at > 0) return { kind: 'path', schema: urn, attribute: undefined, text: urn }
  if (at === 0) return unknown(`\`${urn}\` is the core schema: name one of its attributes`)
  return unknown(`\`${urn}\` is no schema of ${of}`)
}

function filterFault(filter: Filter, attribute: AttributeDefinition): PathFault | undefined {
  if (!attribute.multiValued) {
    const message = `\`${attribute.name}\` has one value, so it takes no filter`
    return { kind: 'fault', reason: 'filter', message, at: 0 }
  }
  const compiled = compileValueFilter(filter, attribute, F)
  if (compiled.kind === 'compiled') return undefined
  return { ...compiled, reason: 'filter' }
}

function canonicalText(
  schema: string | undefined,
  attribute: AttributeDefinition,
  filter: Filter | undefined,
  subAttribute: AttributeDefinition | undefined,
): string {
  const nameOf = (name: string) => findAttribute(attribute.subAttributes, name)?.name ?? 'value'
  const brackets = filter && `[${filterText(filter, (path) => nameOf(path.attribute))}]`
  const prefix = schema === undefined ? '' : `${schema}:`
  const suffix = subAttribute === undefined ? '' : `.${subAttribute.name}`
  return `${prefix}${attribute.name}${brackets ?? ''}${suffix}`
}

/** The text with a leading alias written out, and how much longer it became. */
function withoutAlias(text: string, registry: SchemaRegistry, of: Collection) {
  const dot = text.indexOf('.')
  const alias = dot < 0 ? text : text.slice(0, dot)
  const extension = isAttributeName(alias) ? registry.extensionByAlias(alias) : undefined
  // A core attribute of the same name is what RFC 7644 §3.10 says the text means.
  if (!extension || findAttribute(registry.coreAttributes(of), alias)) return unchanged(text)
  const full = dot < 0 ? extension.urn : `${extension.urn}:${text.slice(dot + 1)}`
  return { full, offset: full.length - text.length }
}

function unchanged(text: string) {
  return { full: text, offset: 0 }
}

function unknown(message: string): PathFault {
  return { kind: 'fault', reason: 'unknown', message, at: 0 }
}
