import type { FastifyRequest } from 'fastify'
import type { ScimCaller } from '../access/access.ts'
import { folded, type Served, syncEntries } from '../scim/sync-entry.ts'
import { type Clock, toDateTime } from '../std/clock.ts'

type Directory = ScimCaller['directory']
type Entry = ReturnType<typeof syncEntries>[number]

/** Where the notes of a directory are kept. Whatever it rejects with, they are offered again. */
export type KeepNotes = (directory: Directory, notes: Notes) => Promise<void>
interface Notes {
  readonly entries: readonly Entry[]
  readonly tally: Tally
}
interface Tally {
  readonly dropped: number
  readonly droppedAt?: string
  readonly refused: number
  readonly refusedAt?: string
}

/**
 * What identity providers asked and what came of it, on its way to the store.
 *
 * No request waits for it and none can fail by it: entries are collected here and handed on half a
 * second later. While the store cannot take them they wait; beyond the bound the oldest are dropped
 * and counted. Who is killed loses what has not been handed on.
 */
export class SyncLog {
  readonly #keep: KeepNotes
  readonly #clock: Clock
  readonly #collected: ReadonlyMap<string, Collected>
  readonly #closing = new AbortController()
  #isFlushComing = false
  #flushing: Promise<void> = Promise.resolve()

  /** Of other directories than these nothing is noted. */
  constructor(keep: KeepNotes, directories: readonly Directory[], clock: Clock) {
    this.#keep = keep
    this.#clock = clock
    this.#collected = new Map(directories.map((directory) => [directory, new Collected(directory)]))
  }

  add(directory: Directory, ...entries: readonly Entry[]): void {
    const collected = this.#collected.get(directory)
    if (collected === undefined) return
    for (const entry of entries) collected.add(entry)
    this.#flushSoon()
  }

  /** A token was not accepted. Anybody may send one, so there is a count and no entry. */
  refused(directory: string | undefined): void {
    const collected = this.#collected.get(directory ?? '')
    if (collected === undefined) return
    collected.count({ dropped: 0, refused: 1, refusedAt: toDateTime(this.#clock.wallMs()) })
    this.#flushSoon()
  }

  /** Hands on what has been collected. Resolves when the store has it or has failed. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flushAll())
    return this.#flushing
  }

  /** Flushes for the last time. A store that does not answer is not waited for. */
  async close(): Promise<void> {
    this.#closing.abort()
    const flushed = new AbortController()
    await Promise.race([this.flush(), this.#clock.sleep(closeMsMax, flushed.signal)])
    flushed.abort()
  }

  #flushSoon(): void {
    if (this.#isFlushComing || this.#closing.signal.aborted) return
    this.#isFlushComing = true
    void this.#flushLater()
  }

  async #flushLater(): Promise<void> {
    await this.#clock.sleep(flushMs, this.#closing.signal)
    await this.flush()
    this.#isFlushComing = false
    if ([...this.#collected.values()].some(({ isEmpty }) => !isEmpty)) this.#flushSoon()
  }

  async #flushAll(): Promise<void> {
    for (const collected of this.#collected.values()) {
      if (collected.isEmpty) continue
      const notes = collected.take()
      try {
        await this.#keep(collected.directory, notes)
      } catch {
        // The requests that meet the same store say what is wrong with it.
        collected.putBack(notes)
      }
    }
  }
}

type Answered = 'at' | 'operation' | 'method' | 'route' | 'status' | 'durationMs' | 'tokenId'

/** What there is to say of a request that has been answered. */
export function entriesOf(request: FastifyRequest, answered: Pick<Served, Answered>) {
  const { answer, error } = request.scim
  return syncEntries({
    ...answered,
    userAgent: request.headers['user-agent'],
    params: request.params,
    query: request.query,
    body: request.body,
    about: answer?.about,
    remarks: answer?.remarks,
    notes: answer?.notes ?? [],
    error,
    parts: answer !== undefined && 'parts' in answer ? answer.parts : undefined,
  })
}

/** Half of the second after which everybody has to be able to see an entry. */
const flushMs = 500
/** Part of what a stop may take altogether; a healthy store needs a few milliseconds. */
const closeMsMax = 1_500
/** As many of either kind as the store keeps: what came before these it would drop as well. */
const keptMax = { writes: 1_000, reads: 200 }

/** What is known of one directory and not handed on yet. */
class Collected {
  readonly directory: Directory
  #tally: Tally = nothing
  #entries: Entry[] = []
  #reads = 0

  constructor(directory: Directory) {
    this.directory = directory
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0 && this.#tally === nothing
  }

  add(entry: Entry): void {
    if (entry.quiet && this.#fold(entry)) return
    this.#entries.push(entry)
    if (entry.quiet) this.#reads += 1
    const writes = this.#entries.length - this.#reads
    if (entry.quiet ? this.#reads > keptMax.reads : writes > keptMax.writes) {
      this.#drop(entry.quiet)
    }
  }

  count(more: Tally): void {
    const { dropped, refused } = this.#tally
    this.#tally = {
      ...this.#tally,
      ...more,
      dropped: dropped + more.dropped,
      refused: refused + more.refused,
    }
  }

  take(): Notes {
    const notes = { entries: this.#entries, tally: this.#tally }
    this.#entries = []
    this.#reads = 0
    this.#tally = nothing
    return notes
  }

  /** They come before whatever has been added meanwhile. */
  putBack(earlier: Notes): void {
    const later = this.take()
    for (const { entries, tally } of [earlier, later]) {
      if (tally !== nothing) this.count(tally)
      for (const entry of entries) this.add(entry)
    }
  }

  /** Into the read before it, whatever was written in between. */
  #fold(entry: Entry): boolean {
    const at = this.#entries.findLastIndex(({ quiet }) => quiet)
    const both = at < 0 ? undefined : folded(this.#entries[at]!, entry)
    if (both === undefined) return false
    this.#entries.splice(at, 1)
    this.#entries.push(both)
    return true
  }

  #drop(quiet: boolean): void {
    const oldest = this.#entries.findIndex((entry) => entry.quiet === quiet)
    const [{ times, at }] = this.#entries.splice(oldest, 1) as [Entry]
    this.count({ dropped: times, droppedAt: at, refused: 0 })
  }
}

const nothing: Tally = { dropped: 0, refused: 0 }
