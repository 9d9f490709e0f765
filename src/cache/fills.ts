import type { DirectoryId, Ordinal, Revision } from '../directory/directory.ts'
import { lookupValue } from '../directory/identity.ts'
import { keyHash } from '../store/keys.ts'
import type { Position } from '../store/position.ts'
import type { PrincipalRow, PrincipalSlice, Resolved, Store, SubjectKey } from '../store/store.ts'
import type { Lookup, Principal } from './cache.ts'
import type { Absence } from './negatives.ts'

interface Memory {
  readonly applied: Position
  nextApplied(ms: number): Promise<void>
  insert(key: SubjectKey, row: PrincipalRow): Principal
  keepAbsence(key: SubjectKey, absence: Absence): void
}

/**
 * Reads of users that are not in memory: one per name however many ask. What was read counts only
 * if no newer entry of the log was about that user or that name, and if memory was not read anew,
 * between the read and its arrival. Without that fence a slow read could bury a newer revocation
 * for ever, or leave an externalId with one owner that meanwhile has two.
 */
export class Fills {
  readonly #store: Store
  readonly #memory: Memory
  readonly #inFlight = new Map<string, Promise<Lookup>>()
  /** Newest revision that was about a user or a name, for as long as any read is under way. */
  readonly #touched = new Map<string, Revision>()
  /** Reads of many users that are under way. */
  #slices = 0
  /** Moves when nothing read so far can be compared with the log any more. */
  #generation = 0

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
      this.#forgetTouched()
    })
    this.#inFlight.set(name, started)
    return started
  }

  /**
   * Many users at once, fenced as one read is. Returns those that were read, kept or not: what an
   * entry of the log touched meanwhile is left to be asked for. @throws what the store throws
   */
  async fill(read: () => Promise<PrincipalSlice>): Promise<readonly PrincipalRow[]> {
    this.#slices++
    try {
      const generation = this.#generation
      const before = this.#memory.applied
      const { principals, position } = await read()
      if (isBehind(position, before)) throw wentBack()
      for (let wait = 0; wait < waitsMax && !this.#reached(position.revision); wait++) {
        await this.#memory.nextApplied(waitMs)
      }
      if (!this.#reached(position.revision) || generation !== this.#generation) return principals
      for (const row of principals) {
        const { directory, ordinal, document } = row
        const touched = this.#touched.get(userText(directory, ordinal)) ?? 0
        if (touched > position.revision || typeof document.userName !== 'string') continue
        const value = lookupValue('userName', document.userName)
        this.#memory.insert({ directory, kind: 'userName', value }, row)
      }
      return principals
    } finally {
      this.#slices--
      this.#forgetTouched()
    }
  }

  /** An entry of the log changed these users or their groups. */
  usersTouched(directory: DirectoryId, ordinals: readonly Ordinal[], revision: Revision): void {
    if (!this.#hasRoomFor(ordinals.length)) return
    for (const ordinal of ordinals) this.#touched.set(userText(directory, ordinal), revision)
  }

  /** An entry of the log says that a name, by its `keyHash`, means something else than before. */
  nameTouched(hash: string, revision: Revision): void {
    if (this.#hasRoomFor(1)) this.#touched.set(hash, revision)
  }

  /** Memory was read anew, so not every entry in between was seen here. */
  startAgain(): void {
    this.#generation++
    this.#touched.clear()
  }

  /** Whether so many have to be remembered. Where they do not fit, all is read again instead. */
  #hasRoomFor(count: number): boolean {
    if (this.#inFlight.size + this.#slices === 0) return false
    if (this.#touched.size + count <= touchedMax) return true
    this.startAgain()
    return false
  }

  #forgetTouched(): void {
    if (this.#inFlight.size + this.#slices === 0) this.#touched.clear()
  }

  async #read(key: SubjectKey): Promise<Lookup> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const generation = this.#generation
      const before = this.#memory.applied
      const resolved = await this.#store.resolve(key)
      if (resolved.kind === 'unavailable') return resolved
      // A store that is behind memory has lost what memory knows, be it a revocation of this user.
      if (isBehind(resolved.position, before)) return { kind: 'unavailable', cause: wentBack() }
      // What was read ahead of the log waits for it: a newer user must not meet an older policy.
      const { revision } = resolved.position
      for (let wait = 0; wait < waitsMax && !this.#reached(revision); wait++) {
        await this.#memory.nextApplied(waitMs)
      }
      if (!this.#reached(revision)) break
      if (generation !== this.#generation || this.#touchedSince(key, resolved)) continue
      if (resolved.kind !== 'known') {
        this.#memory.keepAbsence(key, resolved.kind)
        return { kind: resolved.kind, asOf: this.#memory.applied }
      }
      return { kind: 'known', principal: this.#memory.insert(key, resolved.principal) }
    }
    return { kind: 'unavailable', cause: new Error('memory cannot keep up with the log') }
  }

  #reached(revision: Revision): boolean {
    return this.#memory.applied.revision >= revision
  }

  #touchedSince(key: SubjectKey, resolved: Exclude<Resolved, { kind: 'unavailable' }>): boolean {
    if (this.#touched.size === 0) return false
    const since = (what: string) => (this.#touched.get(what) ?? 0) > resolved.position.revision
    if (since(keyHash(key))) return true
    if (resolved.kind !== 'known') return false
    const { directory, ordinal } = resolved.principal
    return since(userText(directory, ordinal))
  }
}

/** Whether a store that stands here cannot be the one that this was read from. */
export function isBehind(store: Position, memory: Position): boolean {
  // Of another epoch it cannot be told before the log has been followed into it.
  if (store.epoch !== memory.epoch) return true
  if (store.revision !== memory.revision) return store.revision < memory.revision
  return store.nonce !== memory.nonce
}

export function wentBack(): Error {
  return new Error('the log of the store went back behind what memory has applied')
}

/** A user who changes faster than it can be read this often is not decided on. */
const attemptsMax = 5
const waitsMax = 20
const waitMs = 5
/** ≈ 1 ms of the thread that decides, which a group of 100,000 would hold up for 20. */
const touchedMax = 5_000

/** No `keyHash` has a slash in it. */
function userText(directory: DirectoryId, ordinal: Ordinal): string {
  return `${directory}/${ordinal}`
}
