import type { Stored, Uuid } from '../../directory/directory.ts'
import type { Found, IndexedQuery, Page, ReadOptions, ScanOptions } from '../store.ts'
import { toText } from '../stored-text.ts'
import { toStored } from './record-text.ts'
import { recordsAmong, recordsBehind, recordsOf, type Scope } from './records.ts'
import { ascending, bucketOf, keys, parseOwner } from './redis-keys.ts'
import { References } from './references.ts'
import { scripts } from './scripts.ts'
import { candidates, selected, whole } from './selection.ts'

/**
 * What SCIM and reports read. First which, then these: a resource that goes in between is left out.
 */

export async function get(
  scope: Scope,
  id: Uuid,
  { references = false }: ReadOptions,
): Promise<Stored | undefined> {
  const { desk, of, directory } = scope
  const args = [toText(id), bucketOf(toText(id))]
  const on = [keys.meta, keys.op('')]
  const told = await desk.ask<readonly [string, string]>(scripts.look, directory, args, on)
  if (told?.kind !== 'FOUND') return undefined
  const [owner, text] = told.rest
  const { of: kind, ordinal } = parseOwner(owner)
  if (kind !== of) return undefined
  if (references === false || references === 0) return toStored(of, directory, ordinal, text)
  const { read } = await recordsAmong(scope, [ordinal])
  const reader = new References(scope, { each: wanted(references), together: -1 })
  return read[0] && (await reader.of(read[0]))
}

export async function find(
  scope: Scope,
  by: IndexedQuery,
  page: Page,
  options: ReadOptions,
): Promise<Found> {
  const count = whole(page.count)
  const { total, ordinals } = await selected(scope, by, page, count + 1)
  const each = wanted(options.references ?? false)
  const together = options.referencesMax === undefined ? -1 : whole(options.referencesMax)
  const reader = new References(scope, { each, together })
  const resources: Stored[] = []
  for await (const read of recordsOf(scope, ordinals.slice(0, count))) {
    const stored = await reader.of(read)
    if (stored === undefined) return { total, resources, hasMore: true, isCut: true }
    resources.push(stored)
  }
  return { total, resources, hasMore: ordinals.length > count, isCut: false }
}

export async function* scan(
  scope: Scope,
  max: number,
  { by, references = false }: ScanOptions,
): AsyncGenerator<readonly Stored[]> {
  const most = Math.min(Math.max(1, whole(max)), scanSliceMax)
  const found = by && (await candidates(scope, by)).toSorted(ascending)
  const reader = new References(scope, { each: wanted(references), together: -1 })
  for (let [after, passed] = [0, 0]; ; ) {
    const among = found?.slice(passed, passed + most)
    const { looked, read } = among
      ? await recordsAmong(scope, among)
      : await recordsBehind(scope, after, most)
    if (looked === 0) return
    const slice: Stored[] = []
    for (const record of read) {
      const stored = await reader.of(record)
      if (stored !== undefined) slice.push(stored)
    }
    if (slice.length > 0) yield slice
    after = read.at(-1)?.ordinal ?? after
    passed += looked
  }
}

/** A slice is made into objects in one go. */
const scanSliceMax = 500

/** As references are counted: a number, -1 for all. */
function wanted(references: boolean | number): number {
  if (typeof references === 'boolean') return references ? -1 : 0
  return whole(references)
}
