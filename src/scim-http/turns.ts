import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { ScimError } from '../scim/scim-error.ts'
import { assert } from '../std/assert.ts'
import type { Clock } from '../std/clock.ts'
import { FairQueue, type FairQueueLimits, type Turn, type Waiting } from '../std/fair-queue.ts'

/** The lines in which requests wait, by what they cost. */
export type Lines = Readonly<Record<Line, FairQueueLimits>>
type Line = 'ordinary' | 'search' | 'large'

/**
 * A directory never has all turns of a line, so another one finds some free and waits for none of
 * its work; and it may not wait more often than the rate lets it ask.
 */
export const linesDefault: Lines = {
  // Several groups of what the writer commits at once: 64.
  ordinary: { atOnce: 256, atOncePerKey: 192, waitingPerKeyMax: 4_096 },
  // Each that looks at every resource takes 10 ms of the thread whenever it is its turn.
  search: { atOnce: 4, atOncePerKey: 3, waitingPerKeyMax: 4_096 },
  // 100,000 members keep the writer busy for most of a second; 16 bodies of 16 MiB wait in memory.
  large: { atOnce: 2, atOncePerKey: 1, waitingPerKeyMax: 16 },
}
/** ≈ 700 members, 4 ms of the writer: what is larger may hold up what comes behind it. */
const largeBodyBytes = 64 * 1024
/** Whoever waits longer is told to come again: a client that has given up is not worth serving. */
const waitMsMax = 5_000

/**
 * Which requests are served at once, so that the flood of one directory never starves another. A
 * turn is asked for when the body has come in, so that a slow sender holds none, and before it is
 * parsed. It ends when the work does, whether or not the client is still there.
 */
export class Turns {
  readonly #lines: Readonly<Record<Line, FairQueue<string>>>
  readonly #clock: Clock

  constructor(lines: Lines, clock: Clock) {
    this.#lines = {
      ordinary: new FairQueue(lines.ordinary),
      search: new FairQueue(lines.search),
      large: new FairQueue(lines.large),
    }
    this.#clock = clock
  }

  /** The handler, run when it is the request's turn; the body is read by `read` just before. */
  around(
    handler: RouteHandlerMethod,
    read: (request: FastifyRequest) => Promise<unknown>,
  ): RouteHandlerMethod {
    const turns = this
    return async function inTurn(request, reply) {
      using _turn = await turns.#take(request, reply)
      request.body = await read(request)
      return await handler.call(this, request, reply)
    }
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
    const served = new AbortController()
    // Also when the client has gone.
    reply.raw.once('close', place.leave)
    void this.#clock.sleep(waitMsMax, served.signal).then(place.leave)
    try {
      const turn = await place.turn
      if (turn !== undefined) return turn
    } finally {
      reply.raw.off('close', place.leave)
      served.abort()
    }
    const detail = 'other requests took too long, and nothing was done: repeat the request'
    throw new ScimError(503, detail, { retryAfterS: 5 })
  }
}

function lineOf({ body, routeOptions }: FastifyRequest): Line {
  if (Buffer.isBuffer(body) && body.length > largeBodyBytes) return 'large'
  return routeOptions.config.operation === 'list' ? 'search' : 'ordinary'
}
