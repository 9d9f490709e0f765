import { parseDateTime } from '../directory/date-time.ts'
import { type AttributeValue, emptyComplex } from '../directory/directory.ts'
import { type AttributeDefinition, findAttribute } from '../directory/schema-registry.ts'
import { isJsonObject, isUnassigned, type Notes } from './json-object.ts'
import { checkValues, namesIn, textLengthMax } from './limits.ts'
import { appRole, booleanFrom, isBareValue, onlyValue } from './quirks/entra.ts'
import { meantBy } from './quirks/other-names.ts'
import { badRequest, type ScimError, wrongValue } from './scim-error.ts'

type Value = AttributeValue | undefined

/**
 * The liberal layer: what a client sent for an attribute, as the value that is kept, or undefined
 * where it is unassigned. Names come out canonical; what the schema does not know is left out and
 * noted; what has the wrong type is refused, naming the path. A value that has its type is kept as
 * it was sent: no format is checked, since identity providers send anything as a locale.
 */
export function readValue(
  definition: AttributeDefinition,
  sent: unknown,
  path: string,
  notes: Notes,
): Value {
  if (!definition.multiValued) return readSingle(definition, onlyValue(sent), path, notes)
  if (isUnassigned(sent)) return undefined
  const elements = Array.isArray(sent) ? sent : [sent]
  checkValues(elements.length, path)
  const values: AttributeValue[] = []
  for (const [index, element] of elements.entries()) {
    const value = readSingle(definition, element, `${path}[${index}]`, notes)
    if (value !== undefined) values.push(value)
  }
  return values.length === 0 ? undefined : values
}

/** One element of a list, or the value of an attribute that has one. */
export function readSingle(
  definition: AttributeDefinition,
  sent: unknown,
  path: string,
  notes: Notes,
): Value {
  if (isUnassigned(sent)) return undefined
  switch (definition.type) {
    case 'complex':
      return readComplex(definition, sent, path, notes)
    case 'boolean':
      if (typeof sent === 'string') notes.coerce(definition.name)
      return booleanFrom(sent) ?? refuse(wrongType(path, 'true or false', sent))
    case 'integer':
    case 'decimal':
      if (typeof sent === 'string') notes.coerce(definition.name)
      return readNumber(definition.type, sent, path)
    case 'dateTime':
      if (typeof sent === 'string' && parseDateTime(sent) !== undefined) return sent
      throw wrongType(path, 'a date and time with an offset, such as 2026-01-31T08:00:00Z', sent)
    default:
      return readText(sent, path)
  }
}

function readComplex(
  definition: AttributeDefinition,
  sent: unknown,
  path: string,
  notes: Notes,
): Value {
  const { subAttributes } = definition
  const complex = emptyComplex()
  const isBare = isBareValue(sent) && findAttribute(subAttributes, 'value') !== undefined
  const object = isBare ? { value: sent } : sent
  if (!isJsonObject(object)) throw wrongType(path, 'an object', object)
  for (const name of namesIn(object, path)) {
    const known = findAttribute(subAttributes, name)
    const sub = known ?? meantBy(name, definition)
    if (sub === undefined) {
      if (notes.isFull) continue
      const attribute = `${definition.name}.${shortName(name)}`
      notes.ignore('attribute', `${path}.${shortName(name)}`, { attribute })
      continue
    }
    if (sub.mutability === 'readOnly') continue
    // The name of the schema counts where both are there.
    if (known === undefined && Object.hasOwn(complex, sub.name)) continue
    const value = readValue(sub, object[name], `${path}.${sub.name}`, notes)
    if (value !== undefined) complex[sub.name] = value
  }
  if (Object.keys(complex).length === 0) return undefined
  const role = definition.name === 'roles' ? appRole(complex) : undefined
  if (role !== undefined) notes.add(`\`${path}\`: a role as JSON text is kept as its value`)
  return role ?? complex
}

function readText(sent: unknown, path: string): string {
  if (typeof sent !== 'string') throw wrongType(path, 'a string', sent)
  if (sent.length > textLengthMax) {
    throw badRequest('invalidValue', `\`${path}\` must be at most ${textLengthMax} characters`)
  }
  // Half a character has no form in UTF-8, so it could not be sent back as it came.
  if (!sent.isWellFormed()) throw wrongType(path, 'a string of whole Unicode characters', sent)
  return sent
}

function readNumber(type: 'integer' | 'decimal', sent: unknown, path: string): number {
  // Entra's mappings give every custom attribute as a string.
  const number = typeof sent === 'string' && sent.trim() !== '' ? Number(sent) : sent
  const fits = type === 'integer' ? Number.isSafeInteger(number) : Number.isFinite(number)
  if (fits) return number as number
  throw wrongType(path, type === 'integer' ? 'a whole number' : 'a number', sent)
}

/** Names come from the client: for the log without a filter, whose values are data, and cut. */
export function shortName(name: string): string {
  const bracket = name.indexOf('[')
  const shown = bracket < 0 ? name : `${name.slice(0, bracket)}[…]`
  return shown.length > nameShownMax ? `${shown.slice(0, nameShownMax)}…` : shown
}
const nameShownMax = 100

function wrongType(path: string, wanted: string, sent: unknown): ScimError {
  return wrongValue('invalidValue', `\`${path}\` must be ${wanted}`, sent)
}

function refuse(error: ScimError): never {
  throw error
}
