import { assert } from '../std/assert.ts'
import { commonAttributes } from './core-schemas.ts'
import type { Collection } from './directory.ts'
import { enterpriseUserSchema } from './enterprise-schema.ts'
import { groupSchema } from './group-schema.ts'
import { userSchema } from './user-schema.ts'

/**
 * What attributes there are, of which type, and how their values compare (RFC 7643 §2.2 and §7).
 * The one source of truth: discovery is rendered from it, writes are checked against it, filters
 * and policies resolve their paths in it.
 */
export interface SchemaRegistry {
  /** Schemas of a resource type: the core schema first, then the extensions. */
  schemasOf(of: Collection): readonly Schema[]
  /** By URN, in any case. */
  schema(urn: string): Schema | undefined
  /** What may stand unqualified: the common attributes, then those of the core schema. */
  coreAttributes(of: Collection): readonly AttributeDefinition[]
  /** The extension that policies call by a short name, in any case: `enterprise` is built in. */
  extensionByAlias(alias: string): Schema | undefined
}

export interface Schema {
  readonly urn: string
  readonly name: string
  readonly description: string
  readonly attributes: readonly AttributeDefinition[]
}

/** A schema beside the core one. Its attributes are qualified by its URN. */
export interface ExtensionSchema extends Schema {
  /** What policies write for the URN; an identifier without dots. */
  readonly alias?: string
  /** Whose resources it extends; users' unless it says so. */
  readonly of?: Collection
}

/** RFC 7643 §7. All fields are always given. */
export interface AttributeDefinition {
  readonly name: string
  readonly type: AttributeType
  readonly multiValued: boolean
  readonly description: string
  readonly required: boolean
  readonly caseExact: boolean
  readonly mutability: 'readOnly' | 'readWrite' | 'immutable' | 'writeOnly'
  readonly returned: 'always' | 'never' | 'default' | 'request'
  readonly uniqueness: 'none' | 'server' | 'global'
  /** Suggestions for people who map attributes. Others are taken: providers send what they like. */
  readonly canonicalValues: readonly string[]
  readonly referenceTypes: readonly string[]
  /** Of a complex attribute; otherwise empty. */
  readonly subAttributes: readonly AttributeDefinition[]
}
export type AttributeType =
  | 'string'
  | 'boolean'
  | 'decimal'
  | 'integer'
  | 'dateTime'
  | 'reference'
  | 'binary'
  | 'complex'

/**
 * The registry of one tenant. `extensions` are its custom schemas; whoever reads them from the
 * config has checked that no URN, alias or attribute name stands twice (`declarationFaults`).
 */
export function createSchemaRegistry(extensions: readonly ExtensionSchema[] = []): SchemaRegistry {
  const extending = (of: Collection) => extensions.filter((each) => (each.of ?? 'users') === of)
  const users: readonly ExtensionSchema[] = [
    userSchema,
    enterpriseUserSchema,
    ...extending('users'),
  ]
  const groups: readonly Schema[] = [groupSchema, ...extending('groups')]
  const schemas = { users, groups }
  const core = {
    users: [...commonAttributes, ...userSchema.attributes],
    groups: [...commonAttributes, ...groupSchema.attributes],
  }
  const all = [...users, ...groups]
  assertDistinct(all.map((schema) => schema.urn))
  assertDistinct(users.flatMap((schema) => schema.alias ?? []))
  return {
    schemasOf: (of) => schemas[of],
    schema: (urn) => all.find((schema) => sameName(schema.urn, urn)),
    coreAttributes: (of) => core[of],
    extensionByAlias: (alias) =>
      users.find((schema) => schema.alias !== undefined && sameName(schema.alias, alias)),
  }
}

/** The attribute of that name, in any case. `__proto__` is a name like any other: unknown. */
export function findAttribute(
  attributes: readonly AttributeDefinition[],
  name: string,
): AttributeDefinition | undefined {
  // A loop, since a group of 100,000 members asks for each key of each member.
  for (const attribute of attributes) if (sameName(attribute.name, name)) return attribute
  return undefined
}

/**
 * Attribute names and URNs are ASCII and compare without case (RFC 7643 §2.1). Not by `fold`, which
 * would take the Kelvin sign for a `k` and let `nic\u212aName` write `nickName`.
 */
export function sameName(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at += 1) {
    if (asciiLower(a.charCodeAt(at)) !== asciiLower(b.charCodeAt(at))) return false
  }
  return true
}

function asciiLower(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code
}

function assertDistinct(names: readonly string[]): void {
  const twice = names.find((name, at) => names.findIndex((other) => sameName(other, name)) < at)
  assert(twice === undefined, `schema name \`${twice}\` stands twice`)
}
