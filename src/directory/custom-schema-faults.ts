import {
  commonAttributes,
  coreGroupUrn,
  coreUserUrn,
  enterpriseUserUrn,
  schemasAttribute,
} from './core-schemas.ts'
import type {
  AttributeDeclaration,
  SchemaDeclaration,
  SubAttributeDeclaration,
} from './custom-schema.ts'
import { enterpriseUserSchema } from './enterprise-schema.ts'
import { isAttributeName } from './filter.ts'
import { groupSchema } from './group-schema.ts'
import { findAttribute, sameName } from './schema-registry.ts'
import { userSchema } from './user-schema.ts'

/** Something in a tenant's declared schemas that cannot be honoured, and how to mend it. */
export interface DeclarationFault {
  /** From the list of schemas: `[0, 'attributes', 2, 'name']`. */
  readonly path: readonly (string | number)[]
  readonly message: string
}

/**
 * Schemas of one tenant. Each is listed by discovery and looked up by name on every request; a
 * directory that several identity providers fed would have a handful.
 */
export const schemasMax = 20
/**
 * Attributes of all schemas of one tenant, sub-attributes counted. Each name that a client sends is
 * looked up by going through them: 500 names in a body stay about a millisecond of work.
 */
export const attributesMax = 500
/** URNs stand in paths, filters and URLs, where some 60 characters are usual. */
export const urnLengthMax = 255
/** As long as the identifiers of the config; people type it into rules. */
export const nameLengthMax = 63

/**
 * Everything that is wrong with the schemas of one tenant, in their order; empty: a registry can be
 * made of them. What a single field may hold (`mutability`, `uniqueness`) whoever read it has
 * checked.
 */
export function declarationFaults(
  declared: readonly SchemaDeclaration[],
): readonly DeclarationFault[] {
  const faults: DeclarationFault[] = []
  const fault: AddFault = (path, message) => faults.push({ path, message })
  if (declared.length > schemasMax) {
    fault([], `${declared.length} schemas, at most ${schemasMax} are allowed`)
  }
  const count = declared.reduce((sum, { attributes }) => sum + countOf(attributes), 0)
  if (count > attributesMax) {
    const counted = 'sub-attributes counted'
    fault([], `${count} attributes (${counted}), at most ${attributesMax} are allowed`)
  }
  for (const [index, schema] of declared.entries()) {
    const within: AddFault = (path, message) => fault([index, ...path], message)
    const before = declared.slice(0, index)
    checkUrn(schema, { before, all: declared }, within)
    checkAlias(schema, before, within)
    if (schema.attributes.length === 0) within(['attributes'], 'name at least one attribute')
    checkNames(schema.attributes, isCommon, (path, text) => within(['attributes', ...path], text))
    for (const [at, attribute] of schema.attributes.entries()) {
      checkAttribute(attribute, (path, text) => within(['attributes', at, ...path], text))
    }
  }
  return faults
}

type AddFault = (path: DeclarationFault['path'], message: string) => void

function countOf(attributes: readonly AttributeDeclaration[]): number {
  return attributes.reduce((sum, { subAttributes }) => sum + 1 + subAttributes.length, 0)
}

function checkUrn({ id }: SchemaDeclaration, others: Others, fault: AddFault): void {
  if (!isSchemaUrn(id)) {
    const parts = 'letters, digits, `.`, `_` and `-` between colons'
    fault(['id'], `\`${id}\` is no URN: expected one like \`urn:acme:scim:badge\`, ${parts}`)
    return
  }
  if (builtIn.some(({ urn }) => sameName(urn, id))) {
    fault(['id'], `\`${id}\` is built in: give the schema a URN of its own`)
  }
  const twin = others.before.findIndex((other) => sameName(other.id, id))
  if (twin >= 0) fault(['id'], `\`${id}\` is the URN of \`schemas[${twin}]\` already`)
  const declared = others.all.map((each) => ({ urn: each.id, attributes: each.attributes }))
  const owner = [...builtIn, ...declared].find((schema) => isPathWithin(schema, id))
  if (owner !== undefined) {
    fault(['id'], `\`${id}\` already names an attribute of \`${owner.urn}\`: choose another URN`)
  }
}

interface Others {
  readonly before: readonly SchemaDeclaration[]
  readonly all: readonly SchemaDeclaration[]
}

interface Owner {
  readonly urn: string
  readonly attributes: readonly { readonly name: string }[]
}

const builtIn: readonly Owner[] = [
  { urn: coreUserUrn, attributes: [...commonAttributes, ...userSchema.attributes] },
  { urn: coreGroupUrn, attributes: [...commonAttributes, ...groupSchema.attributes] },
  enterpriseUserSchema,
]

/** RFC 8141 §2, without the characters that would end a path or have to be escaped in a URL. */
function isSchemaUrn(text: string): boolean {
  const form = /^urn:[a-z0-9][a-z0-9-]{0,30}[a-z0-9](:[a-z0-9._-]+)+$/i
  return text.length <= urnLengthMax && form.test(text)
}

/** Whether a path would be read as an attribute of the schema: `URN:name` or `URN:name.sub`. */
function isPathWithin({ urn, attributes }: Owner, path: string): boolean {
  if (path[urn.length] !== ':' || !sameName(path.slice(0, urn.length), urn)) return false
  const [name] = path.slice(urn.length + 1).split('.', 1)
  return attributes.some((attribute) => sameName(attribute.name, name ?? ''))
}

function checkAlias(
  { alias, resourceType }: SchemaDeclaration,
  before: readonly SchemaDeclaration[],
  fault: AddFault,
): void {
  if (alias === undefined) return
  if (resourceType === 'Group') {
    fault(['alias'], 'rules read no attributes of groups, so a schema of groups takes no alias')
    return
  }
  if (!isName(alias)) {
    fault(['alias'], `\`${alias}\` cannot stand in a rule: ${nameRule}`)
    return
  }
  const core = findAttribute([...commonAttributes, ...userSchema.attributes], alias)
  if (core !== undefined || sameName(alias, 'schemas')) {
    fault(['alias'], `\`${alias}\` is an attribute of every user: choose another alias`)
  }
  if (sameName(alias, enterpriseUserSchema.alias ?? '')) {
    fault(['alias'], `\`${alias}\` is the alias of \`${enterpriseUserUrn}\`: choose another`)
  }
  const twin = before.findIndex((other) => sameName(other.alias ?? '', alias))
  if (twin >= 0) fault(['alias'], `\`${alias}\` is the alias of \`schemas[${twin}]\` already`)
}

/** Names of one list: each can be written in a path, and none is another one in other case. */
function checkNames(
  attributes: readonly { readonly name: string }[],
  isReserved: (name: string) => boolean,
  fault: AddFault,
): void {
  for (const [at, { name }] of attributes.entries()) {
    if (!isName(name)) fault([at, 'name'], `\`${name}\` is no attribute name: ${nameRule}`)
    else if (isReserved(name)) fault([at, 'name'], `\`${name}\` is what every resource has already`)
    const twin = attributes.slice(0, at).findIndex((other) => sameName(other.name, name))
    if (twin >= 0) {
      fault([at, 'name'], `\`${name}\` stands twice: names are the same in any letter case`)
    }
  }
}

const nameRule = `expected a letter, then letters, digits, - and _, at most ${nameLengthMax} in all`

/** RFC 7643 §2.1. The parser of paths knows the syntax; `$ref` is the one name with a mark. */
function isName(text: string): boolean {
  if (text.length > nameLengthMax || !isAttributeName(text)) return false
  return text[0] !== '$' || text === '$ref'
}

/** RFC 7643 §3.1: these belong to every resource, whatever its schemas. */
function isCommon(name: string): boolean {
  return [...commonAttributes, schemasAttribute].some((common) => sameName(common.name, name))
}

function checkAttribute(attribute: AttributeDeclaration, fault: AddFault): void {
  const { type, subAttributes } = attribute
  checkTraits(attribute, fault)
  if (type !== 'complex' && subAttributes.length > 0) {
    fault(['subAttributes'], `only complex attributes have them: say \`type: complex\``)
  }
  if (type !== 'complex') return
  if (subAttributes.length === 0) {
    fault(['subAttributes'], 'a complex attribute needs at least one sub-attribute')
  }
  const within: AddFault = (path, message) => fault(['subAttributes', ...path], message)
  checkNames(subAttributes, () => false, within)
  for (const [at, sub] of subAttributes.entries()) {
    checkTraits(sub, (path, message) => within([at, ...path], message))
  }
}

/** What goes with the type. */
function checkTraits(attribute: SubAttributeDeclaration, fault: AddFault): void {
  const { type, caseExact, canonicalValues, referenceTypes } = attribute
  if (caseExact === true && !textual.has(type)) {
    fault(['caseExact'], `values of type ${type} have no letter case: leave it out`)
  }
  if (caseExact === false && type === 'binary') {
    fault(['caseExact'], 'base64 is case exact (RFC 7643 §2.3.6): leave it out')
  }
  if (canonicalValues.length > 0 && !textual.has(type)) {
    fault(['canonicalValues'], `values of type ${type} have none: leave them out`)
  }
  if (type === 'reference' && referenceTypes.length === 0) {
    fault(['referenceTypes'], 'say what it refers to: User, Group, external or uri')
  }
  if (type !== 'reference' && referenceTypes.length > 0) {
    fault(['referenceTypes'], `only references have them: say \`type: reference\``)
  }
}

const textual: ReadonlySet<string> = new Set(['string', 'reference', 'binary'])
