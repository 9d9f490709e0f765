import { Redis } from 'ioredis'
import { locatePrimary, plainOptions } from './primary.ts'
import { faultOf } from './redis-errors.ts'
import type { RedisSettings } from './redis-settings.ts'

/**
 * How the server may lose what it acknowledged, in words, each with its remedy; empty: not by its
 * settings. What would lose data in use (an eviction policy) is refused when the store is opened.
 * Managed services may forbid `CONFIG GET`: what cannot be asked is named as such.
 *
 * @throws {StoreUnavailable}
 */
export async function serverWeaknesses(settings: RedisSettings): Promise<readonly string[]> {
  let redis: Redis | undefined
  try {
    redis = new Redis(plainOptions(settings, await locatePrimary(settings)))
    redis.on('error', () => undefined)
    await redis.connect()
    const asked = await settingsOf(redis)
    if (asked === undefined) return ['its settings cannot be read: CONFIG GET is forbidden']
    return [...durabilityOf(asked), ...replicationOf(asked, settings.replicas)]
  } catch (error) {
    throw faultOf(error).unavailable
  } finally {
    redis?.disconnect()
  }
}

async function settingsOf(redis: Redis): Promise<ReadonlyMap<string, string> | undefined> {
  const wanted = ['appendonly', 'appendfsync', 'min-replicas-to-write', 'min-replicas-max-lag']
  try {
    const flat = (await redis.call('CONFIG', 'GET', ...wanted)) as string[]
    const pairs = flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]!] as const] : []))
    return new Map(pairs)
  } catch {
    return undefined
  }
}

function durabilityOf(settings: ReadonlyMap<string, string>): readonly string[] {
  if (settings.get('appendonly') !== 'yes') {
    return ['`appendonly` is off: a restart loses what was acknowledged; set it to yes']
  }
  if (settings.get('appendfsync') !== 'no') return []
  return ['`appendfsync` is no: a restart of the machine may lose minutes; set it to everysec']
}

function replicationOf(settings: ReadonlyMap<string, string>, replicas: number): readonly string[] {
  if (replicas === 0) return []
  if (Number(settings.get('min-replicas-to-write') ?? 0) >= 1) return []
  const mend = 'set `min-replicas-to-write` to 1'
  return [`a primary that is cut off from its replicas goes on taking writes: ${mend}`]
}
