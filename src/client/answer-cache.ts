import { LRUCache } from 'lru-cache'
import type { Clock } from '../std/clock.ts'
import type { ClientDecision } from './answers.ts'

interface Kept {
  readonly decision: ClientDecision
  readonly askedMs: number
  readonly endsMs: number
}

/**
 * Decisions for as long as the server allows. The time runs from when the attempt was asked, since
 * the answer may have been made any time after; reading does not extend it. The key is the bytes
 * that were sent: what a server can tell apart has another key. Kept is only what a server
 * decided: no fault, nothing stale, nothing it forbids to keep.
 */
export class AnswerCache {
  readonly #clock: Clock
  readonly #kept: LRUCache<string, Kept>

  constructor(clock: Clock, entriesMax: number) {
    this.#clock = clock
    this.#kept = new LRUCache({ max: entriesMax })
  }

  /** With `revision`, only what was decided at that one. Age and time left are those of now. */
  get(body: Uint8Array, revision: string | undefined): ClientDecision | undefined {
    const key = keyOf(body)
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    const { decision, askedMs, endsMs } = kept
    const nowMs = this.#clock.monotonicMs()
    if (nowMs >= endsMs || (revision !== undefined && revision !== decision.revision)) {
      this.#kept.delete(key)
      return undefined
    }
    return {
      ...decision,
      ageMs: decision.ageMs + Math.ceil(nowMs - askedMs),
      cacheableForMs: Math.floor(endsMs - nowMs),
    }
  }

  keep(body: Uint8Array, decision: ClientDecision, askedMs: number): void {
    const { cacheableForMs, stale, wire } = decision
    if (cacheableForMs <= 0 || stale || wire !== undefined) return
    this.#kept.set(keyOf(body), { decision, askedMs, endsMs: askedMs + cacheableForMs })
  }

  clear(): void {
    this.#kept.clear()
  }
}

/** One character a byte. */
function keyOf(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1')
}
