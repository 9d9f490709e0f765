import { setImmediate } from 'node:timers/promises'
import type { Clock } from './clock.ts'

/** Long work on the thread that also decides: it stops for the others when its slice is over. */
export class TimeSlice {
  readonly #clock: Clock
  #startedMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedMs = clock.monotonicMs()
  }

  /** Whether it is time to stop. */
  isOver(): boolean {
    return this.#clock.monotonicMs() - this.#startedMs >= sliceMs
  }

  /** Comes back when everybody who waited has had their turn. */
  async next(): Promise<void> {
    await setImmediate()
    this.#startedMs = this.#clock.monotonicMs()
  }
}

/** A decision waits at most that long behind one such piece of work. */
const sliceMs = 10
