import type { Collection } from './directory.ts'

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
}

export interface Schema {
  readonly urn: string
  readonly name: string
  readonly description: string
  readonly attributes: readonly AttributeDefinition[]
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
