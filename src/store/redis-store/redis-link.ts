import { Redis } from 'ioredis'
import type { Clock } from '../../std/clock.ts'
import { StoreUnavailable } from '../errors.ts'
import { locatePrimary, plainOptions } from './primary.ts'
import { codeOf, faultOf } from './redis-errors.ts'
import type { RedisHost, RedisSettings } from './redis-settings.ts'
import { parseServer, type ServerFacts } from './server-facts.ts'

/** A connection that has been found to lead to a primary. */
export interface Connected {
  readonly redis: Redis
  readonly server: ServerFacts
}

export interface LinkParts {
  readonly settings: RedisSettings
  readonly clock: Clock
  /** Shown in `CLIENT LIST`. */
  readonly purpose: string
  /** Looks at a new connection before anybody uses it; what it throws ends the connection. */
  readonly admit: (connected: Connected) => Promise<void>
}

/**
 * One connection to the primary, made when it is first needed and made anew after any doubt: a
 * deadline that passed, a socket that closed, a server that turned out to be a replica. While there
 * is none, callers are told so at once, and the next attempt waits a little longer each time.
 *
 * Nobody else talks to the client library.
 */
export class RedisLink implements Disposable {
  readonly #parts: LinkParts
  #current: Promise<Connected> | undefined
  #open: Connected | undefined
  #fault = new StoreUnavailable('it was not asked yet')
  #failures = 0
  #notBeforeMs = 0
  #isClosed = false

  constructor(parts: LinkParts) {
    this.#parts = parts
  }

  /** What keeps it from being connected; undefined: it is, or was never needed. */
  get fault(): StoreUnavailable | undefined {
    return this.#failures > 0 ? this.#fault : undefined
  }

  /**
   * Runs commands. @throws {StoreUnavailable} after `ms` at the latest, whatever happens: then it
   * is not known whether they were carried out.
   */
  async run<Result>(ms: number, work: (connected: Connected) => Promise<Result>): Promise<Result> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const tooLate = new StoreUnavailable(`no answer within ${ms} ms`)
    const timer = setTimeout(() => reject(tooLate), ms)
    let connected: Connected | undefined
    try {
      connected = this.#open ?? (await Promise.race([this.#connect(), late]))
      return await Promise.race([work(connected), late])
    } catch (error) {
      const { unavailable, leaves } = faultOf(error)
      // Our own deadline: a reply may still be on its way, and would be taken for another's.
      const isDoubtful = leaves || error === tooLate
      if (connected !== undefined && isDoubtful) this.#leave(connected, unavailable)
      throw unavailable
    } finally {
      clearTimeout(timer)
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    this.#open?.redis.disconnect()
    this.#open = undefined
    this.#fault = new StoreUnavailable('it is closed')
    this.#failures++
  }

  #connect(): Promise<Connected> {
    const { clock } = this.#parts
    if (this.#isClosed) return Promise.reject(this.#fault)
    if (this.#current !== undefined) return this.#current
    if (clock.monotonicMs() < this.#notBeforeMs) return Promise.reject(this.#fault)
    const current = this.#attempt()
    this.#current = current
    current.then(
      (connected) => {
        this.#current = undefined
        if (this.#isClosed) return connected.redis.disconnect()
        this.#open = connected
        this.#failures = 0
        return undefined
      },
      (error: StoreUnavailable) => {
        this.#current = undefined
        this.#failed(error)
      },
    )
    return current
  }

  async #attempt(): Promise<Connected> {
    try {
      const host = await locatePrimary(this.#parts.settings)
      return await this.#connectTo(host)
    } catch (error) {
      throw faultOf(error).unavailable
    }
  }

  async #connectTo(host: RedisHost): Promise<Connected> {
    const { settings } = this.#parts
    try {
      return await this.#greet(host, settings)
    } catch (error) {
      const { nextPassword } = settings
      const isRefused = codeOf(error) === 'WRONGPASS' || codeOf(error) === 'NOAUTH'
      if (!isRefused || nextPassword === undefined) throw error
      return await this.#greet(host, { ...settings, password: nextPassword })
    }
  }

  async #greet(host: RedisHost, settings: RedisSettings): Promise<Connected> {
    const redis = new Redis({
      ...plainOptions(settings, host),
      connectionName: `sallyport-${this.#parts.purpose}`,
    })
    let refused: unknown
    // `connect` resolves although AUTH or SELECT were refused: what they said comes this way.
    redis.on('error', (error: unknown) => {
      refused ??= error
    })
    redis.on('close', () => {
      const open = this.#open
      if (open?.redis === redis) this.#leave(open, new StoreUnavailable('the connection was lost'))
    })
    try {
      await redis.connect()
      const server = parseServer(await redis.info('server', 'replication', 'memory'))
      if (refused !== undefined) throw refused
      if (server.role !== 'master') {
        throw new StoreUnavailable(`${host.host}:${host.port} is a read-only replica`)
      }
      const connected = { redis, server }
      await this.#parts.admit(connected)
      return connected
    } catch (error) {
      redis.disconnect()
      throw codeOf(error) === undefined && refused !== undefined ? refused : error
    }
  }

  #leave(connected: Connected, fault: StoreUnavailable): void {
    connected.redis.disconnect()
    if (this.#open !== connected) return
    this.#open = undefined
    this.#failed(fault)
  }

  #failed(fault: StoreUnavailable): void {
    if (this.#isClosed) return
    this.#fault = fault
    this.#failures++
    // The first new attempt is made at once: most losses are of one connection alone.
    const pauseMs = Math.min(pauseMsStep * (this.#failures - 1), pauseMsMax)
    const jitter = 0.5 + Math.random()
    this.#notBeforeMs = this.#parts.clock.monotonicMs() + pauseMs * jitter
  }
}

/** The replies of a pipeline. @throws the first of its errors. */
export function textsOf<Reply = string | null>(
  replies: readonly [Error | null, unknown][] | null,
): readonly Reply[] {
  return (replies ?? []).map(([error, reply]) => {
    if (error !== null) throw error
    return reply as Reply
  })
}

const pauseMsStep = 50
const pauseMsMax = 500
