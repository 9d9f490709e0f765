import { enterpriseUserUrn } from './core-schemas.ts'
import { parseDateTime } from './date-time.ts'
import {
  type AttributeValue,
  type Collection,
  type Complex,
  type Document,
  emptyComplex,
} from './directory.ts'
import { type AttributeDefinition, findAttribute, type SchemaRegistry } from './schema-registry.ts'

/**
 * What the schemas know of a stored document. A custom schema may have been taken out of the
 * config, or changed, after values were stored: they stay stored, and until the schema says again
 * what they are they are neither shown nor searched.
 */
export function knownPart(document: Document, registry: SchemaRegistry, of: Collection): Document {
  return narrowed(document, registry, of, everything)
}

/** What may be told to people who explain decisions: without what is `returned: never`. */
export function tellablePart(
  document: Document,
  registry: SchemaRegistry,
  of: Collection,
): Document {
  return narrowed(document, registry, of, isShown)
}

/** Whether a value of the attribute holds something that is never shown. */
export function isSecret({ returned, subAttributes }: AttributeDefinition): boolean {
  return returned === 'never' || subAttributes.some((sub) => sub.returned === 'never')
}

type Keeps = (definition: AttributeDefinition) => boolean

function everything(): boolean {
  return true
}

function isShown({ returned }: AttributeDefinition): boolean {
  return returned !== 'never'
}

/** What is built in is the same in every config: only custom schemas have to be looked at. */
function narrowed(
  document: Document,
  registry: SchemaRegistry,
  of: Collection,
  keeps: Keeps,
): Document {
  const [, ...extensions] = registry.schemasOf(of)
  return changed(document, (urn, value) => {
    if (!urn.includes(':') || urn === enterpriseUserUrn) return value
    const schema = extensions.find((each) => each.urn === urn)
    return schema && isComplex(value) ? attributesOf(value, schema.attributes, keeps) : undefined
  })
}

/** Undefined where nothing is left. */
function attributesOf(
  complex: Complex,
  attributes: readonly AttributeDefinition[],
  keeps: Keeps,
): Complex | undefined {
  const seen = changed(complex, (name, value) => {
    const definition = findAttribute(attributes, name)
    return definition && keeps(definition) ? fitting(definition, value, keeps) : undefined
  })
  return Object.keys(seen).length === 0 ? undefined : seen
}

/** What of a value is as its definition says: it may be older than the definition. */
function fitting(
  definition: AttributeDefinition,
  value: AttributeValue,
  keeps: Keeps,
): AttributeValue | undefined {
  if (!definition.multiValued) return fittingSingle(definition, value, keeps)
  if (!isList(value)) return undefined
  const elements = value.map((element) => fittingSingle(definition, element, keeps))
  if (elements.every((element, at) => element === value[at])) return value
  const left = elements.filter((element) => element !== undefined)
  return left.length === 0 ? undefined : left
}

function fittingSingle(
  definition: AttributeDefinition,
  value: AttributeValue,
  keeps: Keeps,
): AttributeValue | undefined {
  switch (definition.type) {
    case 'complex':
      return isComplex(value) ? attributesOf(value, definition.subAttributes, keeps) : undefined
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'integer':
      return Number.isSafeInteger(value) ? value : undefined
    case 'decimal':
      return typeof value === 'number' ? value : undefined
    case 'dateTime':
      return typeof value === 'string' && parseDateTime(value) !== undefined ? value : undefined
    default:
      return typeof value === 'string' ? value : undefined
  }
}

/** The object itself where `see` gives back each of its values, else a copy with what it gives. */
function changed(
  complex: Complex,
  see: (name: string, value: AttributeValue) => AttributeValue | undefined,
): Complex {
  let copy: { [name: string]: AttributeValue } | undefined
  for (const name of Object.keys(complex)) {
    const seen = see(name, complex[name]!)
    if (seen === complex[name]) continue
    copy ??= Object.assign(emptyComplex(), complex)
    if (seen === undefined) delete copy[name]
    else copy[name] = seen
  }
  return copy ?? complex
}

function isComplex(value: AttributeValue): value is Complex {
  return typeof value === 'object' && !isList(value)
}

function isList(value: AttributeValue): value is readonly AttributeValue[] {
  return Array.isArray(value)
}
