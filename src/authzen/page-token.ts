import { createHash } from 'node:crypto'

/**
 * Tokens of pages. One says behind which candidate its page ended and how long pages are. Nothing
 * is kept here, so a token never expires and any process can go on from it.
 *
 * It carries no right: every page is found with the rights of its own request. The digest is no
 * secret either; it tells a token that was damaged, or that belongs to another query.
 */
export interface PagePlace {
  readonly after: string
  readonly limit: number
}

/** `query`: all that must not change from page to page. */
export function toToken({ after, limit }: PagePlace, query: string): string {
  const payload = Buffer.from(JSON.stringify([limit, after]))
  return Buffer.concat([digestOf(payload, query), payload]).toString('base64url')
}

/** Undefined: none that this query was answered with. */
export function fromToken(token: string, query: string): PagePlace | undefined {
  if (token.length > tokenLengthMax) return undefined
  const bytes = Buffer.from(token, 'base64url')
  // What is no base64url is passed over in decoding, so one token could be written in many ways.
  if (bytes.toString('base64url') !== token) return undefined
  const payload = bytes.subarray(digestLength)
  if (!digestOf(payload, query).equals(bytes.subarray(0, digestLength))) return undefined
  return placeIn(payload)
}

/** Names of applications and places of users are shorter. */
const tokenLengthMax = 2_048

/** Anybody can make a digest, so what stands behind it is read as if it could be anything. */
function placeIn(payload: Buffer): PagePlace | undefined {
  try {
    const facts: unknown = JSON.parse(payload.toString())
    if (!Array.isArray(facts)) return undefined
    const [limit, after] = facts
    if (!Number.isSafeInteger(limit) || limit < 1 || typeof after !== 'string') return undefined
    return { limit, after }
  } catch {
    // It is no JSON.
    return undefined
  }
}

function digestOf(payload: Buffer, query: string): Buffer {
  return createHash('sha256').update(query).update('\n').update(payload).digest().subarray(0, 12)
}
/** 96 bits: nobody meets another one by accident. */
const digestLength = 12
