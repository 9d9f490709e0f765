import type { Clock } from '../../std/clock.ts'
import type { Effect, Entry } from '../entry.ts'
import { StoreUnavailable } from '../errors.ts'
import { type Position, samePosition } from '../position.ts'
import type { LogSlice } from '../store.ts'
import { headFields, type LogGuard } from './log-guard.ts'
import { ascending, keys } from './redis-keys.ts'
import type { Connected, RedisLink } from './redis-link.ts'

/**
 * Reads the log on a connection of its own, since it waits there. Every answer says where the head
 * stands, asked for behind the entries on the same connection: an empty read alone proves nothing,
 * a dead link gives one too.
 */
export class FeedReader {
  readonly #link: RedisLink
  readonly #guard: LogGuard
  readonly #clock: Clock
  readonly #closing: AbortSignal
  /** The head when this was last asked: who stands there has nothing to read but what is new. */
  #head: Position | undefined

  constructor(link: RedisLink, guard: LogGuard, clock: Clock, closing: AbortSignal) {
    this.#link = link
    this.#guard = guard
    this.#clock = clock
    this.#closing = closing
  }

  async read(after: Position, max: number, waitMs: number): Promise<LogSlice> {
    const endMs = this.#clock.monotonicMs() + waitMs
    const count = Math.min(Math.max(1, Math.floor(max || 1)), entriesMax)
    for (;;) {
      const leftMs = endMs - this.#clock.monotonicMs()
      const waits = leftMs > 0 && this.#head !== undefined && samePosition(this.#head, after)
      const blockMs = waits ? Math.ceil(Math.min(leftMs, blockMsMax)) : 0
      const slice = await this.#once(after, count, blockMs)
      this.#head = slice.head
      const isNews = slice.entries.length > 0 || !samePosition(slice.head, after)
      if (isNews || this.#clock.monotonicMs() >= endMs) return slice
    }
  }

  async #once(after: Position, count: number, blockMs: number): Promise<LogSlice> {
    const work = this.#link.run(blockMs + deadlineMs, (connected) =>
      readOnce(connected, this.#guard, after, count, blockMs),
    )
    return await unlessClosing(work, this.#closing)
  }
}

async function readOnce(
  connected: Connected,
  guard: LogGuard,
  after: Position,
  count: number,
  blockMs: number,
): Promise<LogSlice> {
  const { redis } = connected
  const from = `${after.revision}-0`
  const block = blockMs > 0 ? ['BLOCK', blockMs] : []
  // Both in one moment, unless it waits: then something may come after the read has ended.
  const pipeline = blockMs > 0 ? redis.pipeline() : redis.multi()
  pipeline.call('XREAD', 'COUNT', count, ...block, 'STREAMS', keys.feed, from)
  pipeline.hmget(keys.meta, ...headFields)
  const [read, heads] = (await pipeline.exec()) ?? []
  const fault = read?.[0] ?? heads?.[0]
  if (fault) throw fault
  const head = guard.believeFields(heads?.[1] as (string | null)[])
  if (read?.[1] === null && head.revision > after.revision && blockMs > 0) {
    return await readOnce(connected, guard, after, count, 0)
  }
  const streams = (read?.[1] ?? []) as [string, [id: string, fields: string[]][]][]
  const entries = (streams[0]?.[1] ?? []).map(([id, fields]) => toEntry(id, fields, head.epoch))
  // Of a log that ends before this position, entries are none of its continuation.
  return { entries: head.revision < after.revision ? [] : entries, head }
}

function toEntry(id: string, fields: readonly string[], epoch: number): Entry {
  const of = new Map<string, string>()
  for (let index = 0; index < fields.length; index += 2) of.set(fields[index]!, fields[index + 1]!)
  const field = (name: string) => of.get(name) ?? ''
  const revision = Number.parseInt(id, 10)
  return {
    position: { partition: 0, epoch, revision, nonce: field('n') },
    previousNonce: field('p'),
    effect: toEffect(JSON.parse(field('e')), field),
  }
}

/** What the writer knew beforehand, and what its script found out. */
function toEffect(planned: Effect, field: (name: string) => string): Effect {
  switch (planned.of) {
    case 'user':
      return { ...planned, ordinal: Number(field('o')), keys: list(field('k')) }
    case 'group':
      return { ...planned, ordinal: Number(field('o')), ...members(field) }
    case 'members':
      return { ...planned, ordinal: Number(field('o')), ...members(field) }
    default:
      return planned
  }
}

function members(field: (name: string) => string) {
  return { users: ordinals(field('u')), groups: ordinals(field('g')) }
}

function list(text: string): readonly string[] {
  return text === '' ? [] : text.split(',')
}

function ordinals(text: string): readonly number[] {
  return list(text).filter(Boolean).map(Number).sort(ascending)
}

/** Who closes does not wait for news; the read that is left behind ends by itself. */
function unlessClosing<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new StoreUnavailable('it is closed'))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Entries at a time: one can be a group of 100,000, which is 700 KB. */
const entriesMax = 64
/** How long one read waits for news: no longer, so that a dead link is noticed. */
const blockMsMax = 100
const deadlineMs = 300
