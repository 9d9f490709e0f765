import type { Clock } from '../std/clock.ts'

/** Who has to be done by when. Those who are not are called, at most `lookMs` late. */
export class Deadlines implements Disposable {
  readonly #clock: Clock
  readonly #open = new Set<Open>()
  readonly #closing = new AbortController()
  #isLooking = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls `expire` once `endMs` has passed on the monotonic clock, unless disposed of before. */
  add(endMs: number, expire: () => void): Disposable {
    const open = { endMs, expire }
    this.#open.add(open)
    if (!this.#isLooking) void this.#look()
    return { [Symbol.dispose]: () => void this.#open.delete(open) }
  }

  /** Nobody is called any more. */
  [Symbol.dispose](): void {
    this.#closing.abort()
    this.#open.clear()
  }

  /** One timer for all: one a request costs more than all that is done here. */
  async #look(): Promise<void> {
    this.#isLooking = true
    while (this.#open.size > 0) {
      await this.#clock.sleep(lookMs, this.#closing.signal)
      const nowMs = this.#clock.monotonicMs()
      for (const open of this.#open) {
        if (open.endMs > nowMs) continue
        this.#open.delete(open)
        open.expire()
      }
    }
    this.#isLooking = false
  }
}

interface Open {
  readonly endMs: number
  readonly expire: () => void
}

/** Node looks for slow requests as often, see `timeouts`. */
const lookMs = 500
