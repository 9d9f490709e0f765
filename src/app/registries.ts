import { extensionSchema } from '../directory/custom-schema.ts'
import type { DirectoryId, TenantId } from '../directory/directory.ts'
import { createSchemaRegistry, type SchemaRegistry } from '../directory/schema-registry.ts'
import type { Tenancy } from './house.ts'

/**
 * The schemas of each tenant: what SCIM accepts in its directories is what its rules can read.
 * Made from the config alone, so a thread that has the config can make its own.
 */
export class Registries {
  readonly #ofTenant = new Map<TenantId, SchemaRegistry>()
  readonly #ofDirectory = new Map<DirectoryId, SchemaRegistry>()
  /** Of what the config no longer names, and its store still serves. */
  readonly #plain = createSchemaRegistry()

  constructor({ tenants, directories }: Tenancy) {
    for (const { key, schemas } of tenants) {
      this.#ofTenant.set(key, createSchemaRegistry(schemas.map(extensionSchema)))
    }
    for (const { id, tenant } of directories) this.#ofDirectory.set(id, this.ofTenant(tenant))
  }

  ofTenant(tenant: TenantId): SchemaRegistry {
    return this.#ofTenant.get(tenant) ?? this.#plain
  }

  ofDirectory(directory: DirectoryId): SchemaRegistry {
    return this.#ofDirectory.get(directory) ?? this.#plain
  }
}
