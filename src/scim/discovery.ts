import type { Collection } from '../directory/directory.ts'
import type { AttributeDefinition, Schema, SchemaRegistry } from '../directory/schema-registry.ts'
import { bulkBytesMax, bulkOperationsMax } from './bulk-request.ts'
import { listResponse } from './list-response.ts'
import { countDefault, countMax } from './page-request.ts'
import { type ResourceType, resourceTypes } from './resource-type.ts'
import type { ScimDirectory } from './scim-directory.ts'
import { notFound } from './scim-error.ts'

type Json = Readonly<Record<string, unknown>>

/** `named`: one schema by its URN, or one resource type by its name. */
export interface Discovery {
  readonly what: 'ServiceProviderConfig' | 'Schemas' | 'ResourceTypes'
  readonly named?: string
}

/** RFC 7644 §4. Throws a 404 where nothing has that name. */
export function discover({ what, named }: Discovery, { registry, baseUrl }: ScimDirectory): Json {
  switch (what) {
    case 'ServiceProviderConfig':
      return serviceProviderConfig(baseUrl)
    case 'Schemas':
      return named === undefined
        ? schemaList(registry, baseUrl)
        : schemaByUrn(registry, named, baseUrl)
    default:
      return named === undefined
        ? resourceTypeList(registry, baseUrl)
        : resourceTypeByName(registry, named, baseUrl)
  }
}

/** RFC 7643 §5. */
function serviceProviderConfig(baseUrl: string): Json {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
    patch: { supported: true },
    bulk: { supported: true, maxOperations: bulkOperationsMax, maxPayloadSize: bulkBytesMax },
    filter: { supported: true, maxResults: countMax },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    pagination,
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'OAuth Bearer Token',
        description: 'A token made by `sallyport token create`, good for one directory.',
        specUri: 'https://www.rfc-editor.org/info/rfc6750',
        primary: true,
      },
    ],
    meta: {
      resourceType: 'ServiceProviderConfig',
      location: `${baseUrl}/ServiceProviderConfig`,
    },
  }
}

/** RFC 9865 §4. Without `cursorTimeout`: a cursor does not expire. */
const pagination = {
  cursor: true,
  index: true,
  defaultPaginationMethod: 'index',
  defaultPageSize: countDefault,
  maxPageSize: countMax,
} as const

function schemaList(registry: SchemaRegistry, baseUrl: string): Json {
  return listResponse(allSchemas(registry).map((schema) => renderSchema(schema, baseUrl)))
}

function schemaByUrn(registry: SchemaRegistry, urn: string, baseUrl: string): Json {
  const schema = registry.schema(urn)
  if (schema === undefined) throw notFound('no such schema')
  return renderSchema(schema, baseUrl)
}

function resourceTypeList(registry: SchemaRegistry, baseUrl: string): Json {
  return listResponse(types.map((type) => renderResourceType(type, registry, baseUrl)))
}

function resourceTypeByName(registry: SchemaRegistry, name: string, baseUrl: string): Json {
  const type = types.find((candidate) => candidate.name === name)
  if (type === undefined) throw notFound('no such resource type')
  return renderResourceType(type, registry, baseUrl)
}

const types: readonly ResourceType[] = [resourceTypes.users, resourceTypes.groups]

function allSchemas(registry: SchemaRegistry): readonly Schema[] {
  const collections: readonly Collection[] = ['users', 'groups']
  return [...new Set(collections.flatMap((of) => registry.schemasOf(of)))]
}

/** RFC 7643 §7. */
function renderSchema({ urn, name, description, attributes }: Schema, baseUrl: string): Json {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
    id: urn,
    name,
    description,
    attributes: attributes.map(renderAttribute),
    meta: { resourceType: 'Schema', location: `${baseUrl}/Schemas/${urn}` },
  }
}

/** Without nulls or empty lists: Entra's gallery refuses them. */
function renderAttribute(definition: AttributeDefinition): Json {
  const { canonicalValues, referenceTypes, subAttributes, ...facts } = definition
  return {
    ...facts,
    ...(canonicalValues.length > 0 && { canonicalValues }),
    ...(referenceTypes.length > 0 && { referenceTypes }),
    ...(subAttributes.length > 0 && { subAttributes: subAttributes.map(renderAttribute) }),
  }
}

/** RFC 7643 §6. */
function renderResourceType(type: ResourceType, registry: SchemaRegistry, baseUrl: string): Json {
  const [, ...extensions] = registry.schemasOf(type.of)
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
    id: type.name,
    name: type.name,
    endpoint: type.endpoint,
    description: type.description,
    schema: type.urn,
    ...(extensions.length > 0 && {
      schemaExtensions: extensions.map(({ urn }) => ({ schema: urn, required: false })),
    }),
    meta: { resourceType: 'ResourceType', location: `${baseUrl}/ResourceTypes/${type.name}` },
  }
}
