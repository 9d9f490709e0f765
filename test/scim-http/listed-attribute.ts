import type { AttributeDefinition } from '../../src/directory/schema-registry.ts'
import type { Json, ScimFixture } from './scim-fixture.ts'

/** What a schema of discovery says of one attribute. */
export type Definition = Omit<
  AttributeDefinition,
  'canonicalValues' | 'referenceTypes' | 'subAttributes'
> & { readonly subAttributes?: readonly Definition[] }

/** An attribute, or a part of one, that discovery lists, and how a client reaches it. */
export interface Listed {
  /** As paths and filters write it. */
  readonly path: string
  readonly endpoint: '/Users' | '/Groups'
  /** Of the core schema. */
  readonly core: string
  readonly urn: string
  /** The attributes that stand beside it in its schema. */
  readonly schema: readonly Definition[]
  readonly definition: Definition
  readonly parent: Definition | undefined
}

/** Every attribute and sub-attribute that `/Schemas` lists, by what `/ResourceTypes` says of it. */
export async function listedAttributes(fixture: ScimFixture): Promise<readonly Listed[]> {
  const types = (await fixture.send('GET', '/ResourceTypes')).body.Resources
  const schemas = (await fixture.send('GET', '/Schemas')).body.Resources
  const listed: Listed[] = []
  for (const { endpoint, schema: core, schemaExtensions = [] } of types) {
    for (const urn of [core, ...schemaExtensions.map((each: Json) => each.schema)]) {
      const { attributes } = schemas.find((each: Json) => each.id === urn)
      const home = { endpoint, core, urn, schema: attributes as readonly Definition[] }
      for (const definition of home.schema) {
        const path = urn === core ? definition.name : `${urn}:${definition.name}`
        listed.push({ ...home, path, definition, parent: undefined })
        for (const sub of definition.subAttributes ?? []) {
          listed.push({
            ...home,
            path: `${path}.${sub.name}`,
            definition: sub,
            parent: definition,
          })
        }
      }
    }
  }
  return listed
}

/** A value of its type. Two seeds give two values. */
export function sample(definition: Definition, seed: number): unknown {
  const one = singleSample(definition, seed)
  return definition.multiValued ? [one] : one
}

export function singleSample({ type, subAttributes = [] }: Definition, seed: number): unknown {
  switch (type) {
    case 'boolean':
      return seed % 2 === 0
    case 'integer':
      return seed
    case 'decimal':
      return seed + 0.5
    case 'dateTime':
      return new Date(Date.UTC(2030, 0, 1) + seed * 1000).toISOString()
    case 'complex': {
      const parts = subAttributes.filter(({ mutability, name }) => {
        // Only one of a list can be the primary one.
        return mutability !== 'readOnly' && name !== 'primary'
      })
      return Object.fromEntries(parts.map((part) => [part.name, sample(part, seed)]))
    }
    default:
      return `Val${seed}ue`
  }
}

/** What no attribute of the type may be. */
export function wrongSample({ type }: Definition): unknown {
  return type === 'string' || type === 'reference' || type === 'binary' ? 42 : 'perhaps'
}

/** The body of a resource that has what is required and, where it is given, the attribute. */
export function bodyWith(listed: Listed, value: unknown, seed: number): Json {
  const { core, urn, schema, definition, parent, endpoint } = listed
  const name = endpoint === '/Users' ? 'userName' : 'displayName'
  const body: Json = { schemas: [core], [name]: `Name${seed}` }
  const home = urn === core ? body : required(schema, seed)
  if (urn !== core) body[urn] = home
  // Something that is not asked about, so that what must hold the missing one is there.
  if (value === undefined && urn !== core) Object.assign(home, filler(schema, parent ?? definition))
  if (parent === undefined) {
    home[definition.name] = value
    return body
  }
  const parts = parent.subAttributes ?? []
  const beside = value === undefined ? filler(parts, definition) : {}
  const complex = { ...required(parts, seed), ...beside, [definition.name]: value }
  home[parent.name] = parent.multiValued ? [complex] : complex
  return body
}

function filler(definitions: readonly Definition[], missing: Definition): Json {
  const other = definitions.find(
    ({ name, type, mutability }) =>
      name !== missing.name && type !== 'complex' && mutability !== 'readOnly',
  )
  return other === undefined ? {} : { [other.name]: sample(other, 7) }
}

function required(definitions: readonly Definition[], seed: number): Json {
  const needed = definitions.filter((each) => each.required && each.mutability !== 'readOnly')
  return Object.fromEntries(needed.map((each) => [each.name, sample(each, seed)]))
}

/** The value in an answer; of a part, that of the first element. */
export function valueIn(listed: Listed, body: Json): unknown {
  const { core, urn, definition, parent } = listed
  const home = urn === core ? body : own(body, urn)
  if (parent === undefined) return own(home, definition.name)
  const complex = own(home, parent.name)
  return own(Array.isArray(complex) ? complex[0] : complex, definition.name)
}

function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Json)[name]
}
