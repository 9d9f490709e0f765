import type { Change } from '../../directory/change.ts'
import type { Collection, DirectoryId, Ordinal, Stored, Uuid } from '../../directory/directory.ts'
import type { Clock } from '../../std/clock.ts'
import { StoreRefused, StoreUnavailable } from '../errors.ts'
import type { Position } from '../position.ts'
import type { StagingStore } from '../staging.ts'
import type {
  CommitOptions,
  Committed,
  CredentialStore,
  DirectoryCounts,
  EndedEpoch,
  Enrolment,
  Found,
  GroupKey,
  GroupTable,
  IndexedQuery,
  LogSlice,
  NoteStore,
  Page,
  PolicyStore,
  PrincipalSlice,
  ReadOptions,
  Resolved,
  ScanOptions,
  Store,
  SubjectKey,
  Vouch,
} from '../store.ts'
import { Barrier } from './barrier.ts'
import { Committer, feedEntriesMax } from './committer.ts'
import { Desk } from './desk.ts'
import { FeedReader } from './feed-reader.ts'
import { type Fork, hasEntry, readForks } from './fork.ts'
import { Lease } from './lease.ts'
import { LogGuard } from './log-guard.ts'
import { find, get, scan } from './queries.ts'
import { isRefusal } from './redis-errors.ts'
import { keys } from './redis-keys.ts'
import { RedisLink } from './redis-link.ts'
import type { RedisSettings } from './redis-settings.ts'
import { redisStaging } from './redis-staging.ts'
import {
  appendNotes,
  findToken,
  listNotes,
  listTokens,
  readCounts,
  readPolicies,
  readTally,
} from './report-reads.ts'
import { groupTable, headOf, principalsAfter, resolve } from './subjects.ts'

/**
 * redis-store: the store in Redis or Valkey, shared by processes on many machines.
 *
 * One script commits state, indexes, revision and log entry; nothing has to be reconciled after a
 * crash. The log is a stream whose ids are the revisions, chained by nonces, so that a log that
 * lost acknowledged writes in a failover is told from its continuation. Whoever decides holds a
 * lease, and a barrier waits for those leases. A server that holds no log, or another one, is
 * never an empty directory: everything is unavailable then.
 *
 * Five connections, none shared: writes (`WAIT` blocks them), reads, reads for decisions, the log
 * (it waits there), heartbeats. Each is made when it is first needed.
 *
 * Not here: where the primary is (primary), which server and log are ours (log-guard), what a
 * write does (commit-plan, scripts/).
 */
export interface RedisStoreOptions {
  /** False: this process has no right to write, and needs none but for its lease. */
  readonly mayWrite: boolean
  readonly onFork?: (fork: Fork) => void
  /** Log entries kept; fewer in tests. */
  readonly feedMax?: number
  /** Changes of a group's members made by one script; fewer in tests. */
  readonly membersAtOnceMax?: number
}

/**
 * Resolves also while the server cannot be reached: everything is unavailable until it can. Rejects
 * with StoreRefused where trying again cannot help: wrong credentials, missing rights, a server
 * that may drop keys, a database of somebody else, data of another version.
 */
export async function openRedisStore(
  settings: RedisSettings,
  clock: Clock,
  options: RedisStoreOptions,
): Promise<Store> {
  const store = new RedisStore(settings, clock, options)
  try {
    await store.position()
  } catch (error) {
    const refused = refusalIn(error, settings)
    if (refused !== undefined) {
      await store[Symbol.asyncDispose]()
      throw refused
    }
  }
  return store
}

class RedisStore implements Store {
  readonly #settings: RedisSettings
  readonly #clock: Clock
  readonly #guard: LogGuard
  readonly #links: Readonly<Record<Purpose, RedisLink>>
  readonly #committer: Committer
  readonly #barrier: Barrier
  readonly #reads: Desk
  readonly #decisionReads: Desk
  readonly #feed: FeedReader
  readonly #replicas: number
  readonly #leases = new Set<Lease>()
  readonly #committing = new Set<Promise<unknown>>()
  readonly #closing = new AbortController()
  readonly credentials: CredentialStore
  readonly policies: PolicyStore
  readonly notes: NoteStore
  readonly staging: StagingStore

  constructor(settings: RedisSettings, clock: Clock, options: RedisStoreOptions) {
    const { mayWrite, onFork = () => undefined } = options
    const { feedMax = feedEntriesMax, membersAtOnceMax = membersChangedMax } = options
    this.#settings = settings
    this.#clock = clock
    this.#replicas = settings.replicas
    const guard = new LogGuard(settings, mayWrite)
    this.#guard = guard
    const { admit } = guard
    const link = (purpose: Purpose) => new RedisLink({ settings, clock, purpose, admit })
    const links = {
      write: link('write'),
      read: link('read'),
      decide: link('decide'),
      follow: link('follow'),
      lease: link('lease'),
    }
    this.#links = links
    const { replicas } = settings
    this.#committer = new Committer({
      ...{ link: links.write, guard, clock, replicas, feedMax, membersAtOnceMax, onFork },
    })
    this.#barrier = new Barrier(links.read, guard, clock)
    this.#reads = new Desk(links.read, guard)
    this.#decisionReads = new Desk(links.decide, guard)
    this.#feed = new FeedReader(links.follow, guard, clock, this.#closing.signal)
    const reads = this.#reads
    this.credentials = {
      find: (id) => findToken(reads, id),
      list: (directory) => listTokens(reads, directory),
    }
    this.policies = {
      active: async (tenant) => (await readPolicies(reads, tenant, 1))[0],
      history: (tenant, max) => readPolicies(reads, tenant, Math.floor(max)),
    }
    this.staging = redisStaging(reads)
    this.notes = {
      append: (directory, notes) => appendNotes(reads, directory, notes),
      list: (directory, query = {}) => listNotes(reads, directory, query),
      tally: (directory) => readTally(reads, directory),
    }
  }

  /** At once where the server can be reached; else as soon as it can, before anything else. */
  async enroll(directories: readonly Enrolment[]): Promise<void> {
    this.#guard.expect(directories)
    try {
      await this.#links.read.run(enrollMs, (connected) => this.#guard.enroll(connected))
    } catch (error) {
      const refused = refusalIn(error, this.#settings)
      if (refused !== undefined) throw refused
    }
  }

  async commit(change: Change, by: CommitOptions): Promise<Committed> {
    const work = this.#commit(change, by)
    this.#committing.add(work)
    try {
      return await work
    } finally {
      this.#committing.delete(work)
    }
  }

  barrier(at: Position): Promise<void> {
    return this.#barrier.wait(at)
  }

  async readLog(after: Position, max: number, waitMs: number): Promise<LogSlice> {
    for (const lease of this.#leases) lease.follows(after)
    const slice = await this.#feed.read(after, max, waitMs)
    const isUrgent = slice.entries.some(
      ({ effect }) => effect.of !== 'user' || effect.how !== 'created',
    )
    for (const lease of this.#leases) lease.handed(slice, isUrgent)
    return slice
  }

  position(): Promise<Position> {
    return headOf(this.#reads)
  }

  hasEntry(at: Position): Promise<boolean> {
    return hasEntry(this.#reads, at)
  }

  forks(): Promise<readonly EndedEpoch[]> {
    return readForks(this.#reads)
  }

  resolve(key: SubjectKey): Promise<Resolved> {
    return resolve(this.#decisionReads, key)
  }

  principals(directory: DirectoryId, after: Ordinal, max: number): Promise<PrincipalSlice> {
    return principalsAfter(this.#decisionReads, directory, after, max)
  }

  async groupTable(only?: readonly GroupKey[]): Promise<GroupTable> {
    const named = only && [...new Set(only.map(({ directory }) => directory))]
    const directories =
      named ?? (await this.#reads.run(({ redis }) => redis.hkeys(keys.directories)))
    return await groupTable(this.#reads, directories as DirectoryId[], only)
  }

  enlist(progress: () => Position): Vouch {
    const lease = new Lease({
      link: this.#links.lease,
      guard: this.#guard,
      clock: this.#clock,
      replicas: this.#replicas,
      progress,
    })
    this.#leases.add(lease)
    return lease
  }

  get(
    of: Collection,
    directory: DirectoryId,
    id: Uuid,
    options: ReadOptions = {},
  ): Promise<Stored | undefined> {
    return get({ desk: this.#reads, of, directory }, id, options)
  }

  find(
    of: Collection,
    directory: DirectoryId,
    by: IndexedQuery,
    page: Page,
    options: ReadOptions = {},
  ): Promise<Found> {
    return find({ desk: this.#reads, of, directory }, by, page, options)
  }

  scan(
    of: Collection,
    directory: DirectoryId,
    max: number,
    options: ScanOptions = {},
  ): AsyncIterable<readonly Stored[]> {
    return scan({ desk: this.#reads, of, directory }, max, options)
  }

  counts(directory: DirectoryId): Promise<DirectoryCounts> {
    return readCounts(this.#reads, directory)
  }

  /** What is being committed is answered; leases are given back. Later calls are unavailable. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled([...this.#committing])
    await Promise.all([...this.#leases].map((lease) => lease[Symbol.asyncDispose]()))
    for (const link of Object.values(this.#links)) link[Symbol.dispose]()
  }

  async #commit(change: Change, by: CommitOptions): Promise<Committed> {
    const committed = await this.#committer.commit(change, by)
    const { references = false } = by
    if (committed.kind !== 'ok' && committed.kind !== 'noop') return committed
    const { stored } = committed
    if (references === false || references === 0 || stored === undefined) return committed
    const { of, directory, id } = stored
    try {
      // As it is now, which is what its revision then says.
      const shown = await this.get(of, directory, id, { references })
      return { ...committed, stored: shown ?? stored }
    } catch {
      // It stands: the answer can do without the references.
      return committed
    }
  }
}

type Purpose = 'write' | 'read' | 'decide' | 'follow' | 'lease'

/** ≈ 10 ms of the server. */
const membersChangedMax = 5_000
const enrollMs = 1_900

/** What no new attempt can mend. */
function refusalIn(error: unknown, { display }: RedisSettings): StoreRefused | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof StoreRefused) return cause
    if (cause instanceof StoreUnavailable && isRefusal(cause)) {
      return new StoreRefused(display, cause.message, cause)
    }
  }
  return undefined
}
