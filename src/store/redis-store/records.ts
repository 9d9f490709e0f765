import type { Collection, DirectoryId, Ordinal } from '../../directory/directory.ts'
import type { Desk } from './desk.ts'
import { keys, letterOf } from './redis-keys.ts'
import type { Connected } from './redis-link.ts'
import { scripts } from './scripts.ts'

/** Users or groups of one directory, as they are read. */
export interface Scope {
  readonly desk: Desk
  readonly of: Collection
  readonly directory: DirectoryId
}

export interface ReadRecord {
  readonly ordinal: Ordinal
  readonly text: string
  /** Of a user: direct groups. */
  readonly groups: readonly Ordinal[]
}

export interface ReadRecords {
  /** How many of those wanted these are: the others did not fit. */
  readonly looked: number
  /** Without those that are not there. */
  readonly read: readonly ReadRecord[]
}

/** The first of these, in this order, as many as fit. */
export function recordsAmong(scope: Scope, ordinals: readonly Ordinal[]): Promise<ReadRecords> {
  if (ordinals.length === 0) return Promise.resolve({ looked: 0, read: [] })
  return records(scope, ['only', ...ordinals.slice(0, askedMax)])
}

/** The next ones behind an ordinal. */
export function recordsBehind(scope: Scope, after: Ordinal, max: number): Promise<ReadRecords> {
  return records(scope, ['after', after, Math.min(max, askedMax)])
}

/** All of these, in this order, read as they are taken. */
export async function* recordsOf(
  scope: Scope,
  ordinals: readonly Ordinal[],
): AsyncGenerator<ReadRecord> {
  for (let passed = 0; passed < ordinals.length; ) {
    const { looked, read } = await recordsAmong(scope, ordinals.slice(passed))
    if (looked === 0) return
    yield* read
    passed += looked
  }
}

/** Single commands on one directory, if the log is there; undefined: it is not enrolled. */
export async function inDirectory<Result>(
  { desk, directory }: Pick<Scope, 'desk' | 'directory'>,
  work: (redis: Connected['redis'], prefix: string) => Promise<Result>,
): Promise<Result | undefined> {
  return await desk.run(async (connected) => {
    const number = await desk.guard.numberOf(directory, connected)
    if (number === undefined) return undefined
    const result = await work(connected.redis, keys.ofDirectory(number))
    // Asked behind it on the same connection: an empty server knows nobody either.
    await desk.guard.headOn(connected)
    return result
  })
}

async function records(
  { desk, of, directory }: Scope,
  args: readonly (string | number)[],
): Promise<ReadRecords> {
  const told = await desk.ask<Rows>(scripts.records, directory, [letterOf[of], ...args])
  if (told === undefined) return { looked: 0, read: [] }
  const [looked, rows] = told.rest
  const read = rows.map(([ordinal, text, groups]) => ({
    ordinal: Number(ordinal),
    text,
    groups: groups.map(Number),
  }))
  return { looked, read }
}

type Rows = readonly [
  looked: number,
  (readonly [ordinal: string, record: string, groups: readonly string[]])[],
]

/** ≈ 2 ms of the server, and within what Lua unpacks at once. */
const askedMax = 1_000
