import { createHash } from 'node:crypto'
import type { Collection, DirectoryId } from '../directory/directory.ts'
import type { Match } from './matches.ts'
import { badRequest } from './scim-error.ts'
import type { SortKey } from './sort-order.ts'

/**
 * Cursors of RFC 9865. One says at which match its page ended: a resource, which need not exist
 * any more, and what it was sorted by. Nothing is kept here, so a cursor never expires and any
 * process can go on from it.
 *
 * It carries no right: every page is read with the token of its own request. The digest is no
 * secret either; it tells a cursor that was damaged, or that belongs to another query.
 *
 * Not here: what comes behind a match (search-pages).
 */

/** What a cursor belongs to: it is good for this query alone. */
export interface Query {
  readonly directory: DirectoryId
  readonly types: readonly Collection[]
  /** In one way to write each. */
  readonly filter: string | undefined
  readonly order: string | undefined
  readonly count: number
}

/** Only characters that stand for themselves in a URL (RFC 9865 §2, RFC 3986 §2.3). */
export function encodeCursor({ of, ordinal, key }: Match, query: Query): string {
  const facts = [query.count, query.types.indexOf(of), ordinal, ...(key === undefined ? [] : [key])]
  const payload = Buffer.from(JSON.stringify(facts))
  const cursor = Buffer.concat([digestOf(payload, query), payload]).toString('base64url')
  if (cursor.length <= cursorLengthMax) return cursor
  // Only a name can be that long: other keys are cut.
  const detail = 'the page ends at a name that is too long to go on from by `cursor`'
  throw badRequest('invalidValue', `${detail}: page by \`startIndex\``)
}
/** With it, a URL still fits into the 16 KiB that Node reads of a header. */
const cursorLengthMax = 6_000

/** Throws 400 `invalidCursor`, or `invalidCount` where nothing but the count is another. */
export function decodeCursor(cursor: string, query: Query): Match {
  const match = cursor.length > cursorLengthMax ? undefined : matchIn(cursor, query)
  if (match === undefined) {
    const detail = '`cursor` is none that this query was answered with'
    throw badRequest('invalidCursor', `${detail}: start again with an empty one`)
  }
  if (match.count !== query.count) {
    const detail = `\`count\` must stay ${match.count} from the first page to the last`
    throw badRequest('invalidCount', detail)
  }
  return match
}

function matchIn(cursor: string, query: Query): (Match & { readonly count: number }) | undefined {
  const bytes = Buffer.from(cursor, 'base64url')
  // What is no base64url is passed over in decoding, so one cursor could be written in many ways.
  if (bytes.toString('base64url') !== cursor) return undefined
  const payload = bytes.subarray(digestLength)
  if (!digestOf(payload, query).equals(bytes.subarray(0, digestLength))) return undefined
  const [count, type, ordinal, key] = factsIn(payload)
  if (!isCount(count) || !isCount(type) || !isCount(ordinal) || !isKey(key)) return undefined
  const of = query.types[type]
  return of && { count, of, ordinal, ...(key !== undefined && { key }) }
}

/** Empty where it is no list: anybody can make a digest. */
function factsIn(payload: Buffer): readonly unknown[] {
  try {
    const facts: unknown = JSON.parse(payload.toString())
    return Array.isArray(facts) ? facts : []
  } catch {
    // It is no JSON either.
    return []
  }
}

function isCount(fact: unknown): fact is number {
  return Number.isSafeInteger(fact) && (fact as number) >= 0
}

function isKey(fact: unknown): fact is SortKey {
  return fact === undefined || typeof fact === 'string' || typeof fact === 'number'
}

function digestOf(payload: Buffer, { directory, types, filter, order }: Query): Buffer {
  const query = JSON.stringify([directory, types, filter ?? null, order ?? null])
  const hash = createHash('sha256').update(query).update(payload)
  return hash.digest().subarray(0, digestLength)
}
/** 96 bits: nobody meets another one by accident. */
const digestLength = 12
