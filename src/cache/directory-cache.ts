import type { DirectoryId, Revision, TenantId } from '../directory/directory.ts'
import type { Break } from '../feed/chain.ts'
import type { Feed } from '../feed/feed.ts'
import type { Observer } from '../observe/observe.ts'
import type { Clock } from '../std/clock.ts'
import type { Effect, Entry } from '../store/entry.ts'
import { KnownHistory } from '../store/known-history.ts'
import { fromToken, type Position, samePosition, toToken } from '../store/position.ts'
import type { EndedEpoch, GroupKey, Store, SubjectKey } from '../store/store.ts'
import type { Directories, Lookup, Principal } from './cache.ts'
import { Fills, isBehind, wentBack } from './fills.ts'
import { GroupGraph } from './group-graph.ts'
import { HeldRevocations } from './held-revocations.ts'
import { type Absence, Negatives } from './negatives.ts'
import { PrincipalRecords } from './principal-records.ts'
import { warmUp } from './warm-up.ts'

export interface CacheOptions {
  /** Most users held in memory. */
  readonly principalsMax: number
  /** Whether everybody is read into memory once groups and policies are. */
  readonly warms: boolean
  readonly directories: readonly DirectoryId[]
  /**
   * Reads and compiles the tenant's active policy; `swap` makes it the one in use, at the same
   * moment as the revision moves. `revision`: at which it was published.
   */
  preparePolicy(tenant: TenantId): Promise<PreparedPolicy>
  readonly tenants: readonly TenantId[]
}

export interface PreparedPolicy {
  readonly revision: number
  swap(): void
}

/** The directory in memory, following the log. Starts when it is made, stops when disposed. */
export class DirectoryCache implements Directories, AsyncDisposable {
  readonly #store: Store
  readonly #feed: Feed
  readonly #clock: Clock
  readonly #observer: Observer
  readonly #options: CacheOptions
  readonly #records: PrincipalRecords
  readonly #fills: Fills
  readonly #negatives: Negatives
  readonly #held = new HeldRevocations()
  /** Positions applied lately, for tokens of the past. */
  readonly #history = new KnownHistory()
  #forks: readonly EndedEpoch[] = []
  #aheadTo: Revision = 0
  readonly #graphs = new Map<DirectoryId, GroupGraph>()
  readonly #written = new Set<DirectoryId>()
  readonly #waiting = new Set<() => void>()
  readonly #stop = new AbortController()
  #warming = new AbortController()
  readonly #following: Promise<void>
  readonly #started = Promise.withResolvers<void>()
  #loaded = false
  #brokenBy: Break | undefined
  #position: Position = { partition: 0, epoch: 0, revision: 0, nonce: '' }
  #token = ''
  #appliedAtMs = 0

  constructor(store: Store, feed: Feed, clock: Clock, observer: Observer, options: CacheOptions) {
    this.#store = store
    this.#feed = feed
    this.#clock = clock
    this.#observer = observer
    this.#options = options
    this.#records = new PrincipalRecords(options.principalsMax)
    this.#negatives = new Negatives(clock)
    const applied = () => this.#position
    this.#fills = new Fills(store, {
      get applied() {
        return applied()
      },
      nextApplied: (ms) => this.nextApplied(ms),
      insert: (key, row) => this.#records.insert(key, row),
      keepAbsence: (key, absence) => this.#negatives.put(key, absence),
    })
    this.#following = this.#follow()
  }

  /** Resolves when the state of the store has been read once. */
  get started(): Promise<void> {
    return this.#started.promise
  }

  /** Whether the state of the store is in memory, rather than being read anew. */
  get loaded(): boolean {
    return this.#loaded
  }

  /** The last entry applied: what answers from memory are based on. */
  get applied(): Position {
    return this.#position
  }

  /**
   * Whether something in memory was read from behind the applied position: a group or a policy,
   * which are read when the log tells of them, as they are by then. Until the log has been applied
   * that far, memory as a whole was true at no revision, and nothing is decided by it.
   */
  get isAhead(): boolean {
    return this.#position.revision < this.#aheadTo
  }

  /** The applied position as callers see it. */
  get revisionToken(): string {
    this.#token ||= toToken(this.#position)
    return this.#token
  }

  get statistics() {
    const { size, hits, misses } = this.#records
    return { principals: size, hits, misses, held: this.#held.size }
  }

  /** How old memory is, given whether it is known to be the newest. */
  ageMs(current: boolean): number {
    return current ? 0 : this.#clock.monotonicMs() - this.#appliedAtMs
  }

  /** Keeps these attributes of users: those that the policies in use read. */
  keepAttributes(attributes: ReadonlySet<string>): void {
    this.#records.keepAttributes(attributes)
  }

  /**
   * Reads everybody again with attributes that a policy on its way reads beyond the present ones,
   * so that the day it becomes active finds them in memory. Where memory is not kept warm they are
   * read when asked for, as ever. Rejects with StoreUnavailable.
   */
  async widen(attributes: ReadonlySet<string>): Promise<void> {
    if (!this.#options.warms || !this.#records.widen(attributes)) return
    if (await this.#warm()) this.#records.widened()
  }

  /** Whether the store has lost a revocation of this user. */
  isHeld({ directory, ordinal, revision }: Principal): boolean {
    return this.#held.isHeld(directory, ordinal, revision)
  }

  remembered(key: SubjectKey): Principal | undefined {
    return this.#records.get(key)
  }

  /** That a name leads to nobody, or to several, where that is in memory. */
  absent(key: SubjectKey): Absence | undefined {
    return this.#negatives.get(key)
  }

  lookUp(key: SubjectKey): Promise<Lookup> {
    return this.#fills.lookUp(key)
  }

  groupsOf(directory: DirectoryId): GroupGraph {
    let graph = this.#graphs.get(directory)
    if (graph === undefined) {
      graph = new GroupGraph()
      this.#graphs.set(directory, graph)
    }
    return graph
  }

  stateOf(directory: DirectoryId): 'loading' | 'never-written' | 'ready' {
    if (!this.#loaded) return 'loading'
    return this.#written.has(directory) ? 'ready' : 'never-written'
  }

  reached(token: string): 'reached' | 'not-yet' | 'lost' | 'malformed' {
    // Who asks again names the newest it was told, which is nearly always where we are.
    if (token === this.revisionToken) return 'reached'
    const wanted = fromToken(token)
    if (wanted === undefined) return 'malformed'
    const { epoch, revision, partition } = this.#position
    if (wanted.partition !== partition) return 'lost'
    if (wanted.epoch < epoch)
      return wanted.revision <= this.#sharedWith(wanted) ? 'reached' : 'lost'
    if (wanted.epoch > epoch || wanted.revision > revision) return 'not-yet'
    const nonce = this.#history.nonceOf(wanted.revision)
    return nonce === undefined || nonce.startsWith(wanted.nonce) ? 'reached' : 'lost'
  }

  /** Up to where the history of an earlier epoch is part of the present one. */
  #sharedWith({ epoch }: Position): number {
    const later = this.#forks.filter((fork) => fork.epoch >= epoch)
    return later.length === 0 ? 0 : Math.min(...later.map(({ sharedUpTo }) => sharedUpTo))
  }

  async nextApplied(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    const early = new AbortController()
    await Promise.race([promise, this.#clock.sleep(ms, early.signal)])
    early.abort()
    this.#waiting.delete(resolve)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#following
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        await this.#load()
        for await (const step of this.#feed.entriesAfter(this.#position, signal)) {
          if (step.kind === 'start-again') {
            this.#loaded = false
            this.#brokenBy = step.cause
            break
          }
          for (const entry of step.entries) await this.#apply(entry)
          this.#announce()
        }
      } catch (error) {
        // Whatever it was, memory may be incomplete: nothing is answered from it until read anew.
        this.#loaded = false
        this.#observer.feedFailed({ error })
        await this.#clock.sleep(loadPauseMs, signal)
      }
    }
  }

  /**
   * Whether the store still has what was applied before memory was read anew, be it after a break
   * in the log or after an error. Asked behind those reads: a state of a new history is never taken
   * for one of the old.
   */
  async #judgeHistory(): Promise<void> {
    const { newest } = this.#history
    if (newest === undefined) return
    const shared = await this.#sharedUpTo()
    // A gap alone proves nothing: what was trimmed cannot be asked for.
    const isTrimmed = shared === undefined && this.#brokenBy === 'gap'
    if (shared !== newest.revision && !isTrimmed) this.#held.holdLost(shared)
    if (this.#brokenBy === undefined) return
    this.#observer.startedAgain({ cause: this.#brokenBy, held: this.#held.size })
    this.#brokenBy = undefined
  }

  /** The newest revision that we applied and the store still has. */
  async #sharedUpTo(): Promise<number | undefined> {
    const applied = this.#history.positions
    // What is shared comes before what is not, so that the end of it is soon found.
    let [shared, lost] = [-1, applied.length]
    while (lost - shared > 1) {
      const middle = Math.floor((shared + lost) / 2)
      if (await this.#store.hasEntry(applied[middle]!)) shared = middle
      else lost = middle
    }
    return applied[shared]?.revision
  }

  /**
   * Reads groups, policies and what was ever written, and begins anew with them. What is read is
   * at least as new as the position, and the log brings the rest again.
   */
  async #load(): Promise<void> {
    this.#loaded = false
    const { groups, position } = await this.#store.groupTable()
    const written: DirectoryId[] = []
    for (const directory of this.#options.directories) {
      const { lastRevision } = await this.#store.counts(directory)
      if (lastRevision > 0) written.push(directory)
    }
    const policies: PreparedPolicy[] = []
    for (const tenant of this.#options.tenants) {
      policies.push(await this.#options.preparePolicy(tenant))
    }
    // All of the above is from somewhere between the two.
    const { revision: readUpTo } = await this.#store.position()
    await this.#judgeHistory()
    // Behind the position: the epoch that it belongs to may have begun since the first read.
    const forks = await this.#store.forks()
    // INVARIANT: from here on without an await. Whatever was read while this went on belongs to
    // the time before, and leaves with it.
    this.#records.clear()
    this.#negatives.clear()
    this.#fills.startAgain()
    this.#graphs.clear()
    for (const row of groups) this.groupsOf(row.directory).put(row)
    this.#written.clear()
    for (const directory of written) this.#written.add(directory)
    for (const { swap } of policies) swap()
    this.#aheadTo = readUpTo
    this.#forks = forks
    this.#history.startAt(position)
    this.#moveTo(position)
    this.#loaded = true
    this.#started.resolve()
    this.#announce()
    if (this.#options.warms) void this.#warm()
  }

  /** Until it is done, or memory is read anew; whether everybody was read. */
  async #warm(): Promise<boolean> {
    this.#warming.abort()
    const warming = new AbortController()
    this.#warming = warming
    const startMs = this.#clock.monotonicMs()
    const { directories, principalsMax } = this.#options
    const hasRoom = () => this.#records.size < principalsMax
    const parts = { store: this.#store, fills: this.#fills, clock: this.#clock, hasRoom }
    const signal = AbortSignal.any([warming.signal, this.#stop.signal])
    try {
      const users = await warmUp({ ...parts, directories }, signal)
      if (signal.aborted) return false
      const durationMs = this.#clock.monotonicMs() - startMs
      this.#observer.lifecycle({ what: 'warmed-up', users, durationMs: Math.round(durationMs) })
      return hasRoom()
    } catch (error) {
      if (!signal.aborted) this.#observer.feedFailed({ error })
      return false
    }
  }

  async #apply(entry: Entry): Promise<void> {
    const { effect } = entry
    // What has to be read is read first, so that state and position then move together.
    const isNewEpoch = entry.position.epoch !== this.#position.epoch
    if (isNewEpoch) this.#forks = await this.#store.forks()
    const policy =
      effect.of === 'policy' ? await this.#options.preparePolicy(effect.tenant) : undefined
    const regroup = await this.#readGroups(entry)
    policy?.swap()
    this.#aheadTo = Math.max(this.#aheadTo, policy?.revision ?? 0)
    regroup?.()
    this.#touchUsers(effect, entry.position.revision)
    this.#held.note(entry)
    this.#history.note(entry.position)
    this.#moveTo(entry.position)
  }

  #touchUsers(effect: Effect, revision: number): void {
    if (effect.of === 'policy' || effect.of === 'token') return
    const { directory } = effect
    this.#written.add(directory)
    if (effect.of === 'user') {
      for (const hash of effect.keys) {
        this.#records.endName(hash)
        this.#negatives.end(hash)
        this.#fills.nameTouched(hash, revision)
      }
      this.#fills.usersTouched(directory, [effect.ordinal], revision)
      // With another name the old one is free, and whoever gets it must be found by it.
      const renamed = effect.keys.length > 0
      if (effect.how === 'deactivated' && !renamed) {
        this.#records.deactivate(directory, effect.ordinal)
      } else this.#records.drop(directory, effect.ordinal)
      return
    }
    this.#fills.usersTouched(directory, effect.users, revision)
    this.#records.dropAll(directory, effect.users)
  }

  async #readGroups({ effect, position: at }: Entry): Promise<(() => void) | undefined> {
    if (effect.of !== 'group' && effect.of !== 'members') return undefined
    const { directory } = effect
    const changed = [...(effect.of === 'group' ? [effect.ordinal] : []), ...effect.groups]
    if (changed.length === 0) return undefined
    const keys: readonly GroupKey[] = changed.map((ordinal) => ({ directory, ordinal }))
    const { groups, position } = await this.#store.groupTable(keys)
    if (isBehind(position, at)) throw wentBack()
    return () => {
      const graph = this.groupsOf(directory)
      for (const ordinal of changed) graph.remove(ordinal)
      for (const row of groups) graph.put(row)
      this.#aheadTo = Math.max(this.#aheadTo, position.revision)
    }
  }

  #moveTo(position: Position): void {
    this.#appliedAtMs = this.#clock.monotonicMs()
    // The same object for as long as nothing was applied: see `asOf` of a Lookup.
    if (samePosition(this.#position, position)) return
    this.#position = position
    this.#token = ''
  }

  #announce(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resolve of waiting) resolve()
  }
}

/** Between attempts to read a store that cannot be read. */
const loadPauseMs = 200
