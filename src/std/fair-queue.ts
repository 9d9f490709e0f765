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
 * Lets so many pieces of work run at once. A turn that becomes free goes to a key that has fewest,
 * and among those they go round: so every key gets its share, however many of another one's wait.
 * Within a key, first come, first served.
 */
export class FairQueue<Key> {
  readonly #limits: FairQueueLimits
  readonly #running = new Map<Key, number>()
  /** Who waits, by key. The key that was served last stands last. */
  readonly #waiting = new Map<Key, Given[]>()
  #total = 0

  constructor(limits: FairQueueLimits) {
    this.#limits = limits
  }

  /** A turn at once where there is one, otherwise a place in line, unless too many have one. */
  take(key: Key): Turn | Waiting | 'full' {
    // Nobody is passed by: whoever still waits may have no turn.
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

  #serve(): void {
    for (let key = this.#next(); key !== undefined; key = this.#next()) {
      const line = this.#waiting.get(key) ?? []
      const first = line.shift()
      // Behind all others.
      this.#waiting.delete(key)
      if (line.length > 0) this.#waiting.set(key, line)
      first?.(this.#turn(key))
    }
  }

  /** Whose turn it is: of those who may have one, who has fewest; of these, who waits longest. */
  #next(): Key | undefined {
    let [next, fewest] = [undefined as Key | undefined, Number.POSITIVE_INFINITY]
    for (const key of this.#waiting.keys()) {
      const running = this.#running.get(key) ?? 0
      if (running >= fewest || !this.#hasTurnFor(key)) continue
      next = key
      fewest = running
    }
    return next
  }

  #leave(key: Key, line: Given[], who: Given): void {
    const at = line.indexOf(who)
    if (at < 0) return
    line.splice(at, 1)
    if (line.length === 0) this.#waiting.delete(key)
    who(undefined)
  }
}
