import { Tokens } from '../access/tokens.ts'
import type { Config } from '../config/config.ts'
import type { Observer } from '../observe/observe.ts'
import { Scim } from '../scim/scim.ts'
import { serveScim } from '../scim-http/scim-http.ts'
import type { Clock } from '../std/clock.ts'
import type { Store } from '../store/store.ts'
import type { Tenancy } from './house.ts'
import type { Registries } from './registries.ts'
import { readListen } from './tls-files.ts'
import { keepTls } from './tls-watch.ts'

/** The ingest arm of one process: what identity providers write to. */
export interface IngestApp extends AsyncDisposable {
  /** Base of the tenant URLs as bound; the config may name a public one. */
  readonly url: string
  /** The one that was bound. */
  readonly port: number
}

export interface IngestParts {
  readonly config: Config
  readonly store: Store
  readonly registries: Registries
  readonly tenancy: Tenancy
  readonly observer: Observer
  readonly clock: Clock
}

export async function startIngestApp(parts: IngestParts): Promise<IngestApp> {
  const { config, store, registries, tenancy, observer, clock } = parts
  const { publicUrl } = config.listen.scim
  const syncs = new Set(tenancy.directories.filter(({ scimSync }) => scimSync).map(({ id }) => id))
  // With port 0 the address is known only once it listens.
  let base = publicUrl ?? ''
  const scim = new Scim({
    store,
    registryOf: (directory) => registries.ofDirectory(directory),
    clock,
    publicUrl: (directory) => `${base}/scim/${directory}/v2`,
    writable: (directory) => syncs.has(directory),
    waitsForAll: config.consistency.barrier === 'all',
  })
  const listen = await readListen(config.listen.scim, 'listen.scim.tls')
  const { rate: perSecond, burst } = config.limits.scimPerDirectory
  const tokens = new Tokens(store, clock)
  const server = await serveScim({
    scim,
    tokens,
    observer,
    clock,
    listen,
    rate: { perSecond, burst },
    keepNotes: (directory, notes) => store.notes.append(directory, notes),
    directories: tenancy.directories.map(({ id }) => id),
  })
  base ||= server.url
  const { port } = server.address
  const stop = new AbortController()
  const { replaceTls: replace } = server
  const tls = { listener: 'scim', listen: config.listen.scim, first: listen.tls, replace }
  const watching = keepTls(tls, observer, clock, stop.signal)
  const close = async () => {
    stop.abort()
    await Promise.all([server.close(), watching])
  }
  return { url: base, port, [Symbol.asyncDispose]: close }
}
