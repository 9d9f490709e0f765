import { isUnassigned } from './json-object.ts'
import { badRequest, type ScimType, wrongValue } from './scim-error.ts'

/** The parameters of a page as they came. */
export interface SentPage {
  readonly startIndex?: unknown
  readonly count?: unknown
  readonly cursor?: unknown
}

/** Which page is asked for, by the number of its first resource or by where the last one ended. */
export type PageRequest =
  | { readonly kind: 'index'; readonly startIndex: number; readonly count: number }
  /** Undefined: the first page. */
  | { readonly kind: 'cursor'; readonly cursor: string | undefined; readonly count: number }

/** RFC 7644 §3.4.2.4 leaves both to us. Okta asks for 100, and 200 users with groups are 0.5 MB. */
export const countDefault = 100
export const countMax = 200

/** RFC 9865 §2.4: a `cursor`, be it empty, asks for cursors; by default a page goes by index. */
export function readPage(sent: SentPage): PageRequest {
  const { startIndex, count, cursor } = sent
  const first = readInteger(startIndex, 'startIndex', 'invalidValue') ?? 1
  if (cursor === undefined || cursor === null) {
    const wanted = readInteger(count, 'count', 'invalidValue') ?? countDefault
    // RFC 7644 §3.4.2.4, table 6.
    return { kind: 'index', startIndex: Math.max(1, first), count: clamp(wanted) }
  }
  if (typeof cursor !== 'string') {
    throw wrongValue('invalidCursor', '`cursor` must be a string', cursor)
  }
  // RFC 9865 does not say what both would mean. The first index is where every cursor starts.
  if (first > 1) {
    const detail = '`startIndex` and `cursor` are two ways to page: send one of them'
    throw badRequest('invalidValue', detail)
  }
  const wanted = readInteger(count, 'count', 'invalidCount') ?? countDefault
  if (wanted > countMax) {
    // RFC 9865 §2.1, table 3.
    throw wrongValue('invalidCount', `\`count\` must be at most ${countMax}`, count)
  }
  return { kind: 'cursor', cursor: cursor === '' ? undefined : cursor, count: clamp(wanted) }
}

function clamp(count: number): number {
  return Math.min(countMax, Math.max(0, count))
}

function readInteger(sent: unknown, name: string, scimType: ScimType): number | undefined {
  if (isUnassigned(sent)) return undefined
  const number = typeof sent === 'string' ? Number(sent) : sent
  if (Number.isInteger(number)) return Math.min(number as number, Number.MAX_SAFE_INTEGER)
  throw wrongValue(scimType, `\`${name}\` must be a whole number`, sent)
}
