import type { DirectoryId, Ordinal, Revision } from '../directory/directory.ts'
import type { PrincipalRow, Store, SubjectKey } from '../store/store.ts'
import type { Lookup, Principal } from './cache.ts'

interface Memory {
  reached(revision: Revision): boolean
  nextApplied(ms: number): Promise<void>
  insert(key: SubjectKey, row: PrincipalRow): Principal
}

/**
 * Reads of users that are not in memory: one per name however many ask, and kept only if no newer
 * entry of the log touched the user between the read and its arrival. Without that fence a slow
 * read could bury a newer revocation for ever.
 */
export class Fills {
  readonly #store: Store
  readonly #memory: Memory
  readonly #inFlight = new Map<string, Promise<Lookup>>()
  /** Newest revision that touched a user, for as long as any read is under way. */
  readonly #touched = new Map<string, Revision>()

  constructor(store: Store, memory: Memory) {
    this.#store = store
    this.#memory = memory
  }

  lookUp(key: SubjectKey): Promise<Lookup> {
    const name = `${key.directory}/${key.kind}/${key.value}`
    const running = this.#inFlight.get(name)
    if (running !== undefined) return running
    const started = this.#read(key).finally(() => {
      this.#inFlight.delete(name)
      if (this.#inFlight.size === 0) this.#touched.clear()
    })
    this.#inFlight.set(name, started)
    return started
  }

  /** An entry of the log changed this user or its groups. */
  touched(directory: DirectoryId, ordinal: Ordinal, revision: Revision): void {
    if (this.#inFlight.size > 0) this.#touched.set(`${directory}/${ordinal}`, revision)
  }

  async #read(key: SubjectKey): Promise<Lookup> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const resolved = await this.#store.resolve(key)
      if (resolved.kind === 'unavailable') return resolved
      // What was read ahead of the log waits for it: a newer user must not meet an older policy.
      const { revision } = resolved.position
      for (let wait = 0; wait < waitsMax && !this.#memory.reached(revision); wait++) {
        await this.#memory.nextApplied(waitMs)
      }
      if (!this.#memory.reached(revision)) break
      if (resolved.kind !== 'known') return { kind: resolved.kind }
      const { directory, ordinal } = resolved.principal
      const touched = this.#touched.get(`${directory}/${ordinal}`) ?? 0
      if (touched > revision) continue
      return { kind: 'known', principal: this.#memory.insert(key, resolved.principal) }
    }
    return { kind: 'unavailable', cause: new Error('memory cannot keep up with the log') }
  }
}

/** A user who changes faster than it can be read this often is not decided on. */
const attemptsMax = 5
const waitsMax = 20
const waitMs = 5
