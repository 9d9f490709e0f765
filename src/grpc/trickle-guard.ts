import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Server } from '@grpc/grpc-js'
import { sessionsOf, streamsOf, unfinishedMessageOf } from './internals.ts'

export interface TrickleLimits {
  readonly sweepMs: number
  /** How many sweeps in a row may find the same request unfinished. */
  readonly sweepsMax: number
}
/** A request that is not whole is found within a second and has four more: five together. */
const standardLimits: TrickleLimits = { sweepMs: 1_000, sweepsMax: 4 }

/**
 * Ends connections on which a request does not get to its end. grpc-js hands a unary call on once
 * its message is whole, and waits for that without a bound where the call has no deadline; a
 * connection full of such calls counts as busy, so it is not idle either. Requests are looked at
 * once a second, all together: a hook on each call would cost every one of them.
 *
 * Of a stream, which may be open and silent, it is each message that has to get to its end: one of
 * 512 KiB that comes in frames of a byte takes 65 MB before anybody is asked who sent it.
 */
export class TrickleGuard implements Disposable {
  readonly #server: Server
  readonly #streams: () => Iterable<object>
  readonly #limits: TrickleLimits
  readonly #ended: () => void
  readonly #timer: NodeJS.Timeout
  /** In how many sweeps a request, or a message of a stream, was found unfinished. */
  #found = new Map<object, number>()

  /** `streams`: the calls that are open and read from; `ended` is told of each connection. */
  constructor(
    server: Server,
    streams: () => Iterable<object>,
    ended: () => void,
    limits: Partial<TrickleLimits> = {},
  ) {
    this.#server = server
    this.#streams = streams
    this.#ended = ended
    this.#limits = { ...standardLimits, ...limits }
    this.#timer = setInterval(() => this.#sweep(), this.#limits.sweepMs).unref()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #sweep(): void {
    const found = new Map<object, number>()
    for (const { session, unfinished } of this.#unfinished()) {
      if (session.destroyed) continue
      const sweeps = (this.#found.get(unfinished) ?? 0) + 1
      found.set(unfinished, sweeps)
      if (sweeps <= this.#limits.sweepsMax) continue
      session.destroy()
      this.#ended()
    }
    this.#found = found
  }

  *#unfinished() {
    for (const session of sessionsOf(this.#server)) {
      for (const unfinished of unfinishedOn(session)) yield { session, unfinished }
    }
    for (const call of this.#streams()) {
      const message = unfinishedMessageOf(call)
      if (message !== undefined) yield message
    }
  }
}

/** Requests that have neither come to their end nor been answered. */
function* unfinishedOn(session: ServerHttp2Session): Iterable<ServerHttp2Stream> {
  for (const stream of streamsOf(session)) {
    if (stream.headersSent || stream.endAfterHeaders || stream.destroyed) continue
    // What was read by grpc-js says nothing: it pauses between messages.
    if (stream.state.remoteClose !== 1) yield stream
  }
}
