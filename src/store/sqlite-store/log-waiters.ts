import type { Clock } from '../../std/clock.ts'
import type { LogSlice } from '../store.ts'

/**
 * Readers of the log who have caught up and wait. Whoever hears of a commit calls `wake`; commits
 * of other processes are heard of by looking, and only while somebody waits.
 */
export class LogWaiters {
  readonly #clock: Clock
  readonly #waiting = new Set<Waiter>()
  readonly #closing = new AbortController()
  #looking = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `look` gives a slice with news, undefined without, or throws. */
  wait(look: (timedOut: boolean) => LogSlice | undefined, waitMs: number): Promise<LogSlice> {
    const { promise, resolve, reject } = Promise.withResolvers<LogSlice>()
    this.#waiting.add({ look, endMs: this.#clock.monotonicMs() + waitMs, resolve, reject })
    if (!this.#looking) void this.#lookAround()
    return promise
  }

  wake(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const waiter of this.#waiting) this.#serve(waiter, nowMs)
  }

  close(reason: Error): void {
    this.#closing.abort()
    for (const { reject } of this.#waiting) reject(reason)
    this.#waiting.clear()
  }

  async #lookAround(): Promise<void> {
    this.#looking = true
    while (this.#waiting.size > 0) {
      const ends = [...this.#waiting].map(({ endMs }) => endMs - this.#clock.monotonicMs())
      await this.#clock.sleep(Math.max(0, Math.min(lookMs, ...ends)), this.#closing.signal)
      this.wake()
    }
    this.#looking = false
  }

  #serve(waiter: Waiter, nowMs: number): void {
    try {
      const slice = waiter.look(nowMs >= waiter.endMs)
      if (slice === undefined) return
      waiter.resolve(slice)
    } catch (error) {
      waiter.reject(error as Error)
    }
    this.#waiting.delete(waiter)
  }
}

interface Waiter {
  readonly look: (timedOut: boolean) => LogSlice | undefined
  readonly endMs: number
  readonly resolve: (slice: LogSlice) => void
  readonly reject: (error: Error) => void
}

/** How late another process's commit may be heard of, for push only: decisions ask `lastLook`. */
const lookMs = 10
