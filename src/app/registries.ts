import { extensionSchema } from '../directory/custom-schema.ts'
import type { DirectoryId, TenantId } from '../directory/directory.ts'
import { createSchemaRegistry, type SchemaRegistry } from '../directory/schema-registry.ts'
import type { Vocabulary } from '../policy/attribute-at.ts'
import { declaredContextKeys, noContextKeys } from '../policy/context-keys.ts'
import type { Tenancy } from './house.ts'

/**
 * The words of each tenant: the schemas, so that what SCIM accepts in its directories is what its
 * rules can read, and the keys that its gateways send.
 * Made from the config alone, so a thread that has the config can make its own.
 */
export class Registries {
  readonly #ofTenant = new Map<TenantId, Vocabulary>()
  readonly #ofDirectory = new Map<DirectoryId, SchemaRegistry>()
  /** Of what the config no longer names, and its store still serves. */
  readonly #plain: Vocabulary = {
    registry: createSchemaRegistry(),
    contextKeys: noContextKeys,
  }

  constructor({ tenants, directories }: Tenancy) {
    for (const { key, schemas, contextKeys } of tenants) {
      this.#ofTenant.set(key, {
        registry: createSchemaRegistry(schemas.map(extensionSchema)),
        contextKeys: declaredContextKeys(contextKeys),
      })
    }
    for (const { id, tenant } of directories) {
      this.#ofDirectory.set(id, this.ofTenant(tenant).registry)
    }
  }

  ofTenant(tenant: TenantId): Vocabulary {
    return this.#ofTenant.get(tenant) ?? this.#plain
  }

  ofDirectory(directory: DirectoryId): SchemaRegistry {
    return this.#ofDirectory.get(directory) ?? this.#plain.registry
  }
}
