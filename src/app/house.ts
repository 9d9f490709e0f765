import type { Config, DirectoryConfig, TenantConfig } from '../config/config.ts'
import type { DirectorySettings } from '../decision/subject.ts'
import type { DirectoryId, TenantId } from '../directory/directory.ts'
import { fold } from '../directory/identity.ts'
import type { Clock } from '../std/clock.ts'
import { openSqliteStore } from '../store/sqlite-store/sqlite-store.ts'
import type { Store } from '../store/store.ts'

/** Tenants and directories as the rooms name them: made from the config, and nowhere else. */
export interface Tenancy {
  readonly tenants: readonly (TenantConfig & { readonly key: TenantId })[]
  readonly directories: readonly (DirectoryConfig & DirectorySettings)[]
}

export function tenancyOf(config: Config): Tenancy {
  const tenants = config.tenants.map((tenant) => ({ ...tenant, key: tenant.id as TenantId }))
  const directories = tenants.flatMap((tenant) =>
    tenant.directories.map((directory) => ({
      ...directory,
      id: directory.id as DirectoryId,
      tenant: tenant.key,
      domains: directory.domains.map(fold),
      attributesForPolicy: directory.scimAttributesForPolicy,
    })),
  )
  return { tenants, directories }
}

/** Opens the store that the config names and makes its directories known there. */
export async function openHouseStore(config: Config, clock: Clock): Promise<Store> {
  await using opened = new AsyncDisposableStack()
  const store = opened.use(await openSqliteStore(config.store.path, clock))
  const { directories } = tenancyOf(config)
  await store.enroll(directories.map(({ id, tenant }) => ({ directory: id, tenant })))
  // In use from here on: a throw above has closed it.
  opened.move()
  return store
}
