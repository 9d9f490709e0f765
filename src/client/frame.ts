/**
 * Requests as bytes. A request is encoded once: the same bytes go into a frame of the stream, into
 * a unary call if the stream breaks, and are the key under which its answer is kept. What is added
 * to them is added as protobuf allows: encoded messages put one after the other are one message.
 */
export interface FrameItem {
  readonly id: number
  readonly body: Uint8Array
}

/** Most attempts in one message, as the server takes them. */
export const frameItemsMax = 256
/** The server takes 512 KiB; the rest is room for ids and lengths. */
export const frameBytesMax = 500 * 1024

/** Tags of `decision.proto`: field number and wire type. */
const requestsTag = (1 << 3) | 2
const idTag = 1 << 3
const minRevisionTag = (8 << 3) | 2

/** A `CheckBatchRequest`. */
export function frameOf(items: readonly FrameItem[]): Uint8Array {
  let length = 0
  for (const { id, body } of items) {
    const itemLength = 1 + varintLength(id) + body.length
    length += 1 + varintLength(itemLength) + itemLength
  }
  const frame = Buffer.allocUnsafe(length)
  let at = 0
  for (const { id, body } of items) {
    frame[at++] = requestsTag
    at = writeVarint(frame, at, 1 + varintLength(id) + body.length)
    frame[at++] = idTag
    at = writeVarint(frame, at, id)
    frame.set(body, at)
    at += body.length
  }
  return frame
}

/** The request, which must not have a `min_revision` of its own, with this one. */
export function withMinRevision(body: Uint8Array, revision: string): Uint8Array {
  const text = Buffer.from(revision, 'utf8')
  const head = Buffer.allocUnsafe(1 + varintLength(text.length))
  head[0] = minRevisionTag
  writeVarint(head, 1, text.length)
  return Buffer.concat([body, head, text])
}

function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) length++
  return length
}

/** Values up to 2³² − 1, for which bit operators would see a sign. */
function writeVarint(into: Uint8Array, from: number, value: number): number {
  let at = from
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) into[at++] = (rest % 0x80) | 0x80
  into[at++] = rest
  return at
}
