import { parseDateTime } from '../directory/date-time.ts'
import type { AttributeValue, Complex } from '../directory/directory.ts'
import type { AttributeDefinition, ExtensionSchema } from '../directory/schema-registry.ts'
import { findAttribute } from '../directory/schema-registry.ts'
import type { Path } from '../std/located-yaml.ts'
import { didYouMean } from '../std/nearest-name.ts'
import type { Vocabulary } from './attribute-at.ts'
import { contextKey, knownContextKeys } from './context-keys.ts'
import type { Value, Values } from './policy.ts'
import type { TestPart } from './test-schema.ts'

/** A user as a test writes it, in the form in which the directory keeps it. */
export interface TestUser {
  readonly attributes: Complex
  /** Names of groups, as written. */
  readonly groups: readonly string[]
}

/** Told what is wrong; `key`: with the last part of the path itself. */
export type TellFault = (path: Path, message: string, at?: 'key') => void

/** SCIM attributes, `groups` by name, extensions by alias or URN. */
export function testUser(
  given: Readonly<Record<string, unknown>>,
  { registry }: Vocabulary,
  tell: TellFault,
): TestUser {
  const attributes = emptyComplex()
  let groups: readonly string[] = []
  const core = registry.coreAttributes('users')
  const extensions = registry.schemasOf('users').slice(1) as readonly ExtensionSchema[]
  for (const [key, value] of Object.entries(given)) {
    const path = ['given', 'user', key]
    if (key === 'groups') {
      if (Array.isArray(value) && value.every((name) => typeof name === 'string')) groups = value
      else tell(path, 'expected a list of names of groups')
      continue
    }
    const extension = extensions.find(({ urn, alias }) => key === urn || key === alias)
    if (extension !== undefined) {
      attributes[extension.urn] = complexOf(value, extension.attributes, path, tell)
      continue
    }
    const attribute = key === 'id' ? undefined : findAttribute(core, key)
    if (attribute === undefined && key !== 'id') {
      const known = ['groups', ...core.map(({ name }) => name), ...extensions.map(aliasOf)]
      tell(path, `\`${key}\` is no attribute of a user${didYouMean(key, known)}`, 'key')
    } else attributes[attribute?.name ?? key] = valueAt(value, attribute, path, tell)
  }
  return { attributes: Object.assign(emptyComplex(), { id: 'test-user' }, attributes), groups }
}

function aliasOf({ alias, urn }: ExtensionSchema): string {
  return alias ?? urn
}

function valueAt(
  value: unknown,
  attribute: AttributeDefinition | undefined,
  path: Path,
  tell: TellFault,
): AttributeValue {
  if (attribute === undefined) return String(value)
  if (attribute.multiValued) {
    if (!Array.isArray(value)) tell(path, `\`${attribute.name}\` is multi-valued: expected a list`)
    const all: readonly unknown[] = Array.isArray(value) ? value : []
    return all.map((each, at) => singleOf(each, attribute, [...path, at], tell))
  }
  return singleOf(value, attribute, path, tell)
}

function singleOf(
  value: unknown,
  attribute: AttributeDefinition,
  path: Path,
  tell: TellFault,
): AttributeValue {
  const { name, type } = attribute
  if (type === 'complex') return complexOf(value, attribute.subAttributes ?? [], path, tell)
  const wanted = jsonTypes[type] ?? 'string'
  const found = typeof value as string
  if (found !== wanted) tell(path, `\`${name}\` is a ${wanted}, found ${JSON.stringify(value)}`)
  else if (type === 'dateTime' && parseDateTime(String(value)) === undefined) {
    tell(path, `\`${name}\` is an RFC 3339 time, found ${JSON.stringify(value)}`)
  }
  return value as AttributeValue
}

/** Of what is no string in JSON. */
const jsonTypes: Readonly<Record<string, string>> = {
  boolean: 'boolean',
  integer: 'number',
  decimal: 'number',
}

function complexOf(
  value: unknown,
  attributes: readonly AttributeDefinition[],
  path: Path,
  tell: TellFault,
): Complex {
  const found = emptyComplex()
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    tell(path, 'expected a mapping')
    return found
  }
  for (const [key, each] of Object.entries(value)) {
    const attribute = findAttribute(attributes, key)
    if (attribute !== undefined) {
      found[attribute.name] = valueAt(each, attribute, [...path, key], tell)
      continue
    }
    const known = attributes.map(({ name }) => name)
    tell([...path, key], `\`${key}\` is unknown here${didYouMean(key, known)}`, 'key')
  }
  return found
}

function emptyComplex(): Record<string, AttributeValue> {
  return Object.create(null)
}

/** Nested mappings become dotted keys, as the wires have them. */
export function testValues(
  part: 'context' | 'claims' | 'resource' | 'actionProperties',
  given: TestPart['given'],
  vocabulary: Vocabulary,
  tell: TellFault,
): Values {
  const values = new Map<string, Value>()
  const add = (mapping: Readonly<Record<string, unknown>>, path: Path, prefix: string) => {
    for (const [name, value] of Object.entries(mapping)) {
      const [key, below] = [`${prefix}${name}`, [...path, name]]
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        add(value as Readonly<Record<string, unknown>>, below, `${key}.`)
      } else if (!isValue(value)) {
        tell(below, `\`${key}\`: expected a string, a number, a boolean or a list of strings`)
      } else {
        values.set(key, value)
        if (part === 'context')
          checkContext(key, value, vocabulary, (text, at) => tell(below, text, at))
      }
    }
  }
  add(given[part] ?? {}, ['given', part], '')
  return values
}

function isValue(value: unknown): value is Value {
  if (Array.isArray(value)) return value.every((each) => typeof each === 'string')
  return ['string', 'number', 'boolean'].includes(typeof value)
}

/** What a gateway would send in vain is a slip in a test. */
function checkContext(
  key: string,
  value: Value,
  { contextKeys }: Vocabulary,
  tell: (message: string, at?: 'key') => void,
): void {
  const known = contextKey(key, contextKeys)
  if (known === undefined) {
    const { nearest, all } = knownContextKeys(key, contextKeys)
    const hint = nearest === undefined ? '' : ` (did you mean \`${nearest}\`?)`
    tell(`\`context.${key}\` is unknown${hint}; known keys: ${all}`, 'key')
    return
  }
  const isList = Array.isArray(value)
  const fits = isList
    ? known.multiValued
    : !known.multiValued && known.type.form(value) !== undefined
  const wanted = known.multiValued ? 'a list' : known.type.name
  if (!fits) tell(`\`context.${key}\`: expected ${wanted}, found ${JSON.stringify(value)}`)
}
