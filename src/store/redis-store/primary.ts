import { Redis, type RedisOptions } from 'ioredis'
import { StoreUnavailable } from '../errors.ts'
import { keys } from './redis-keys.ts'
import type { RedisHost, RedisSettings } from './redis-settings.ts'

/**
 * Where the primary is now. All keys share one hash tag, so that in a Cluster too it is one server;
 * and a plain connection to it has neither of the surprises of a client that picks nodes by itself:
 * `WAIT` goes where the write went, and a blocking read holds up nobody else.
 */
export async function locatePrimary(settings: RedisSettings): Promise<RedisHost> {
  const { mode, hosts } = settings
  if (mode === 'standalone') return hosts[0]!
  const faults: string[] = []
  for (const seed of shuffled(hosts)) {
    const client = new Redis(plainOptions(settings, seed, mode === 'sentinel'))
    client.on('error', () => undefined)
    try {
      await client.connect()
      const found =
        mode === 'sentinel' ? await askSentinel(client, settings) : await askNode(client)
      if (found !== undefined) return found.host === '' ? { ...found, host: seed.host } : found
      faults.push(`${seed.host}:${seed.port} knows no primary`)
    } catch (error) {
      faults.push(`${seed.host}:${seed.port}: ${(error as Error).message}`)
    } finally {
      client.disconnect()
    }
  }
  throw new StoreUnavailable(`no primary was found: ${faults.join('; ')}`)
}

/**
 * A client that never reconnects, resends or queues by itself: each of these has carried out a
 * command twice, or left its promise pending for ever. Deadlines are the caller's.
 */
export function plainOptions(
  { tls, username, password, sentinelPassword, database }: RedisSettings,
  { host, port }: RedisHost,
  isSentinel = false,
): RedisOptions & { replyMapping: 'legacy' } {
  const secret = isSentinel ? sentinelPassword : password
  return {
    host,
    port,
    protocol: 2,
    replyMapping: 'legacy',
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: connectMs,
    ...(isSentinel ? {} : { db: database }),
    ...(tls && { tls: {} }),
    ...(secret !== undefined && { password: secret }),
    ...(!isSentinel && username !== undefined && { username }),
    ...(isSentinel && { commandTimeout: connectMs }),
  }
}
const connectMs = 400

async function askSentinel(client: Redis, { name }: RedisSettings): Promise<RedisHost | undefined> {
  const reply = await client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name ?? '')
  if (!Array.isArray(reply)) return undefined
  return { host: String(reply[0]), port: Number(reply[1]) }
}

/** Of the node that serves our one slot. */
async function askNode(client: Redis): Promise<RedisHost | undefined> {
  const slot = (await client.call('CLUSTER', 'KEYSLOT', keys.meta)) as number
  const ranges = (await client.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][]
  const range = ranges.find(([first, last]) => first <= slot && slot <= last)
  if (range === undefined) return undefined
  const [host, port] = range[2]
  return { host: host ?? '', port }
}

function shuffled(hosts: readonly RedisHost[]): readonly RedisHost[] {
  const ranked = hosts.map((host) => ({ host, rank: Math.random() }))
  return ranked.sort((a, b) => a.rank - b.rank).map(({ host }) => host)
}
