import { LRUCache } from 'lru-cache'
import type { DirectoryId, Ordinal } from '../directory/directory.ts'
import type { LookupKind } from '../directory/identity.ts'
import { keyHash } from '../store/keys.ts'
import type { PrincipalRow, SubjectKey } from '../store/store.ts'
import type { Principal } from './cache.ts'
import { owned, Projection, RememberedPrincipal } from './remembered-principal.ts'

/**
 * The users in memory, least recently used ones leaving first. Found by any name under which they
 * were asked for; a name goes when its record goes.
 */
export class PrincipalRecords {
  readonly #records: LRUCache<RecordKey, RememberedPrincipal>
  readonly #directories = new Map<DirectoryId, Names>()
  /** An externalId may get a second owner: these names end when the log says that it did. */
  readonly #recordOfHash = new Map<string, RecordKey>()
  #projection = new Projection(new Set())
  /** What every record has. */
  #complete: ReadonlySet<string> = new Set()
  /** Records that are no longer what the store holds. */
  #gone = 0
  hits = 0
  misses = 0

  constructor(max: number) {
    const dispose = (principal: RememberedPrincipal, record: RecordKey) => {
      if (principal.isGone) this.#gone--
      this.#forgetNames(principal, record)
    }
    this.#records = new LRUCache({ max, dispose })
  }

  get size(): number {
    return this.#records.size - this.#gone
  }

  /** Keeps these attributes from now on. Records that may lack one are read again. */
  keepAttributes(attributes: ReadonlySet<string>): void {
    if (attributes.symmetricDifference(this.#projection.attributes).size === 0) return
    if (!attributes.isSubsetOf(this.#complete)) this.clear()
    this.#complete = attributes
    this.#projection = new Projection(attributes)
  }

  /**
   * Keeps these as well in what is inserted from now on, records that are inserted again included;
   * false: all records have them. Once everybody was inserted, `widened` makes it known.
   */
  widen(attributes: ReadonlySet<string>): boolean {
    if (attributes.isSubsetOf(this.#projection.attributes)) return false
    this.#projection = new Projection(attributes.union(this.#projection.attributes))
    return true
  }

  widened(): void {
    this.#complete = this.#projection.attributes
  }

  get(key: SubjectKey): Principal | undefined {
    const record = this.#directories.get(key.directory)?.[key.kind].get(key.value)
    const principal = record === undefined ? undefined : this.#records.get(record)
    if (principal === undefined || principal.isGone) {
      this.misses++
      return undefined
    }
    this.hits++
    return principal
  }

  insert(key: SubjectKey, row: PrincipalRow): Principal {
    const names = this.#namesOf(row.directory)
    const record = names.first + row.ordinal
    let principal = this.#records.get(record)
    if (principal?.revision !== row.revision || principal.projection !== this.#projection) {
      principal = new RememberedPrincipal(row, this.#projection)
      this.#records.set(record, principal)
    }
    const { kind, value } = key
    if (names[kind].get(value) === record) return principal
    const name = kind === 'id' ? principal.id : owned(value)
    names[kind].set(name, record)
    principal.beKnownBy(kind, name)
    if (kind === 'externalId') {
      this.#recordOfHash.set(keyHash(key), record)
    }
    return principal
  }

  drop(directory: DirectoryId, ordinal: Ordinal): void {
    this.#records.delete(this.#namesOf(directory).first + ordinal)
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
    const { first } = this.#namesOf(directory)
    for (const ordinal of ordinals) {
      const principal = this.#records.peek(first + ordinal)
      if (principal === undefined || principal.isGone) continue
      principal.revision = -1
      this.#gone++
    }
  }

  deactivate(directory: DirectoryId, ordinal: Ordinal): void {
    const principal = this.#records.get(this.#namesOf(directory).first + ordinal)
    if (principal !== undefined) principal.active = false
  }

  /** A look-up key means something else than before. */
  endName(hash: string): void {
    const record = this.#recordOfHash.get(hash)
    if (record === undefined) return
    this.#recordOfHash.delete(hash)
    const principal = this.#records.peek(record)
    const name = principal?.externalId
    if (principal === undefined || name === undefined) return
    const { externalId } = this.#namesOf(principal.directory)
    if (externalId.get(name) === record) externalId.delete(name)
  }

  clear(): void {
    this.#records.clear()
    for (const { id, userName, externalId } of this.#directories.values()) {
      id.clear()
      userName.clear()
      externalId.clear()
    }
    this.#recordOfHash.clear()
  }

  #namesOf(directory: DirectoryId): Names {
    let names = this.#directories.get(directory)
    if (names === undefined) {
      const first = this.#directories.size * ordinalsMax
      names = { first, id: new Map(), userName: new Map(), externalId: new Map() }
      this.#directories.set(directory, names)
    }
    return names
  }

  /** A name that another user has by now stays. */
  #forgetNames(principal: RememberedPrincipal, record: RecordKey): void {
    const { directory, externalId: value } = principal
    const all = this.#namesOf(directory)
    for (const kind of kinds) {
      const name = principal.nameOf(kind)
      if (name !== undefined && all[kind].get(name) === record) all[kind].delete(name)
    }
    if (value === undefined) return
    const hash = keyHash({ directory, kind: 'externalId', value })
    if (this.#recordOfHash.get(hash) === record) this.#recordOfHash.delete(hash)
  }
}

/** The directory's number above 32 bits of ordinal. As a text, each look-up would cost thrice. */
type RecordKey = number
const ordinalsMax = 2 ** 32

/** Which record a name leads to, in one directory; the key is the name itself. */
interface Names extends Readonly<Record<LookupKind, Map<string, RecordKey>>> {
  /** What its ordinals are added to. */
  readonly first: RecordKey
}
const kinds = ['userName', 'id', 'externalId'] as const satisfies readonly LookupKind[]

/** ≈ 1 ms. */
const droppedWholeMax = 1_000
