import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { durationMs } from '../std/duration.ts'
import { type Fault, printFaults } from '../std/fault.ts'
import { faultsOf, type LocatedYaml, parseLocatedYaml } from '../std/located-yaml.ts'
import { type Listen, splitAddress } from './address.ts'
import { checkConfig, type OtherChecks } from './check.ts'
import type { ConnectorFile, SubjectSourceFile } from './connector-schema.ts'
import type { CustomSchema } from './custom-schema.ts'
import { environmentFor } from './environment.ts'
import { type ConfigFile, type ContextKeyType, configSchema } from './schema.ts'
import { readStoreSecrets, type StoreSecrets } from './secrets.ts'
import { parseStoreUrl, type StoreUrl } from './store-url.ts'

/**
 * config: one file and the environment become one frozen Config, or one error with every fault.
 *
 * Paths in the file are relative to the file; the store's path is relative to the working
 * directory, since data does not belong beside the config.
 *
 * Not here: rule files (policy/), which are a source and are published, not configured; what a
 * custom schema may say beyond its shape (directory/).
 */
export interface Config {
  /** The file that was read. */
  readonly file: string
  readonly store: SqliteConfig | RedisConfig
  readonly listen: {
    readonly scim: HttpListen & { readonly publicUrl: string | undefined }
    readonly grpc: GatewayListen & { readonly reflection: boolean }
    readonly authzen: GatewayListen & { readonly publicUrl: string | undefined }
    readonly admin: HttpListen
  }
  readonly tenants: readonly TenantConfig[]
  readonly connectors: readonly ConnectorConfig[]
  readonly extAuthz: ExtAuthzConfig
  readonly decision: { readonly workers: number | 'auto' }
  readonly consistency: {
    /** Longest time that a process goes on deciding without Redis. */
    readonly leaseMs: number
    readonly barrier: 'shrinking' | 'all'
    readonly replicas: number
    /** Longest time that a gateway may go on using an answer; 0: not at all. */
    readonly cacheableMs: number
  }
  readonly cache: { readonly principals: number; readonly warm: boolean }
  readonly limits: {
    readonly scimPerDirectory: { readonly rate: number; readonly burst: number }
  }
  readonly logLevel: ConfigFile['logLevel']
}
export type SqliteConfig = Extract<StoreUrl, { kind: 'sqlite' }>
export type RedisConfig = Extract<StoreUrl, { kind: 'redis' }> & StoreSecrets
export interface HttpListen extends Listen {
  /** Files; absent: plain text. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
}
export interface GatewayListen extends Listen {
  readonly tls:
    | { readonly cert: string; readonly key: string; readonly clientCa: string | undefined }
    | undefined
}
export interface ConnectorConfig
  extends Pick<
    ConnectorFile,
    'tokens' | 'applications' | 'context' | 'claims' | 'obligations' | 'explain' | 'search'
  > {
  readonly id: string
  readonly identity: string | undefined
  readonly tenant: string
  readonly enabled: boolean
}
export interface ExtAuthzConfig {
  readonly subject: readonly SubjectSourceFile[]
  /** Key of the JWT's claims in Envoy's metadata. */
  readonly payload: string
}
export interface TenantConfig {
  readonly id: string
  readonly policy: string | undefined
  readonly directories: readonly DirectoryConfig[]
  /** Extension schemas, in the words of RFC 7643 §7. */
  readonly schemas: readonly CustomSchema[]
  /** By key below `context.`: its type, or names in their order. */
  readonly contextKeys: Readonly<Record<string, ContextKeyType>>
}
export interface DirectoryConfig {
  readonly id: string
  readonly domains: readonly string[]
  readonly isDefault: boolean
  readonly scimSync: boolean
  readonly scimAttributesForPolicy: boolean
  readonly seed: string | undefined
  /** How long decisions go on after the lease; 0: they block. */
  readonly graceMs: number
}

/** The config cannot be used. The message lists every fault, a line each. Exit 3. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'CONFIG_INVALID'
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    super(printFaults(faults))
    this.faults = faults
  }
}

/** What the command line says goes before the environment, which goes before the file. */
export interface ConfigOverrides {
  readonly store?: string | undefined
}

/** `checks` say what is wrong with what has its rules in other rooms. */
export function readConfig(
  file: string,
  checks: OtherChecks,
  overrides: ConfigOverrides = {},
): Config {
  const document = parseLocatedYaml(readText(file), file)
  if (document.kind === 'faults') throw new ConfigError(document.faults)
  const environment = environmentFor(configSchema, document.value, process.env)
  const value = environment.applied
  if (overrides.store !== undefined && isObject(value)) value.store = overrides.store
  const parsed = configSchema.safeParse(value)
  if (!parsed.success) {
    const faults = faultsOf(parsed.error, document, configSchema)
    throw new ConfigError([...environment.faults, ...environment.relocate(parsed.error, faults)])
  }
  const store = readStoreSecrets(process.env)
  const faults = [
    ...environment.faults,
    ...store.faults,
    ...checkConfig(parsed.data, document, checks),
  ]
  if (faults.length > 0) throw new ConfigError(faults)
  return deepFreeze(toConfig(parsed.data, document, store.secrets))
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    const message = `cannot be read (${code}): name a config file with --config`
    throw new ConfigError([{ file, line: 0, column: 0, message }])
  }
}

function toConfig(data: ConfigFile, document: LocatedYaml, secrets: StoreSecrets): Config {
  const beside = (path: string) => resolve(dirname(document.file), path)
  const { scim, grpc, authzen, admin } = data.listen
  const http = (listen: typeof scim | typeof admin): HttpListen => ({
    ...splitAddress(listen.address),
    tls:
      listen.tls === undefined || listen.tls === 'off'
        ? undefined
        : { cert: beside(listen.tls.cert), key: beside(listen.tls.key) },
  })
  const gateway = ({ address, tls }: typeof grpc | typeof authzen): GatewayListen => ({
    ...splitAddress(address),
    tls:
      tls === undefined || tls === 'off'
        ? undefined
        : {
            cert: beside(tls.cert),
            key: beside(tls.key),
            clientCa: tls.clientCa === undefined ? undefined : beside(tls.clientCa),
          },
  })
  const [onlyTenant = ''] = Object.keys(data.tenants)
  return {
    file: document.file,
    store: storeOf(data.store, secrets),
    listen: {
      scim: { ...http(scim), publicUrl: scim.publicUrl?.replace(/\/+$/, '') },
      grpc: { ...gateway(grpc), reflection: grpc.reflection === 'on' },
      authzen: { ...gateway(authzen), publicUrl: authzen.publicUrl?.replace(/\/+$/, '') },
      admin: http(admin),
    },
    tenants: Object.entries(data.tenants).map(([id, tenant]) => ({
      id,
      policy: tenant.policy === undefined ? undefined : beside(tenant.policy),
      directories: Object.entries(tenant.directories).map(([directoryId, directory]) => ({
        id: directoryId,
        domains: directory.domains,
        isDefault: directory.default,
        scimSync: directory.scimSync === 'on',
        scimAttributesForPolicy: directory.scimAttributesForPolicy === 'on',
        seed: directory.seed === undefined ? undefined : beside(directory.seed),
        graceMs: directory.stale === 'strict' ? 0 : durationMs(directory.stale.grace),
      })),
      schemas: tenant.schemas,
      contextKeys: tenant.contextKeys,
    })),
    connectors: Object.entries(data.connectors).map(([id, { state, identity, ...row }]) => ({
      ...row,
      id,
      identity,
      tenant: row.tenant ?? onlyTenant,
      enabled: state === 'enabled',
    })),
    extAuthz: data.extAuthz,
    decision: data.decision,
    consistency: {
      leaseMs: durationMs(data.consistency.lease),
      barrier: data.consistency.barrier,
      replicas: data.consistency.replicas,
      cacheableMs: durationMs(data.consistency.cacheable),
    },
    cache: { principals: data.cache.principals, warm: data.cache.warm === 'on' },
    limits: data.limits,
    logLevel: data.logLevel,
  }
}

function storeOf(text: string, secrets: StoreSecrets): Config['store'] {
  const url = parseStoreUrl(text)
  if ('fault' in url) throw new ConfigError([{ file: '', line: 0, column: 0, message: url.fault }])
  return url.kind === 'sqlite' ? { ...url, path: resolve(url.path) } : { ...url, ...secrets }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function deepFreeze<Value>(value: Value): Value {
  if (!isObject(value)) return value
  for (const child of Object.values(value)) deepFreeze(child)
  return Object.freeze(value)
}
