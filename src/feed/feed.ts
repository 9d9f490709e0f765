import type { Clock } from '../std/clock.ts'
import type { Entry } from '../store/entry.ts'
import { StoreUnavailable } from '../store/errors.ts'
import type { Position } from '../store/position.ts'
import type { LogSlice, Store } from '../store/store.ts'
import { type Break, judge } from './chain.ts'

/**
 * feed: the read side of the log.
 *
 * A feed yields every Entry committed after a position, in commit order, once. It reads what is
 * there and then waits for more; a store that cannot be read is asked again until it can, since
 * closing the door meanwhile is the Vouch's work. It alone judges the chain: a gap or a fork is
 * `StartAgain`, after which it ends, because nothing read before can be trusted to be complete.
 *
 * Not here: appending to the log (store/), keeping state (cache/).
 */
export interface Feed {
  entriesAfter(position: Position, signal: AbortSignal): AsyncIterable<Step>
}
export type Step = { readonly kind: 'entries'; readonly entries: readonly Entry[] } | StartAgain

/** Forget everything and read the state anew. */
export interface StartAgain {
  readonly kind: 'start-again'
  readonly cause: Break
}

export function followFeed(
  store: Store,
  clock: Clock,
  onFault: (error: unknown) => void = () => undefined,
): Feed {
  return {
    async *entriesAfter(position, signal) {
      let at = position
      let pauseMs = pauseMsMin
      while (!signal.aborted) {
        // Whoever stops does not wait for news; the read that is left behind ends by itself.
        const slice = await unlessAborted(readOrFault(store, at), signal)
        if (slice === undefined || signal.aborted) return
        if (slice instanceof StoreUnavailable) {
          onFault(slice)
          await clock.sleep(pauseMs, signal)
          pauseMs = Math.min(pauseMs * 2, pauseMsMax)
          continue
        }
        pauseMs = pauseMsMin
        const judged = judge(slice, at)
        if (judged.kind === 'broken') {
          yield { kind: 'start-again', cause: judged.cause }
          return
        }
        if (slice.entries.length === 0) continue
        yield { kind: 'entries', entries: slice.entries }
        at = judged.at
      }
    },
  }
}

/** Entries read at a time: few enough to apply without a stall, many enough to catch up quickly. */
const sliceEntriesMax = 1000
/** An empty read proves that the log is still ours, so it is made this often at least. */
const waitMs = 1000
const pauseMsMin = 50
const pauseMsMax = 1000

async function readOrFault(store: Store, at: Position): Promise<LogSlice | StoreUnavailable> {
  try {
    return await store.readLog(at, sliceEntriesMax, waitMs)
  } catch (error) {
    if (error instanceof StoreUnavailable) return error
    throw error
  }
}

/** Not `Promise.race` with one long promise: that would keep each read as long as we follow. */
function unlessAborted<Value>(
  work: Promise<Value>,
  signal: AbortSignal,
): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = () => resolve(undefined)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
