import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { ScimError } from '../scim/scim-error.ts'
import { assert } from '../std/assert.ts'
import type { Clock } from '../std/clock.ts'
import { FairQueue, type FairQueueLimits, type Turn, type Waiting } from '../std/fair-queue.ts'
import { sendError } from './answers.ts'
import { Deadlines } from './deadlines.ts'
import { handlerTimeoutMs } from './limits.ts'

/** Where requests wait, by what they cost. */
export type Lines = Readonly<Record<LineName, FairQueue<string>>>
type LineName = 'ordinary' | 'search' | 'large'

/**
 * A directory never has all turns of a line, so another one finds some free and waits for none of
 * its work; and it may not wait more often than the rate lets it ask.
 */
const limits: Readonly<Record<LineName, FairQueueLimits>> = {
  // Several groups of what the writer commits at once: 64.
  ordinary: { atOnce: 256, atOncePerKey: 192, waitingPerKeyMax: 4_096 },
  // Each that looks at every resource takes 10 ms of the thread whenever it is its turn.
  search: { atOnce: 4, atOncePerKey: 3, waitingPerKeyMax: 4_096 },
  // 100,000 members keep the writer busy for most of a second; 16 bodies of 16 MiB wait in memory.
  large: { atOnce: 2, atOncePerKey: 1, waitingPerKeyMax: 16 },
}

export function newLines(): Lines {
  return {
    ordinary: new FairQueue(limits.ordinary),
    search: new FairQueue(limits.search),
    large: new FairQueue(limits.large),
  }
}

/** ≈ 700 members, 4 ms of the writer: what is larger may hold up what comes behind it. */
const largeBodyBytes = 64 * 1024
/** Whoever waits longer is told to come again: a client that has given up is not worth serving. */
export const waitMsMax = 5_000

/**
 * Which requests are served at once, so that the flood of one directory never starves another. A
 * turn is asked for when the body has come in, so that a slow sender holds none, and before it is
 * parsed. It ends when the work does, whether or not the client is still there.
 */
export class Turns implements Disposable {
  readonly #lines: Lines
  readonly #clock: Clock
  readonly #deadlines: Deadlines

  constructor(lines: Lines, clock: Clock) {
    this.#lines = lines
    this.#clock = clock
    this.#deadlines = new Deadlines(clock)
  }

  /**
   * The handler, run when it is the request's turn; the body is read by `read` just before. What
   * takes too long is answered with a 503 and goes on. (Fastify's own limit ends with the body.)
   */
  around(
    handler: RouteHandlerMethod,
    read: (request: FastifyRequest) => Promise<unknown>,
  ): RouteHandlerMethod {
    const turns = this
    return async function inTurn(request, reply) {
      const { timeoutMs = handlerTimeoutMs } = request.routeOptions.config
      const endMs = request.scim.startedMs + timeoutMs
      using _limit = turns.#deadlines.add(endMs, () => sendError(reply, tookTooLong()))
      using _turn = await turns.#take(request, reply)
      request.body = await read(request)
      return await handler.call(this, request, reply)
    }
  }

  /** Whoever still is at work is not answered for any more. */
  [Symbol.dispose](): void {
    this.#deadlines[Symbol.dispose]()
  }

  async #take(request: FastifyRequest, reply: FastifyReply): Promise<Turn> {
    const { caller } = request.scim
    assert(caller !== undefined, 'a handler ran without authentication')
    const place = this.#lines[lineOf(request)].take(caller.directory)
    if (place === 'full') {
      const detail = 'too many requests of this directory are waiting'
      throw new ScimError(429, detail, { retryAfterS: 1 })
    }
    return 'turn' in place ? await this.#wait(place, reply) : place
  }

  async #wait(place: Waiting, reply: FastifyReply): Promise<Turn> {
    using _patience = this.#deadlines.add(this.#clock.monotonicMs() + waitMsMax, place.leave)
    // The client has gone.
    reply.raw.once('close', place.leave)
    const turn = await place.turn
    reply.raw.off('close', place.leave)
    if (turn !== undefined) return turn
    const detail = 'other requests took too long, and nothing was done: repeat the request'
    throw new ScimError(503, detail, { retryAfterS: 5 })
  }
}

function tookTooLong(): ScimError {
  const detail = 'this took too long, and may still be done: repeat the request, it is safe to'
  return new ScimError(503, detail, { retryAfterS: 5 })
}

function lineOf({ scim, routeOptions }: FastifyRequest): LineName {
  if ((scim.sent?.length ?? 0) > largeBodyBytes) return 'large'
  return routeOptions.config.operation === 'list' ? 'search' : 'ordinary'
}
