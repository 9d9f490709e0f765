import type { Clock } from '../std/clock.ts'

export interface StartAgain {
  /** Resolves when it is up, rejects with what keeps it from it. */
  readonly launch: () => Promise<void>
  /** Told at every failure; `isNews` once for each thing that is wrong, not for each attempt. */
  readonly failed: (error: Error, isNews: boolean) => void
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Long enough not to burn a core, short enough that nobody who asks again gives up meanwhile. */
const pauseMs = 500

/** Starts what ended by itself, with a pause before each attempt, until it is up or not wanted. */
export async function startAgain(cause: Error, again: StartAgain): Promise<void> {
  const { launch, failed, clock, signal } = again
  let error = cause
  let told: string | undefined
  while (!signal.aborted) {
    failed(error, error.message !== told)
    told = error.message
    await clock.sleep(pauseMs, signal)
    if (signal.aborted) return
    try {
      await launch()
      return
    } catch (next) {
      error = next as Error
    }
  }
}
