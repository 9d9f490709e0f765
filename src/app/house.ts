import type { Config, DirectoryConfig, RedisConfig, TenantConfig } from '../config/config.ts'
import type { DirectorySettings } from '../decision/subject.ts'
import type { DirectoryId, TenantId } from '../directory/directory.ts'
import { fold } from '../directory/identity.ts'
import type { Observer } from '../observe/observe.ts'
import type { Clock } from '../std/clock.ts'
import { StoreUnavailable } from '../store/errors.ts'
import type { Fork } from '../store/redis-store/fork.ts'
import type { RedisSettings } from '../store/redis-store/redis-settings.ts'
import { openRedisStore } from '../store/redis-store/redis-store.ts'
import { serverWeaknesses } from '../store/redis-store/server-settings.ts'
import { openSqliteStore } from '../store/sqlite-store/sqlite-store.ts'
import type { Store } from '../store/store.ts'

/** Tenants and directories as the rooms name them: made from the config, and nowhere else. */
export interface Tenancy {
  readonly tenants: readonly (TenantConfig & { readonly key: TenantId })[]
  readonly directories: readonly (DirectoryConfig & DirectorySettings)[]
  /** As the config had them at the start: lint tells what they cannot say or do. */
  readonly connectors: Config['connectors']
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
  return { tenants, directories, connectors: config.connectors }
}

/** What a process does with the store. */
export interface StoreAccess {
  /** False: it only decides, with the rights of a reader. */
  readonly mayWrite: boolean
  /** Acknowledged writes turned out to be lost. */
  readonly onFork?: (fork: Fork) => void
}

/** Opens the store that the config names and makes its directories known there. */
export async function openHouseStore(
  config: Config,
  clock: Clock,
  access: StoreAccess,
): Promise<Store> {
  await using opened = new AsyncDisposableStack()
  const { store: location } = config
  const store = opened.use(
    location.kind === 'sqlite'
      ? await openSqliteStore(location.path, clock)
      : await openRedisStore(redisSettingsOf(config, location), clock, access),
  )
  const { directories } = tenancyOf(config)
  await store.enroll(directories.map(({ id, tenant }) => ({ directory: id, tenant })))
  // In use from here on: a throw above has closed it.
  opened.move()
  return store
}

export function redisSettingsOf({ consistency }: Config, store: RedisConfig): RedisSettings {
  const { leaseMs, replicas } = consistency
  return { ...store, leaseMs, replicas }
}

/** Tells of acknowledged writes that were lost. */
export function forkReporter(observer: Observer): (fork: Fork) => void {
  return ({ lost, sharedUpTo }) => observer.writesLost({ lostRevision: lost.revision, sharedUpTo })
}

/** Looks at the settings of a Redis server; one that does not answer is told of elsewhere. */
export async function judgeStore(config: Config, observer: Observer): Promise<void> {
  const { store } = config
  if (store.kind !== 'redis') return
  try {
    const weaknesses = await serverWeaknesses(redisSettingsOf(config, store))
    observer.storeJudged({ weaknesses })
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) observer.internalError({ room: 'app', error })
  }
}
