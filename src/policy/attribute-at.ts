import type { AttributePath } from '../directory/attribute-path.ts'
import { parseAttributePath } from '../directory/attribute-path.ts'
import { isSecret } from '../directory/document-view.ts'
import type {
  AttributeDefinition,
  ExtensionSchema,
  SchemaRegistry,
} from '../directory/schema-registry.ts'
import { findAttribute } from '../directory/schema-registry.ts'
import { nearestName } from '../std/nearest-name.ts'
import type { Attribute, FoundAttribute } from './attribute.ts'
import { type ContextKeys, contextKey, knownContextKeys } from './context-keys.ts'
import { SentValue } from './sent-value.ts'
import { UserAttribute } from './user-attribute.ts'
import {
  booleanType,
  claimType,
  complexType,
  dateTimeType,
  exactBinary,
  exactText,
  foldedText,
  numberType,
  type ValueType,
} from './value-type.ts'

/** What attributes there are beside the built-in ones. */
export interface Vocabulary {
  readonly registry: SchemaRegistry
  /** Keys below `context.` that the config declares. */
  readonly contextKeys: ContextKeys
}

/**
 * `user.…` is the directory's word; `claims.…`, `context.…`, `action.…` and `resource.…` are the
 * caller's.
 */
export function attributeAt(text: string, vocabulary: Vocabulary): FoundAttribute {
  const { registry, contextKeys } = vocabulary
  // A quoted URN path and what follows it: `user."urn:…:department"`.
  if (text.startsWith('user.')) return userAttribute(text.slice(5), registry)
  if (text.startsWith('urn:')) return userAttribute(text, registry)
  for (const channel of ['claims', 'action', 'resource'] as const) {
    const prefix = `${channel}.`
    if (!text.startsWith(prefix) || text === prefix) continue
    return new SentValue(channel, text.slice(prefix.length), claimType, 'maybe')
  }
  if (text.startsWith('context.')) return contextAttribute(text.slice(8), contextKeys)
  const hint = contextKey(text, contextKeys)
    ? ` (did you mean \`context.${text}\`?)`
    : userHint(text, registry)
  return {
    fault: `\`${text}\` is no attribute${hint}; write \`user.…\`, \`claims.…\` or \`context.…\``,
  }
}

function contextAttribute(key: string, declared: ContextKeys): FoundAttribute {
  const known = contextKey(key, declared)
  if (known !== undefined) return new SentValue('context', key, known.type, known.multiValued)
  const { nearest, all } = knownContextKeys(key, declared)
  const hint = nearest === undefined ? '' : ` (did you mean \`context.${nearest}\`?)`
  return { fault: `\`context.${key}\` is unknown${hint}; known keys: ${all}` }
}

function userHint(text: string, registry: SchemaRegistry): string {
  const path = parseAttributePath(text, registry, 'users', { aliases: true })
  return path.kind === 'path' ? ` (did you mean \`user.${text}\`?)` : ''
}

function userAttribute(written: string, registry: SchemaRegistry): FoundAttribute {
  const text = unquoted(written)
  const path = parseAttributePath(text, registry, 'users', { aliases: true })
  if (path.kind === 'fault') {
    if (path.reason === 'unknown') return { fault: notInSchema(text, path.message, registry) }
    const where = `at character ${'user.'.length + path.at + 1}`
    return { fault: `\`user.${written}\` cannot be read ${where}: ${path.message}` }
  }
  const { attribute } = path
  if (path.schema === undefined && attribute !== undefined) {
    const refused = refusal(attribute)
    if (refused !== undefined) return { fault: refused }
  }
  return userAttributeAt(path, registry)
}

/** The nearest attribute may be in another schema: `user.departement`. */
function notInSchema(text: string, message: string, registry: SchemaRegistry): string {
  const paths = new Map<string, string>()
  const [core, ...extensions] = registry.schemasOf('users')
  for (const schema of extensions) {
    const { alias = schema.urn } = schema as ExtensionSchema
    const mark = alias === schema.urn ? ':' : '.'
    for (const { name } of schema.attributes) paths.set(name, `${alias}${mark}${name}`)
  }
  for (const { name } of core?.attributes ?? []) paths.set(name, name)
  const last = text.slice(Math.max(text.lastIndexOf('.'), text.lastIndexOf(':')) + 1)
  const nearest = paths.get(nearestName(last, paths.keys()) ?? '')
  const hint = nearest === undefined ? `: ${message}` : ` (did you mean \`user.${nearest}\`?)`
  return `\`user.${text}\` is not in the schema${hint}`
}

/** What a user's resource shows and rules must not read there. */
function refusal({ name, mutability }: AttributeDefinition): string | undefined {
  if (name === 'groups') return '`user.groups` is asked in `who.groups`, which counts nested groups'
  if (name === 'meta')
    return '`user.meta` is about the record, not the person: rules cannot read it'
  if (mutability === 'writeOnly') return `\`user.${name}\` is not kept, so rules cannot read it`
  return undefined
}

function userAttributeAt(path: AttributePath, registry: SchemaRegistry): Attribute {
  const { schema, attribute } = path
  // `emails` means `emails.value` (RFC 7643 §2.4: value is the significant one).
  const significant =
    attribute?.multiValued === true ? findAttribute(attribute.subAttributes, 'value') : undefined
  const sub = path.subAttribute ?? significant
  const leaf = sub ?? attribute
  return new UserAttribute({
    path,
    sub,
    type: leaf === undefined ? complexType : typeFor(leaf),
    multiValued: attribute?.multiValued === true || sub?.multiValued === true,
    documentKey: schema ?? attribute?.name ?? '',
    isSecret: isSecretAt(path, leaf, registry),
  })
}

/** Whether the values hold something that is `returned: never`: rules read it, nobody is told. */
function isSecretAt(
  { schema, attribute }: AttributePath,
  leaf: AttributeDefinition | undefined,
  registry: SchemaRegistry,
): boolean {
  if (leaf !== undefined) return attribute?.returned === 'never' || isSecret(leaf)
  return registry.schema(schema ?? '')?.attributes.some(isSecret) ?? false
}

function typeFor({ type, caseExact }: AttributeDefinition): ValueType {
  switch (type) {
    case 'boolean':
      return booleanType
    case 'integer':
    case 'decimal':
      return numberType
    case 'dateTime':
      return dateTimeType
    case 'complex':
      return complexType
    case 'binary':
      return exactBinary
    default:
      return caseExact ? exactText : foldedText
  }
}

/** `"urn:…:User:department"`, quotes around the whole path. */
function unquoted(text: string): string {
  const quoted = text.length > 1 && text.startsWith('"') && text.endsWith('"')
  return quoted ? text.slice(1, -1) : text
}
