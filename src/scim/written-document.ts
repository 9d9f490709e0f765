import {
  type AttributeValue,
  type Collection,
  type Complex,
  type Document,
  emptyComplex,
} from '../directory/directory.ts'
import { sameValue } from '../directory/same-value.ts'
import {
  type AttributeDefinition,
  findAttribute,
  type Schema,
  type SchemaRegistry,
} from '../directory/schema-registry.ts'
import { copyOf, elementsOf, isComplex, ownValue } from './complex-value.ts'
import { keepImmutable, keepRequired, mustKeepImmutable } from './immutable.ts'
import { checkDocument } from './limits.ts'
import { badRequest } from './scim-error.ts'

export interface Written {
  readonly of: Collection
  readonly registry: SchemaRegistry
  /** What was stored; undefined for a new resource. */
  readonly before: Document | undefined
}

/**
 * What must hold of a document before it is kept: what the schema requires is there, what is
 * immutable has kept its value, and all of it is of a size to be shown. Throws a 400 if not.
 *
 * An extension that a write leaves as it was is not judged: a schema may have come to require more
 * since, and somebody must still be able to deactivate the user.
 */
export function checkWritten(document: Document, { of, registry, before }: Written): void {
  const [core, ...extensions] = registry.schemasOf(of)
  const coreAttributes = core?.attributes ?? []
  requireAll(document, coreAttributes, '')
  mustKeepImmutable(coreAttributes, before, document, '')
  for (const { urn, attributes } of extensions) {
    const was = extensionIn(before, urn)
    const is = extensionIn(document, urn)
    if (sameValue(was, is)) continue
    mustKeepImmutable(attributes, was, is, `${urn}:`)
    if (is !== undefined && isPresent(is, attributes)) requireAll(is, attributes, `${urn}:`)
  }
  checkDocument(document)
}

/**
 * Lays under a PUT what it cannot mean to clear: values of which the schemas know nothing now, and
 * immutable ones that it does not mention.
 */
export function keepUnmentioned(
  replacement: { [name: string]: AttributeValue },
  stored: Document,
  registry: SchemaRegistry,
  { of, given }: { readonly of: Collection; readonly given: ReadonlySet<string> },
): void {
  const [core, ...extensions] = registry.schemasOf(of)
  keepImmutable(core?.attributes ?? [], replacement, stored, { given, prefix: '' })
  for (const urn of Object.keys(stored).filter((name) => name.includes(':'))) {
    const schema = extensions.find((extension) => extension.urn === urn)
    if (schema === undefined) replacement[urn] = stored[urn]!
    else keepInExtension(schema, replacement, stored, given)
  }
}

function keepInExtension(
  { urn, attributes }: Schema,
  replacement: { [name: string]: AttributeValue },
  stored: Document,
  given: ReadonlySet<string>,
): void {
  const was = extensionIn(stored, urn)
  if (was === undefined) return
  const is = extensionIn(replacement, urn)
  const kept = is === undefined ? emptyComplex() : copyOf(is)
  for (const name of Object.keys(was)) {
    if (findAttribute(attributes, name) === undefined) kept[name] = was[name]!
  }
  const mentioned = { given, prefix: `${urn}:` }
  keepImmutable(attributes, kept, was, mentioned)
  if (is === undefined && isPresent(kept, attributes)) {
    keepRequired(attributes, kept, was, mentioned)
  }
  if (Object.keys(kept).length > 0) replacement[urn] = kept
}

function extensionIn(document: Document | undefined, urn: string): Complex | undefined {
  const value = ownValue(document, urn)
  return isComplex(value) ? value : undefined
}

/** What the schema no longer knows does not make an extension present. */
function isPresent(extension: Complex, attributes: readonly AttributeDefinition[]): boolean {
  return Object.keys(extension).some((name) => findAttribute(attributes, name) !== undefined)
}

/** Throws where a required attribute is missing, or a required part of a value (RFC 7643 §2.2). */
function requireAll(
  complex: Complex,
  attributes: readonly AttributeDefinition[],
  prefix: string,
): void {
  for (const { name, required, mutability, subAttributes, multiValued } of attributes) {
    const path = `${prefix}${name}`
    const value = ownValue(complex, name)
    if (value === undefined && required && mutability !== 'readOnly') {
      throw badRequest('invalidValue', `\`${path}\` is required and must not be empty`)
    }
    if (!subAttributes.some((sub) => sub.required)) continue
    for (const [index, element] of elementsOf(value).entries()) {
      const place = multiValued ? `${path}[${index}].` : `${path}.`
      if (isComplex(element)) requireAll(element, subAttributes, place)
    }
  }
}
