import type { Clock } from '../std/clock.ts'

/**
 * Largest body. Okta sends a group of 100,000 members with their names as 9.2 MB. It is read only
 * after authentication, which looks at headers alone.
 */
export const bodyBytesMax = 16 * 1024 * 1024
/** Of everything that is no group: what is kept of a user is much smaller, pictures included. */
export const smallBodyBytesMax = 1024 * 1024
/** Nesting in a body. SCIM needs six levels; what recurses further down must not overflow. */
export const bodyDepthMax = 32
/**
 * Milliseconds for the headers, and for the whole request. Node looks at both only every so often,
 * and `requestTimeout` alone let a slow body live for 90 seconds.
 */
export const timeouts = {
  headersTimeout: 3_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 500,
} as const
/** Above what a barrier may wait for a process that has stopped answering. */
export const handlerTimeoutMs = 15_000
/**
 * Milliseconds from its arrival in which the operations of a bulk may begin. What has not is
 * answered for itself, so that the client learns what was done: clients wait half a minute or more.
 */
export const bulkMsMax = 10_000
/** What has begun then, and the barrier, may take as long as in any other request. */
export const bulkHandlerTimeoutMs = bulkMsMax + handlerTimeoutMs
/** Between two requests on one connection. Okta and Entra reconnect without ado. */
export const keepAliveTimeoutMs = 30_000
/** A connection is renewed after that many, so that a load balancer can move it. */
export const requestsPerSocketMax = 10_000
/** A parameter longer than Fastify's 100 would be a 414 that is not SCIM's: URNs are longer. */
export const paramLengthMax = 2_048

/** Requests per second and directory, and how many may come at once. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}
/** Far above what Entra (25/s) and Okta send; it stops a loop, not a synchronisation. */
export const rateDefault: Rate = { perSecond: 1_000, burst: 2_000 }

/** One token bucket per directory. Directories come from the config, so there are few. */
export class RateLimit {
  readonly #rate: Rate
  readonly #clock: Clock
  readonly #buckets = new Map<string, { left: number; atMs: number }>()

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate
    this.#clock = clock
  }

  /** Undefined: go on. Otherwise whole seconds after which to try again. */
  take(directory: string): number | undefined {
    const bucket = this.#refilled(directory)
    if (bucket.left < 1) return Math.ceil((1 - bucket.left) / this.#rate.perSecond)
    bucket.left -= 1
    return undefined
  }

  /**
   * For a request that counts as more than the one that `take` has taken. Where it is more than a
   * burst altogether, it may go when nothing else was asked for lately, and those who come later
   * wait for what it owes: refused for ever it would never be sent in parts.
   */
  takeFurther(directory: string, count: number): number | undefined {
    const { perSecond, burst } = this.#rate
    const bucket = this.#refilled(directory)
    const needed = Math.min(count, burst - 1)
    // The next attempt will take its one first.
    if (bucket.left < needed) return Math.ceil((needed + 1 - bucket.left) / perSecond)
    bucket.left -= count
    return undefined
  }

  #refilled(directory: string): { left: number } {
    const { perSecond, burst } = this.#rate
    const nowMs = this.#clock.monotonicMs()
    const bucket = this.#buckets.get(directory) ?? { left: burst, atMs: nowMs }
    const refilled = bucket.left + ((nowMs - bucket.atMs) / 1000) * perSecond
    bucket.left = Math.min(burst, refilled)
    bucket.atMs = nowMs
    this.#buckets.set(directory, bucket)
    return bucket
  }
}
