import { type AttributeValue, emptyComplex } from '../directory/directory.ts'
import {
  type AttributeDefinition,
  findAttribute,
  type Schema,
  type SchemaRegistry,
  sameName,
} from '../directory/schema-registry.ts'
import { copyOf, elementsOf, isComplex, ownValue } from './complex-value.ts'
import { type Entry, entriesIn } from './core-names.ts'
import { isJsonObject, isUnassigned, type JsonObject, type Notes, property } from './json-object.ts'
import { checkNames, namesIn } from './limits.ts'
import { onePrimary } from './primary.ts'
import { extensionOf } from './quirks/entra.ts'
import { readValue, shortName } from './read-value.ts'
import type { ResourceType } from './resource-type.ts'
import { badRequest, wrongValue } from './scim-error.ts'

/** A resource as a client sent it, each value of its type. Whether all is there is not asked. */
export interface SentResource {
  readonly document: { [name: string]: AttributeValue }
  /** The attributes that were named, null or not: `title`, or `URN:clearance`. */
  readonly given: ReadonlySet<string>
  /** A group's `members`, unread. */
  readonly members: unknown
}

/**
 * Reads the body of a POST or PUT, or a resource of a file. `id`, `meta`, `groups` and other
 * readOnly attributes are ignored (RFC 7644 §3.3), unknown ones are ignored and noted: one bad
 * mapping must not cost the user.
 */
export function readResource(
  body: unknown,
  type: ResourceType,
  registry: SchemaRegistry,
  notes: Notes,
): SentResource {
  if (!isJsonObject(body)) {
    throw badRequest('invalidSyntax', `the body must be a ${type.name} as a JSON object`)
  }
  checkSchemas(body, type)
  const document = emptyComplex()
  const given = new Set<string>()
  const bare: (readonly [...entry: Entry, urn: string])[] = []
  let members: unknown
  const entries = entriesIn(body, type)
  checkNames(entries.length, type.name)
  for (const [name, sent] of entries) {
    if (sameName(name, 'schemas')) continue
    if (name.includes(':')) {
      readExtension({ document, given }, name, sent, { type, registry, notes })
      continue
    }
    const definition = findAttribute(registry.coreAttributes(type.of), name)
    if (definition === undefined) {
      const urn = extensionOf(name, registry, type.of)
      if (urn === undefined) notes.ignore('attribute', shortName(name))
      else bare.push([name, sent, urn])
      continue
    }
    given.add(definition.name)
    if (type.of === 'groups' && definition.name === 'members') members = sent
    else assign(document, definition, sent, definition.name, notes)
  }
  for (const [name, sent, urn] of bare) {
    assignBare({ document, given }, name, sent, { schema: registry.schema(urn), notes })
  }
  return { document, given, members }
}

function assign(
  target: { [name: string]: AttributeValue },
  definition: AttributeDefinition,
  sent: unknown,
  path: string,
  notes: Notes,
): void {
  if (!isKept(definition)) return
  const value = readValue(definition, sent, path, notes)
  if (value === undefined) {
    delete target[definition.name]
    return
  }
  if (!definition.multiValued) {
    target[definition.name] = value
    return
  }
  const elements = elementsOf(value)
  const single = onePrimary(definition, elements)
  if (single !== elements) notes.add(`\`${path}\`: more than one primary value, the first stays`)
  target[definition.name] = single
}

/** A password is accepted and forgotten: nobody signs in here. */
export function isKept({ mutability }: AttributeDefinition): boolean {
  return mutability !== 'readOnly' && mutability !== 'writeOnly'
}

interface Draft {
  readonly document: { [name: string]: AttributeValue }
  readonly given: Set<string>
}
interface Reading {
  readonly type: ResourceType
  readonly registry: SchemaRegistry
  readonly notes: Notes
}

function readExtension(
  { document, given }: Draft,
  urn: string,
  sent: unknown,
  { type, registry, notes }: Reading,
): void {
  const [, ...extensions] = registry.schemasOf(type.of)
  const schema = extensions.find((extension) => sameName(extension.urn, urn))
  if (schema === undefined) {
    notes.ignore('schema', shortName(urn))
    return
  }
  delete document[schema.urn]
  if (isUnassigned(sent)) {
    // All of it is named, and named to be empty.
    for (const { name } of schema.attributes) given.add(`${schema.urn}:${name}`)
    return
  }
  if (!isJsonObject(sent)) {
    throw wrongValue('invalidValue', `\`${schema.urn}\` must be an object`, sent)
  }
  const extension = emptyComplex()
  for (const name of namesIn(sent, schema.urn)) {
    const definition = findAttribute(schema.attributes, name)
    const path = `${schema.urn}:${definition?.name ?? shortName(name)}`
    given.add(path)
    if (definition === undefined) notes.ignore('attribute', path)
    else assign(extension, definition, sent[name], path, notes)
  }
  if (Object.keys(extension).length > 0) document[schema.urn] = extension
}

/**
 * A name that only an extension has. Entra's older samples have `department` and `manager` outside
 * of theirs: they count, unless the extension itself says something else.
 */
function assignBare(
  { document, given }: Draft,
  name: string,
  sent: unknown,
  { schema, notes }: { readonly schema: Schema | undefined; readonly notes: Notes },
): void {
  const definition = schema && findAttribute(schema.attributes, name)
  if (schema === undefined || definition === undefined) return
  const path = `${schema.urn}:${definition.name}`
  if (given.has(path)) return
  given.add(path)
  const stored = ownValue(document, schema.urn)
  const extension = isComplex(stored) ? copyOf(stored) : emptyComplex()
  assign(extension, definition, sent, path, notes)
  if (Object.keys(extension).length > 0) document[schema.urn] = extension
}

/**
 * RFC 7643 §3: the core schema must be named. Others are ignored: Entra names the enterprise schema
 * without sending it, and sends custom ones without naming them.
 */
function checkSchemas(body: JsonObject, type: ResourceType): void {
  const schemas = property(body, 'schemas')
  const named = Array.isArray(schemas) ? schemas : []
  if (named.some((urn) => typeof urn === 'string' && sameName(urn, type.urn))) return
  throw badRequest('invalidSyntax', `\`schemas\` must contain \`${type.urn}\``)
}
