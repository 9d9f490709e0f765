import type { Clock } from '../../src/std/clock.ts'

/** Time that moves only when a test says so. Sleeps end in the order in which they are due. */
export class ManualClock implements Clock {
  #nowMs = 0
  #sleeps: { readonly dueMs: number; readonly wake: () => void }[] = []
  readonly #startMs: number

  constructor(start = '2026-01-02T03:04:05.000Z') {
    this.#startMs = Date.parse(start)
  }

  wallMs(): number {
    return this.#startMs + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#sleeps.push({ dueMs: this.#nowMs + ms, wake: resolve })
    signal?.addEventListener('abort', () => resolve(), { once: true })
    return promise
  }

  /** Ends every sleep that is due by then, and lets whoever slept go on until they wait again. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    for (;;) {
      const [next] = this.#sleeps.toSorted((a, b) => a.dueMs - b.dueMs)
      if (next === undefined || next.dueMs > endMs) break
      this.#sleeps = this.#sleeps.filter((sleep) => sleep !== next)
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.wake()
      await new Promise(setImmediate)
    }
    this.#nowMs = endMs
    await new Promise(setImmediate)
  }
}
