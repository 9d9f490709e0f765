import { LRUCache } from 'lru-cache'
import type { Clock } from '../std/clock.ts'
import { keyHash } from '../store/keys.ts'
import type { SubjectKey } from '../store/store.ts'

export type Absence = 'unknown' | 'ambiguous'

/**
 * Names that lead to nobody, or to more than one. Whoever asks for them again and again, a gateway
 * with a wrong mapping or a scan, asks memory and not the store. An absence ends when the log says
 * that the name means something now, and a minute after it was found at the latest: being asked for
 * prolongs nothing.
 */
export class Negatives {
  readonly #clock: Clock
  readonly #found: LRUCache<string, Found>
  readonly #nameOfHash = new Map<string, string>()

  constructor(clock: Clock) {
    this.#clock = clock
    const dispose = ({ hash }: Found) => void this.#nameOfHash.delete(hash)
    this.#found = new LRUCache({ max: namesMax, dispose })
  }

  get size(): number {
    return this.#found.size
  }

  get(key: SubjectKey): Absence | undefined {
    const name = nameText(key)
    const found = this.#found.get(name)
    if (found === undefined) return undefined
    if (this.#clock.monotonicMs() < found.endMs) return found.absence
    this.#found.delete(name)
    return undefined
  }

  put(key: SubjectKey, absence: Absence): void {
    const [name, hash] = [nameText(key), keyHash(key)]
    this.#found.set(name, { absence, hash, endMs: this.#clock.monotonicMs() + keptMs })
    this.#nameOfHash.set(hash, name)
  }

  /** The name, by its `keyHash`, means something else than before. */
  end(hash: string): void {
    const name = this.#nameOfHash.get(hash)
    if (name !== undefined) this.#found.delete(name)
  }

  clear(): void {
    this.#found.clear()
    this.#nameOfHash.clear()
  }
}

interface Found {
  readonly absence: Absence
  readonly hash: string
  readonly endMs: number
}

/** ≈ 3 MB of names of usual length. */
const namesMax = 10_000
const keptMs = 60_000

// A kind is one of three fixed words, and no directory id has a slash in it: no two keys share one.
function nameText({ directory, kind, value }: SubjectKey): string {
  return `${directory}/${kind}/${value}`
}
