import type { Clock } from '../std/clock.ts'

/**
 * One timer for many deadlines: it rings at the earliest that was set, and is then told the next
 * one. A timer for each of thousands of attempts a second would cost more than the attempts.
 */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: (nowMs: number) => number | undefined
  #dueMs = Number.POSITIVE_INFINITY
  #sleeping: AbortController | undefined

  /** `ring` answers with the next instant to ring at. Instants are monotonic. */
  constructor(clock: Clock, ring: (nowMs: number) => number | undefined) {
    this.#clock = clock
    this.#ring = ring
  }

  setBy(dueMs: number): void {
    if (dueMs >= this.#dueMs) return
    this.#sleeping?.abort()
    this.#dueMs = dueMs
    void this.#sleep(dueMs)
  }

  clear(): void {
    this.#sleeping?.abort()
    this.#dueMs = Number.POSITIVE_INFINITY
  }

  async #sleep(dueMs: number): Promise<void> {
    const sleeping = new AbortController()
    this.#sleeping = sleeping
    await this.#clock.sleep(Math.max(0, dueMs - this.#clock.monotonicMs()), sleeping.signal)
    if (sleeping.signal.aborted) return
    this.#dueMs = Number.POSITIVE_INFINITY
    const next = this.#ring(this.#clock.monotonicMs())
    if (next !== undefined) this.setBy(next)
  }
}
