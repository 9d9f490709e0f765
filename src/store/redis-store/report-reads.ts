import type { TokenRecord } from '../../directory/change.ts'
import type { DirectoryId, TenantId } from '../../directory/directory.ts'
import type { SyncEntry, SyncNotes, SyncTally } from '../../directory/sync-entry.ts'
import {
  type DirectoryCounts,
  type NoteQuery,
  notedReadsMax,
  notedWritesMax,
  type PublishedPolicy,
} from '../store.ts'
import type { Desk } from './desk.ts'
import { inDirectory } from './records.ts'
import { keys } from './redis-keys.ts'
import { textsOf } from './redis-link.ts'
import { scripts } from './scripts.ts'
import { tokenNumber, toToken } from './token-text.ts'

/** Tokens, policies, counts and notes. */

export async function findToken(desk: Desk, id: string): Promise<TokenRecord | undefined> {
  const text = await desk.run(async (connected) => {
    const found = await connected.redis.hget(keys.tokens, id)
    // Asked behind it: an empty server has no tokens either.
    await desk.guard.headOn(connected)
    return found
  })
  return text === null ? undefined : toToken(text)
}

/** Newest first. */
export async function listTokens(
  desk: Desk,
  directory: DirectoryId | undefined,
): Promise<readonly TokenRecord[]> {
  const texts = await desk.run(async (connected) => {
    const found = await connected.redis.hvals(keys.tokens)
    await desk.guard.headOn(connected)
    return found
  })
  const newestFirst = texts.sort((a, b) => tokenNumber(b) - tokenNumber(a)).map(toToken)
  return newestFirst.filter((token) => directory === undefined || token.directory === directory)
}

/** Newest first: the first one is the active one. */
export async function readPolicies(
  desk: Desk,
  tenant: TenantId,
  max: number,
): Promise<readonly PublishedPolicy[]> {
  const texts = await desk.run(async (connected) => {
    const found = max < 1 ? [] : await connected.redis.lrange(keys.policy(tenant), 0, max - 1)
    await desk.guard.headOn(connected)
    return found
  })
  return texts.map((text) => {
    const end = text.indexOf('\n')
    const published = JSON.parse(text.slice(end + 1)) as Omit<
      PublishedPolicy,
      'tenant' | 'revision'
    >
    return { tenant, ...published, revision: Number.parseInt(text, 10) }
  })
}

export async function readCounts(desk: Desk, directory: DirectoryId): Promise<DirectoryCounts> {
  const read = await inDirectory({ desk, directory }, async (redis, prefix) => {
    const pipeline = redis.pipeline()
    pipeline.hmget(`${prefix}ctr`, 'active', 'memberships', 'pending', 'lastRev', 'lastWrite')
    pipeline.zcard(`${prefix}list:u`)
    pipeline.zcard(`${prefix}list:g`)
    return textsOf<unknown>(await pipeline.exec())
  })
  const [fields = [], users = 0, groups = 0] = (read ?? []) as [(string | null)[], number, number]
  const [active, memberships, pending, lastRevision, lastWrite] = fields
  return {
    users,
    activeUsers: Number(active ?? 0),
    groups,
    memberships: Number(memberships ?? 0),
    pendingMembers: Number(pending ?? 0),
    lastRevision: Number(lastRevision ?? 0),
    ...(lastWrite && { lastWrite }),
  }
}

export async function appendNotes(
  desk: Desk,
  directory: DirectoryId,
  { entries, tally }: SyncNotes,
): Promise<void> {
  const { dropped, droppedAt = '', refused, refusedAt = '' } = tally
  const counted = [dropped, droppedAt, refused, refusedAt, notedWritesMax, notedReadsMax]
  const texts = entries.flatMap((entry) => [entry.quiet ? 'q' : 'w', JSON.stringify(entry)])
  await desk.ask(scripts.note, directory, [...counted, ...texts])
}

/** Newest first. */
export async function listNotes(
  desk: Desk,
  directory: DirectoryId,
  { reads = false, max = Number.MAX_SAFE_INTEGER }: NoteQuery,
): Promise<readonly SyncEntry[]> {
  const lists = await inDirectory({ desk, directory }, async (redis, prefix) => {
    const pipeline = redis.pipeline()
    pipeline.lrange(`${prefix}sync:w`, 0, -1)
    if (reads) pipeline.lrange(`${prefix}sync:q`, 0, -1)
    return textsOf<readonly string[]>(await pipeline.exec())
  })
  const numbered = (lists ?? []).flat().map((text) => {
    const end = text.indexOf('\n')
    return { number: Number(text.slice(0, end)), entry: text.slice(end + 1) }
  })
  const newest = numbered.sort((a, b) => b.number - a.number).slice(0, Math.max(0, Math.floor(max)))
  return newest.map(({ entry }) => JSON.parse(entry) as SyncEntry)
}

export async function readTally(desk: Desk, directory: DirectoryId): Promise<SyncTally> {
  const fields = await inDirectory({ desk, directory }, (redis, prefix) =>
    redis.hmget(`${prefix}tally`, 'dropped', 'droppedAt', 'refused', 'refusedAt'),
  )
  const [dropped, droppedAt, refused, refusedAt] = fields ?? []
  return {
    dropped: Number(dropped ?? 0),
    ...(droppedAt && { droppedAt }),
    refused: Number(refused ?? 0),
    ...(refusedAt && { refusedAt }),
  }
}
