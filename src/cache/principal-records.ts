import { LRUCache } from 'lru-cache'
import {
  type Complex,
  type DirectoryId,
  emptyComplex,
  isActive,
  type Ordinal,
} from '../directory/directory.ts'
import { keyHash } from '../store/keys.ts'
import type { PrincipalRow, SubjectKey } from '../store/store.ts'
import type { Principal } from './cache.ts'

/**
 * The users in memory, least recently used ones leaving first. Found by any name under which they
 * were asked for; a name goes when its record goes.
 */
export class PrincipalRecords {
  readonly #records: LRUCache<RecordKey, Held>
  readonly #recordOf = new Map<string, RecordKey>()
  readonly #numbers = new Map<DirectoryId, number>()
  /** An externalId may get a second owner: these names end when the log says that it did. */
  readonly #nameOfHash = new Map<string, string>()
  #attributes: ReadonlySet<string> = new Set()
  /** Records without a principal. */
  #emptied = 0
  hits = 0
  misses = 0

  constructor(max: number) {
    const dispose = (held: Held, record: RecordKey) => {
      if (held.principal === undefined) this.#emptied--
      this.#forgetNames(held, record)
    }
    this.#records = new LRUCache({ max, dispose })
  }

  get size(): number {
    return this.#records.size - this.#emptied
  }

  /** Keeps these attributes from now on. Records that lack one are read again when asked for. */
  keepAttributes(attributes: ReadonlySet<string>): void {
    if (!attributes.isSubsetOf(this.#attributes)) this.clear()
    this.#attributes = attributes
  }

  get(key: SubjectKey): Principal | undefined {
    const record = this.#recordOf.get(nameText(key))
    const held = record === undefined ? undefined : this.#records.get(record)
    const principal = held?.principal
    if (principal === undefined) this.misses++
    else this.hits++
    return principal
  }

  insert(key: SubjectKey, row: PrincipalRow, readAtMs: number): Principal {
    const record = this.#keyOf(row.directory, row.ordinal)
    let held = this.#records.get(record)
    let principal = held?.principal
    if (held === undefined || principal?.revision !== row.revision) {
      principal = this.#principal(row, readAtMs)
      held = { principal, names: [], hash: '' }
      this.#records.set(record, held)
    }
    const name = nameText(key)
    if (this.#recordOf.get(name) === record) return principal
    this.#recordOf.set(name, record)
    if (!held.names.includes(name)) held.names.push(name)
    if (key.kind === 'externalId') {
      held.hash = keyHash(key)
      this.#nameOfHash.set(held.hash, name)
    }
    return principal
  }

  drop(directory: DirectoryId, ordinal: Ordinal): void {
    this.#records.delete(this.#keyOf(directory, ordinal))
  }

  /**
   * Of many, the records and names stay until they are asked for, or leave as the oldest: taking
   * 100,000 of them apart would hold up the thread that decides for 50 ms, not 9.
   */
  dropAll(directory: DirectoryId, ordinals: readonly Ordinal[]): void {
    if (ordinals.length <= droppedWholeMax) {
      for (const ordinal of ordinals) this.drop(directory, ordinal)
      return
    }
    const first = this.#keyOf(directory, 0)
    for (const ordinal of ordinals) {
      const held = this.#records.peek(first + ordinal)
      if (held?.principal === undefined) continue
      held.principal = undefined
      this.#emptied++
    }
  }

  deactivate(directory: DirectoryId, ordinal: Ordinal): void {
    const held = this.#records.get(this.#keyOf(directory, ordinal))
    if (held?.principal !== undefined) held.principal.active = false
  }

  /** A look-up key means something else than before. */
  endName(hash: string): void {
    const name = this.#nameOfHash.get(hash)
    if (name === undefined) return
    this.#nameOfHash.delete(hash)
    this.#recordOf.delete(name)
  }

  clear(): void {
    this.#records.clear()
    this.#recordOf.clear()
    this.#nameOfHash.clear()
  }

  #keyOf(directory: DirectoryId, ordinal: Ordinal): RecordKey {
    let number = this.#numbers.get(directory)
    if (number === undefined) {
      number = this.#numbers.size
      this.#numbers.set(directory, number)
    }
    return number * ordinalsMax + ordinal
  }

  #forgetNames({ names, hash }: Held, record: RecordKey): void {
    // A name that another user has by now stays.
    const mine = names.filter((name) => this.#recordOf.get(name) === record)
    for (const name of mine) this.#recordOf.delete(name)
    if (mine.includes(this.#nameOfHash.get(hash) ?? '')) this.#nameOfHash.delete(hash)
  }

  #principal(row: PrincipalRow, readAtMs: number): Principal {
    const attributes = emptyComplex()
    for (const name of this.#attributes) {
      if (Object.hasOwn(row.document, name)) attributes[name] = row.document[name]!
    }
    attributes.id = row.id
    const { directory, ordinal, id, revision, groups } = row
    const active = isActive(row.document)
    const kept: Complex = attributes
    return {
      directory,
      ordinal,
      id,
      active,
      attributes: kept,
      groups,
      revision,
      readAtMs,
      derived: undefined,
    }
  }
}

/** The directory's number above 32 bits of ordinal. As a text, each look-up would cost thrice. */
type RecordKey = number
const ordinalsMax = 2 ** 32

/** ≈ 1 ms. */
const droppedWholeMax = 1_000

interface Held {
  /** Undefined: no longer what the store holds. */
  principal: Principal | undefined
  readonly names: string[]
  /** Of the externalId it was asked by; empty: by none. */
  hash: string
}

// Directory ids hold neither `/` nor digits-only ambiguity: a kind is one of three fixed words.
function nameText(key: SubjectKey): string {
  return `${key.directory}/${key.kind}/${key.value}`
}
