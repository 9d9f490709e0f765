/** How much work at once, and how much may wait for it. */
export interface FairQueueLimits {
  readonly atOnce: number
  /** Of one key. Below `atOnce`, a key that comes anew finds a turn however busy another one is. */
  readonly atOncePerKey: number
  /** Of one key; whoever comes then is refused. */
  readonly waitingPerKeyMax: number
}

/** Leave to work, until it is disposed of. Doing that again does nothing. */
export type Turn = Disposable

/** A place in line. */
export interface Waiting {
  /** Undefined: left before it was its turn. */
  readonly turn: Promise<Turn | undefined>
  /** Gives the place up. Whoever has been given the turn by now has to dispose of it as ever. */
  leave(): void
}

type Given = (turn: Turn | undefined) => void

/**
 * Lets so many pieces of work run at once, and serves the keys of those who wait in turn: of
 * two keys that both wait and may have a turn, none gets two before the other gets one, however
 * many of its own wait. Within a key, first come, first served.
 */
export class FairQueue<Key> {
  readonly #limits: FairQueueLimits
  readonly #running = new Map<Key, number>()
  /** Who waits, by key. The key that comes next stands first. */
  readonly #waiting = new Map<Key, Given[]>()
  #total = 0

  constructor(limits: FairQueueLimits) {
    this.#limits = limits
  }

  /** A turn at once where there is one, otherwise a place in line, unless too many have one. */
  take(key: Key): Turn | Waiting | 'full' {
    // Nobody is passed by: whoever still waits has no turn to have.
    if (this.#hasTurnFor(key)) return this.#turn(key)
    const line = this.#waiting.get(key) ?? []
    if (line.length >= this.#limits.waitingPerKeyMax) return 'full'
    this.#waiting.set(key, line)
    const { promise, resolve } = Promise.withResolvers<Turn | undefined>()
    line.push(resolve)
    return { turn: promise, leave: () => this.#leave(key, line, resolve) }
  }

  #hasTurnFor(key: Key): boolean {
    const { atOnce, atOncePerKey } = this.#limits
    return this.#total < atOnce && (this.#running.get(key) ?? 0) < atOncePerKey
  }

  #turn(key: Key): Turn {
    this.#total += 1
    this.#running.set(key, (this.#running.get(key) ?? 0) + 1)
    let isOver = false
    return {
      [Symbol.dispose]: () => {
        if (isOver) return
        isOver = true
        this.#total -= 1
        const left = this.#running.get(key)! - 1
        if (left === 0) this.#running.delete(key)
        else this.#running.set(key, left)
        this.#serve()
      },
    }
  }

  /** Gives away the turns that have become free: one, or several where keys had all they may. */
  #serve(): void {
    for (const [key, line] of this.#waiting) {
      if (this.#total >= this.#limits.atOnce) return
      if (!this.#hasTurnFor(key)) continue
      this.#waiting.delete(key)
      const next = line.shift()
      // Behind everybody else, whom this loop reaches first.
      if (line.length > 0) this.#waiting.set(key, line)
      next?.(this.#turn(key))
    }
  }

  #leave(key: Key, line: Given[], who: Given): void {
    const at = line.indexOf(who)
    if (at < 0) return
    line.splice(at, 1)
    if (line.length === 0) this.#waiting.delete(key)
    who(undefined)
  }
}
