import type { Change, TokenRecord } from '../../directory/change.ts'
import type {
  Collection,
  DirectoryId,
  Ordinal,
  Stored,
  TenantId,
  Uuid,
} from '../../directory/directory.ts'
import type { SyncEntry, SyncNotes, SyncTally } from '../../directory/sync-entry.ts'
import type { Clock } from '../../std/clock.ts'
import { TimeSlice } from '../../std/time-slice.ts'
import { StoreRefused, StoreUnavailable } from '../errors.ts'
import type { Position } from '../position.ts'
import { processName } from '../process-name.ts'
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
  PublishedPolicy,
  ReadOptions,
  Resolved,
  ScanOptions,
  Store,
  SubjectKey,
  Vouch,
} from '../store.ts'
import { parseDocument } from '../stored-text.ts'
import { toCommitted, toNote, toStored, toWrite } from './convert.ts'
import { DecisionReads } from './decision-reads.ts'
import { FileIdentity } from './file-identity.ts'
import { openFile } from './open-file.ts'
import type { PrincipalRows } from './principal.ts'
import type { RecordRow, WriteReply, WriteRequest } from './protocol.ts'
import type { FoundRows, ReadReply, ReadRequest } from './read-protocol.ts'
import { SqliteStaging } from './sqlite-staging.ts'
import { WorkerLink } from './worker-link.ts'

/**
 * sqlite-store: the store in one file.
 *
 * Three places touch it. The writer, a thread of its own, owns the only writing connection and
 * commits in groups, synced before anybody is answered. The reader, another thread, serves SCIM and
 * reports. The calling thread, the one that decides, reads a few rows itself, through connections
 * that never wait: the head of the log before every answer, and subjects that memory does not
 * hold. A commit is visible to them only once it is on disk, so what a reader sees is durable.
 *
 * Several processes of one machine may open the file. Two that write are correct but slow.
 *
 * `readLog` that waits rejects with StoreUnavailable when the store is disposed.
 *
 * Not here: which file may be opened (open-file), what a change does (apply-change).
 */
export async function openSqliteStore(location: string, clock: Clock): Promise<Store> {
  const { path, held } = openFile(location)
  using _untilOthersHoldTheLog = held
  await using started = new AsyncDisposableStack()
  try {
    const identity = new FileIdentity(path)
    const start = { path, opened: identity.opened }
    const writer = started.use(
      new WorkerLink<WriteRequest, WriteReply>(
        new URL('./writer.ts', import.meta.url),
        start,
        clock,
        (replies) => {
          // Followers first: whoever awaits the commit finds the entry already handed on.
          if (replies.some(({ kind }) => kind === 'ok')) reads.wake()
        },
      ),
    )
    const reader = started.use(
      new WorkerLink<ReadRequest, ReadReply>(new URL('./reader.ts', import.meta.url), start, clock),
    )
    await Promise.all([writer.up(), reader.up()])
    // Closed first, so that the writer is the last and leaves nothing but the file behind.
    const reads = started.use(new DecisionReads(path, clock))
    reads.position()
    return new SqliteStore({ location, clock, reads, identity, writer, reader }, started.move())
  } catch (error) {
    throw new StoreRefused(location, (error as Error).message, error)
  }
}

interface Parts {
  readonly location: string
  readonly clock: Clock
  readonly reads: DecisionReads
  readonly identity: FileIdentity
  readonly writer: WorkerLink<WriteRequest, WriteReply>
  readonly reader: WorkerLink<ReadRequest, ReadReply>
}

class SqliteStore implements Store {
  readonly #parts: Parts
  readonly #started: AsyncDisposableStack
  readonly #closing = new AbortController()
  readonly credentials: CredentialStore
  readonly policies: PolicyStore
  readonly notes: NoteStore
  readonly staging: SqliteStaging

  constructor(parts: Parts, started: AsyncDisposableStack) {
    this.#parts = parts
    this.#started = started
    const { reads } = parts
    this.credentials = {
      find: async (id) => reads.findToken(id),
      list: async (directory) => (await this.#ask({ kind: 'tokens', directory })) as TokenRecord[],
    }
    this.policies = {
      active: async (tenant) => reads.activePolicy(tenant),
      history: (tenant, max) => this.#history(tenant, max),
    }
    this.notes = {
      append: (directory, notes) => this.#note(directory, notes),
      list: async (directory, { reads = false, max = Number.MAX_SAFE_INTEGER } = {}) => {
        const request = { kind: 'notes', directory, reads, max: wholeNumber(max) } as const
        return JSON.parse((await this.#ask(request)) as string) as SyncEntry[]
      },
      tally: async (directory) => (await this.#ask({ kind: 'note-tally', directory })) as SyncTally,
    }
    this.staging = new SqliteStaging({
      clock: parts.clock,
      write: (request) => this.#write(request),
      ask: (request) => this.#ask(request),
    })
    void this.#watchFile()
  }

  async enroll(directories: readonly Enrolment[]): Promise<void> {
    const reply = await this.#write({ kind: 'enroll', directories })
    if (reply.kind === 'enrolled') return
    const fault = 'fault' in reply ? reply.fault : reply.kind
    if (reply.kind === 'refused') throw new StoreRefused(this.#parts.location, fault)
    throw new StoreUnavailable(fault)
  }

  async commit(change: Change, by: CommitOptions): Promise<Committed> {
    try {
      const { opId, ifMatch } = by
      const nowMs = this.#parts.clock.wallMs()
      const write = { kind: 'commit', change: toWrite(change), opId, ifMatch, nowMs } as const
      const reply = await this.#write({ ...write, references: referencesOf(by) })
      return toCommitted(change, reply)
    } catch (error) {
      return { kind: 'unavailable', cause: error as Error }
    }
  }

  /** At once: every process looks at the head of the log before it answers. */
  async barrier(_at: Position): Promise<void> {}

  async readLog(after: Position, max: number, waitMs: number): Promise<LogSlice> {
    return this.#parts.reads.readLog(after, max, waitMs)
  }

  async position(): Promise<Position> {
    return this.#parts.reads.position()
  }

  async hasEntry(at: Position): Promise<boolean> {
    return this.#parts.reads.hasEntry(at)
  }

  /** None: what a file acknowledged is on disk, and another file is another log. */
  async forks(): Promise<readonly EndedEpoch[]> {
    return []
  }

  async resolve(key: SubjectKey): Promise<Resolved> {
    return this.#parts.reads.resolve(key)
  }

  async principals(directory: DirectoryId, after: Ordinal, max: number): Promise<PrincipalSlice> {
    const most = Math.min(Math.max(1, wholeNumber(max)), scanSliceMax)
    const from = { after: wholeNumber(after), max: most }
    const request = { kind: 'principals', directory, ...from } as const
    const { position, rows } = (await this.#ask(request)) as PrincipalRows
    const principals = rows.map((row) => {
      return { ...row, directory, document: parseDocument(row.document) }
    })
    return { principals, position }
  }

  async groupTable(only?: readonly GroupKey[]): Promise<GroupTable> {
    if (only !== undefined && only.length <= groupsReadHereMax) {
      return this.#parts.reads.groups(only)
    }
    const table = (await this.#ask({ kind: 'group-table' })) as GroupTable
    if (only === undefined) return table
    const wanted = new Set(only.map(groupName))
    return { ...table, groups: table.groups.filter((group) => wanted.has(groupName(group))) }
  }

  /** `stale` is never the answer here: the file is on this machine or it is not. */
  enlist(_progress: () => Position): Vouch {
    const { reads } = this.#parts
    const id = processName()
    let left = false
    // Nobody waits for it: a publish that does not see this process yet does not ask it.
    const entered = this.staging.enter(id).catch(() => undefined)
    return {
      id,
      lastLook: (applied) => (left ? 'unavailable' : reads.lastLook(applied)),
      ageMs: () => 0,
      staleForMs: () => 0,
      [Symbol.asyncDispose]: async () => {
        left = true
        await entered
        // Whoever cannot say so is seen to be dead.
        await this.staging.leave(id).catch(() => undefined)
      },
    }
  }

  async get(
    of: Collection,
    directory: DirectoryId,
    id: Uuid,
    options: ReadOptions = {},
  ): Promise<Stored | undefined> {
    const references = referencesOf(options)
    const request = { kind: 'get', of, directory, id, references } as const
    const record = references === 0 ? this.#parts.reads.get(request) : await this.#ask(request)
    return record === undefined ? undefined : toStored(of, directory, record as RecordRow)
  }

  async find(
    of: Collection,
    directory: DirectoryId,
    by: IndexedQuery,
    page: Page,
    options: ReadOptions = {},
  ): Promise<Found> {
    const request = {
      ...({ kind: 'find', of, directory, by } as const),
      after: wholeNumber(page.after ?? 0),
      offset: wholeNumber(page.offset),
      count: wholeNumber(page.count),
      references: referencesOf(options),
      referencesMax: options.referencesMax === undefined ? -1 : wholeNumber(options.referencesMax),
    }
    const here = request.references === 0 && namesOne(by)
    const found = here ? this.#parts.reads.find(request) : await this.#ask(request)
    const { records, ...facts } = found as FoundRows
    const resources: Stored[] = []
    const turn = new TimeSlice(this.#parts.clock)
    for (const record of records) {
      if (turn.isOver()) await turn.next()
      resources.push(toStored(of, directory, record))
    }
    return { ...facts, resources }
  }

  async *scan(
    of: Collection,
    directory: DirectoryId,
    max: number,
    options: ScanOptions = {},
  ): AsyncGenerator<readonly Stored[]> {
    const references = referencesOf(options)
    const most = Math.min(Math.max(1, wholeNumber(max)), scanSliceMax)
    const { by } = options
    const found =
      by && ((await this.#ask({ kind: 'ordinals', of, directory, by })) as readonly Ordinal[])
    for (let [after, passed] = [0, 0]; ; ) {
      const among = found?.slice(passed, passed + most)
      if (among?.length === 0) return
      const request = {
        ...({ kind: 'scan', of, directory, after, max: most, references } as const),
        ...(among && { among }),
      }
      const records = (await this.#ask(request)) as readonly RecordRow[]
      const last = records.at(-1)?.ordinal ?? among?.at(-1)
      if (last === undefined) return
      if (records.length > 0) yield records.map((record) => toStored(of, directory, record))
      after = last
      passed += (among?.indexOf(last) ?? 0) + 1
    }
  }

  async counts(directory: DirectoryId): Promise<DirectoryCounts> {
    return (await this.#ask({ kind: 'counts', directory })) as DirectoryCounts
  }

  /** Everything committed before is on disk after. Later calls are unavailable. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#started.disposeAsync()
  }

  async #note(directory: DirectoryId, notes: SyncNotes): Promise<void> {
    const reply = await this.#write(toNote(directory, notes))
    if (reply.kind !== 'noted')
      throw new StoreUnavailable('fault' in reply ? reply.fault : reply.kind)
  }

  async #history(tenant: TenantId, max: number): Promise<readonly PublishedPolicy[]> {
    const request = { kind: 'history', tenant, max: wholeNumber(max) } as const
    return (await this.#ask(request)) as readonly PublishedPolicy[]
  }

  async #write(request: WriteRequest): Promise<WriteReply> {
    const { fault } = this.#parts.reads
    if (fault !== undefined) throw new StoreUnavailable(fault)
    try {
      return await this.#parts.writer.ask(request)
    } catch (error) {
      throw new StoreUnavailable(`writing: ${(error as Error).message}`, error)
    }
  }

  async #ask(request: ReadRequest): Promise<unknown> {
    const { reads, reader } = this.#parts
    if (reads.fault !== undefined) throw new StoreUnavailable(reads.fault)
    const reply = await reader.ask(request).catch((error: Error) => {
      throw new StoreUnavailable(`reading: ${error.message}`, error)
    })
    if (reply.kind === 'failed') throw new StoreUnavailable(reply.fault)
    return reply.result
  }

  async #watchFile(): Promise<void> {
    const { signal } = this.#closing
    const { clock, identity, reads } = this.#parts
    for (;;) {
      await clock.sleep(fileCheckMs, signal)
      if (signal.aborted) return
      reads.block(identity.fault())
    }
  }
}

/** A replaced file is noticed this soon; until then its last contents are answered from. */
const fileCheckMs = 1_000
/** More groups than this are read in the reader's thread: each takes two or three reads. */
const groupsReadHereMax = 64
/** A slice is made into objects in one go, ≈ 5 µs each, on the thread that decides. */
const scanSliceMax = 500

/** Such a query is three one-row reads, less work for this thread than asking another. */
function namesOne({ by }: IndexedQuery): boolean {
  return by === 'id' || by === 'userName' || by === 'displayName'
}

function groupName({ directory, ordinal }: GroupKey): string {
  return `${ordinal}:${directory}`
}

function wholeNumber(value: number): number {
  return Math.floor(Math.min(Math.max(0, value || 0), Number.MAX_SAFE_INTEGER))
}

/** As the reader is asked: a number, -1 for all. */
function referencesOf({ references = false }: ReadOptions): number {
  if (typeof references === 'boolean') return references ? -1 : 0
  return wholeNumber(references)
}
