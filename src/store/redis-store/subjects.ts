import type { DirectoryId, Ordinal } from '../../directory/directory.ts'
import type { Position } from '../position.ts'
import type {
  GroupKey,
  GroupRow,
  GroupTable,
  PrincipalRow,
  PrincipalSlice,
  Resolved,
  SubjectKey,
} from '../store.ts'
import { fromText, parseDocument, toText } from '../stored-text.ts'
import type { Desk } from './desk.ts'
import { parseRecord } from './record-text.ts'
import { ascending, bucketOf, placeOf } from './redis-keys.ts'
import { scripts } from './scripts.ts'

/** What decisions read: subjects, and the groups that there are. */

export async function resolve(desk: Desk, key: SubjectKey): Promise<Resolved> {
  try {
    const told = await desk.ask<Found>(scripts.resolve, key.directory, placeOfKey(key))
    if (told === undefined) return { kind: 'unknown', position: await headOf(desk) }
    const { kind, position } = told
    if (kind === 'UNKNOWN') return { kind: 'unknown', position }
    if (kind === 'AMBIGUOUS') return { kind: 'ambiguous', position }
    const principal = toPrincipal(key.directory, told.rest)
    return { kind: 'known', principal, position }
  } catch (error) {
    return { kind: 'unavailable', cause: error as Error }
  }
}
type Found = readonly [ordinal: string, record: string, groups: readonly string[]]

function toPrincipal(directory: DirectoryId, [ordinal, text, groups]: Found): PrincipalRow {
  const { id, revision, document } = parseRecord(text)
  return {
    ...{ directory, ordinal: Number(ordinal), id, revision },
    document: parseDocument(document),
    groups: groups.map(Number).sort(ascending),
  }
}

/** Users behind an ordinal. */
export async function principalsAfter(
  desk: Desk,
  directory: DirectoryId,
  after: Ordinal,
  max: number,
): Promise<PrincipalSlice> {
  const most = Math.min(Math.max(1, Math.floor(max)), sliceMax)
  const args = ['u', 'after', after, most]
  const told = await desk.ask<readonly [number, Found[]]>(scripts.records, directory, args)
  if (told === undefined) return { principals: [], position: await headOf(desk) }
  const principals = told.rest[1].map((found) => toPrincipal(directory, found))
  return { principals, position: told.position }
}

function placeOfKey({ kind, value }: SubjectKey): readonly string[] {
  if (kind === 'id') return [`id:${bucketOf(toText(value))}`, toText(value), 'id']
  const isUnique = kind === 'userName'
  const { key, field } = placeOf('users', { attribute: kind, value, unique: isUnique })
  return [key, field, isUnique ? 'one' : 'shared']
}

/**
 * Every group of these directories, or just the ones named. It is read in slices; the position is
 * from before the first, and the log brings again what changed meanwhile.
 */
export async function groupTable(
  desk: Desk,
  directories: readonly DirectoryId[],
  only: readonly GroupKey[] | undefined,
): Promise<GroupTable> {
  const position = await headOf(desk)
  const groups: GroupRow[] = []
  for (const directory of directories) {
    const ordinals = only
      ?.filter((key) => key.directory === directory)
      .map(({ ordinal }) => ordinal)
    if (ordinals === undefined) groups.push(...(await allGroups(desk, directory)))
    else groups.push(...(await someGroups(desk, directory, ordinals)))
  }
  return { groups, position }
}

/** Those of these that exist. */
export async function someGroups(
  desk: Desk,
  directory: DirectoryId,
  ordinals: readonly number[],
): Promise<readonly GroupRow[]> {
  const groups: GroupRow[] = []
  for (let first = 0; first < ordinals.length; first += sliceMax) {
    const slice = ordinals.slice(first, first + sliceMax)
    const told = await desk.ask<Rows>(scripts.groups, directory, ['only', ...slice])
    groups.push(...toRows(directory, told?.rest))
  }
  return groups
}

async function allGroups(desk: Desk, directory: DirectoryId): Promise<readonly GroupRow[]> {
  const groups: GroupRow[] = []
  for (let after = 0; ; ) {
    const told = await desk.ask<Rows>(scripts.groups, directory, ['after', after, sliceMax])
    const rows = toRows(directory, told?.rest)
    groups.push(...rows)
    if (rows.length === 0) return groups
    after = rows.at(-1)!.ordinal
  }
}

type Rows = readonly [
  (readonly [ordinal: string, id: string, display: string, parents: readonly string[]])[],
]

function toRows(directory: DirectoryId, rest: Rows | undefined): readonly GroupRow[] {
  const [rows = []] = rest ?? []
  return rows.map(([ordinal, id, display, parents]) => ({
    directory,
    ordinal: Number(ordinal),
    id: fromText(id),
    displayName: display === '' ? '' : (JSON.parse(display) as string),
    parents: parents.map(Number).sort(ascending),
  }))
}

/** Where the log stands now. */
export async function headOf(desk: Desk): Promise<Position> {
  return await desk.run((connected) => desk.guard.headOn(connected))
}

/** ≈ 2 ms of the server. */
const sliceMax = 1_000
