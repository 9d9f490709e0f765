import type { Revision } from '../directory/directory.ts'
import type { Position } from './position.ts'

/**
 * The newest positions that a handle has seen, from which it can tell whether a log that it meets
 * is still the same one, and up to where.
 */
export class KnownHistory {
  readonly #nonces = new Map<number, string>()
  #newest: Position | undefined

  get newest(): Position | undefined {
    return this.#newest
  }

  /** Newest first. */
  get pairs(): readonly (readonly [revision: number, nonce: string])[] {
    return [...this.#nonces].reverse()
  }

  /** Oldest first, all told in the newest epoch. */
  get positions(): readonly Position[] {
    const { partition = 0, epoch = 0 } = this.#newest ?? {}
    return [...this.#nonces].map(([revision, nonce]) => ({ partition, epoch, revision, nonce }))
  }

  /** Undefined: it is too long ago, or is yet to come. */
  nonceOf(revision: Revision): string | undefined {
    return this.#nonces.get(revision)
  }

  has({ epoch, revision, nonce }: Position): boolean {
    return epoch === this.#newest?.epoch && this.#nonces.get(revision) === nonce
  }

  /** Notes a position of the present history; an older one than the newest may fill a gap. */
  note(position: Position): void {
    const { epoch, revision, nonce } = position
    if (this.#newest === undefined || epoch > this.#newest.epoch) this.#newest = position
    else if (epoch === this.#newest.epoch && revision > this.#newest.revision) {
      this.#newest = position
    }
    // Put behind the others, so that the oldest is the first to go.
    this.#nonces.delete(revision)
    this.#nonces.set(revision, nonce)
    if (this.#nonces.size <= pairsMax) return
    for (const oldest of this.#nonces.keys()) {
      this.#nonces.delete(oldest)
      break
    }
  }

  /** From here on another history holds: what was known of the one before is forgotten. */
  startAt(position: Position): void {
    this.#nonces.clear()
    this.#newest = undefined
    this.note(position)
  }
}

/** A lost tail that is longer than this shares nothing that could be named. */
const pairsMax = 1_000
