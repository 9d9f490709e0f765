/**
 * Protobuf's wire format as it is read: one cursor over the bytes of a message. Throws a
 * MalformedMessage for what is not in that format; the caller of a gRPC method is told that its
 * request cannot be read.
 */
export class WireReader {
  readonly #bytes: Buffer
  #at = 0
  #end: number

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#end = bytes.length
  }

  /** Whether the message entered last holds anything more. */
  get hasMore(): boolean {
    return this.#at < this.#end
  }

  /** Number and wire type of the next field, as `fieldTag` puts them together. */
  tag(): number {
    return this.uint32()
  }

  /** Enters a message inside this one; returns what `leave` needs. */
  enter(): number {
    const length = this.uint32()
    const before = this.#end
    if (length > before - this.#at) throw new MalformedMessage()
    this.#end = this.#at + length
    return before
  }

  leave(before: number): void {
    this.#end = before
  }

  /** More than 32 bits are cut off, as everywhere (protobuf encoding, "Compatibility"). */
  uint32(): number {
    const bytes = this.#bytes
    let value = 0
    for (let shift = 0; shift < varintBitsMax; shift += 7) {
      if (this.#at >= this.#end) throw new MalformedMessage()
      const byte = bytes[this.#at++]!
      if (shift < 32) value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new MalformedMessage()
  }

  bool(): boolean {
    let isTrue = false
    for (let count = 0; count < varintBytesMax; count++) {
      if (this.#at >= this.#end) throw new MalformedMessage()
      const byte = this.#bytes[this.#at++]!
      if ((byte & 0x7f) !== 0) isTrue = true
      if (byte < 0x80) return isTrue
    }
    throw new MalformedMessage()
  }

  double(): number {
    const at = this.#at
    this.#pass(8)
    return this.#bytes.readDoubleLE(at)
  }

  string(): string {
    const length = this.uint32()
    const from = this.#at
    this.#pass(length)
    return this.#bytes.toString('utf8', from, from + length)
  }

  /** A string that many messages hold, such as a key: what was read before is found again. */
  commonString(): string {
    const length = this.uint32()
    const from = this.#at
    this.#pass(length)
    return commonStrings.at(this.#bytes, from, from + length)
  }

  /** Passes over a field that nobody knows. Groups are of before proto3 and refused. */
  skip(tag: number): void {
    switch (tag & 7) {
      case varint:
        this.uint32()
        break
      case fixed64:
        this.#pass(8)
        break
      case lengthDelimited:
        this.#pass(this.uint32())
        break
      case fixed32:
        this.#pass(4)
        break
      default:
        throw new MalformedMessage()
    }
  }

  #pass(length: number): void {
    if (length > this.#end - this.#at) throw new MalformedMessage()
    this.#at += length
  }
}

export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage'
  constructor() {
    super('the message is not in the wire format of protobuf')
  }
}

export const varint = 0
export const fixed64 = 1
export const lengthDelimited = 2
const fixed32 = 5

export function fieldTag(number: number, wireType: number): number {
  return (number << 3) | wireType
}

const varintBytesMax = 10
const varintBitsMax = 7 * varintBytesMax

/**
 * Short ASCII strings that were read lately, by their bytes: making one anew costs three times
 * comparing it. One that falls on another's place takes it, so memory is bounded.
 */
class CommonStrings {
  readonly #strings: string[] = new Array<string>(placesCount).fill('')

  at(bytes: Buffer, from: number, to: number): string {
    if (to - from > commonLengthMax) return bytes.toString('utf8', from, to)
    let hash = to - from
    let all = 0
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!
      all |= byte
      hash = (Math.imul(hash, 31) + byte) | 0
    }
    if (all > 0x7f) return bytes.toString('utf8', from, to)
    const place = (hash ^ (hash >>> 15)) & (placesCount - 1)
    const known = this.#strings[place]!
    if (isSame(known, bytes, from, to)) return known
    const made = bytes.toString('latin1', from, to)
    this.#strings[place] = made
    return made
  }
}
const placesCount = 4_096
const commonLengthMax = 64

/** Of ASCII: each byte is one character. */
function isSame(known: string, bytes: Buffer, from: number, to: number): boolean {
  if (known.length !== to - from) return false
  for (let at = from; at < to; at++) if (known.charCodeAt(at - from) !== bytes[at]) return false
  return true
}

const commonStrings = new CommonStrings()
