import type { DirectoryId } from '../directory/directory.ts'
import type { Clock } from '../std/clock.ts'
import type { Store } from '../store/store.ts'
import type { Fills } from './fills.ts'

export interface WarmUpParts {
  readonly store: Store
  readonly fills: Fills
  readonly clock: Clock
  readonly directories: readonly DirectoryId[]
  /** Whether another slice fits. */
  readonly hasRoom: () => boolean
}

/**
 * Reads everybody into memory, in slices behind which decisions go on, so that a process that has
 * just started asks the store for nobody, and goes on through an outage that comes soon after. It
 * delays no answer: whoever is asked for before is read at once, as ever.
 *
 * Returns how many were read. A store that fails ends it: what is missing is read when asked for.
 */
export async function warmUp(parts: WarmUpParts, signal: AbortSignal): Promise<number> {
  const { store, fills, clock, directories, hasRoom } = parts
  let count = 0
  for (const directory of directories) {
    for (let after = 0; hasRoom() && !signal.aborted; ) {
      const from = after
      const rows = await fills.fill(() => store.principals(directory, from, sliceMax))
      const last = rows.at(-1)
      if (last === undefined) break
      after = last.ordinal
      count += rows.length
      // What came in meanwhile goes first.
      await clock.sleep(0, signal)
    }
  }
  return count
}

/** ≈ 3 ms of the thread that decides. */
const sliceMax = 250
