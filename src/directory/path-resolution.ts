import { nearestName } from '../std/nearest-name.ts'
import type { Collection } from './directory.ts'
import type { PathText } from './filter.ts'
import { quoted } from './filter-lexer.ts'
import {
  type AttributeDefinition,
  findAttribute,
  type SchemaRegistry,
  sameName,
} from './schema-registry.ts'

/** What an attribute path names. */
export interface ResolvedPath {
  readonly kind: 'resolved'
  /** URN of an extension; undefined = core. */
  readonly schema: string | undefined
  /** Undefined: the whole extension. */
  readonly attribute: AttributeDefinition | undefined
  readonly subAttribute: AttributeDefinition | undefined
}

/** No such attribute; the message names the nearest. */
export interface UnknownPath {
  readonly kind: 'unknown'
  readonly message: string
}

/** Looks a path up, in any case (RFC 7643 §2.1). Unqualified names are core (RFC 7644 §3.10). */
export function resolvePath(
  path: PathText,
  registry: SchemaRegistry,
  of: Collection,
): ResolvedPath | UnknownPath {
  const { urn, attribute: name, subAttribute: subName } = path
  const [core, ...extensions] = registry.schemasOf(of)
  if (urn === undefined || sameName(core?.urn ?? '', urn)) {
    const attributes = registry.coreAttributes(of)
    const attribute = findAttribute(attributes, name)
    if (attribute !== undefined) return withSub(undefined, attribute, subName)
    if (urn === undefined) {
      const owner = extensions.find((schema) => findAttribute(schema.attributes, name))
      const home = owner && findAttribute(owner.attributes, name)
      if (owner && home) return unknown(name, `${owner.urn}:${home.name}`)
    }
    return unknownAmong(name, attributes)
  }
  const extension = extensions.find((schema) => sameName(schema.urn, urn))
  if (extension !== undefined) {
    const attribute = findAttribute(extension.attributes, name)
    if (attribute === undefined) return unknownAmong(name, extension.attributes)
    return withSub(extension.urn, attribute, subName)
  }
  // The whole text may be a URN: its last part then looks like an attribute.
  const whole = extensions.find((schema) => sameName(schema.urn, `${urn}:${name}`))
  if (whole === undefined || subName !== undefined) {
    const urns = registry.schemasOf(of).map((schema) => schema.urn)
    return { kind: 'unknown', message: `no schema ${quoted(urn)}; there are ${urns.join(', ')}` }
  }
  return { kind: 'resolved', schema: whole.urn, attribute: undefined, subAttribute: undefined }
}

/** The sub-attribute, or why there is none. */
export function resolveSubAttribute(
  attribute: AttributeDefinition,
  name: string,
): AttributeDefinition | UnknownPath {
  const found = findAttribute(attribute.subAttributes, name)
  if (found !== undefined) return found
  if (attribute.type !== 'complex') {
    return { kind: 'unknown', message: `\`${attribute.name}\` has no sub-attributes` }
  }
  const nearest = nearestName(name, namesOf(attribute.subAttributes))
  return unknown(`${attribute.name}.${name}`, nearest && `${attribute.name}.${nearest}`)
}

function withSub(
  schema: string | undefined,
  attribute: AttributeDefinition,
  subName: string | undefined,
): ResolvedPath | UnknownPath {
  if (subName === undefined) return { kind: 'resolved', schema, attribute, subAttribute: undefined }
  const subAttribute = resolveSubAttribute(attribute, subName)
  if ('kind' in subAttribute) return subAttribute
  return { kind: 'resolved', schema, attribute, subAttribute }
}

function unknownAmong(name: string, attributes: readonly AttributeDefinition[]): UnknownPath {
  return unknown(name, nearestName(name, namesOf(attributes)))
}

function unknown(name: string, nearest: string | undefined): UnknownPath {
  const hint = nearest === undefined ? '' : `; did you mean \`${nearest}\``
  return { kind: 'unknown', message: `no attribute ${quoted(name)}${hint}` }
}

function namesOf(attributes: readonly AttributeDefinition[]): readonly string[] {
  return attributes.map((attribute) => attribute.name)
}
