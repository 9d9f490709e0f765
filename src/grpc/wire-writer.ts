import { fieldTag, lengthDelimited, varint } from './wire-reader.ts'

/**
 * Protobuf's wire format as it is written: from the end to the beginning, so that the length of
 * what is inside a message is known by the time it is written. Fields are therefore named in
 * reverse order. What is the default of its type is left out, as proto3 has it.
 */
export class WireWriter {
  #bytes = Buffer.allocUnsafeSlow(bytesFirst)
  #at = bytesFirst

  /** What a message that failed half-way has left must not go out with the next one. */
  start(): void {
    this.#at = this.#bytes.length
  }

  /** All that was written since `start`, as bytes of the caller's own. */
  finish(): Buffer {
    const written = Buffer.from(this.#bytes.subarray(this.#at))
    if (this.#bytes.length > bytesKeptMax) this.#bytes = Buffer.allocUnsafeSlow(bytesFirst)
    this.#at = this.#bytes.length
    return written
  }

  /** Where a message ends that is about to be written: `message` is told afterwards. */
  get end(): number {
    return this.#bytes.length - this.#at
  }

  /** All that was written since `end` is the message in this field. */
  message(field: number, end: number): void {
    this.#varint(this.#bytes.length - this.#at - end)
    this.#varint(fieldTag(field, lengthDelimited))
  }

  /** A message that is encoded already. */
  encoded(field: number, bytes: Uint8Array): void {
    this.#makeRoom(bytes.length)
    this.#at -= bytes.length
    this.#bytes.set(bytes, this.#at)
    this.#varint(bytes.length)
    this.#varint(fieldTag(field, lengthDelimited))
  }

  uint32(field: number, value: number): void {
    if (value === 0) return
    this.#varint(value)
    this.#varint(fieldTag(field, varint))
  }

  bool(field: number, value: boolean | undefined): void {
    if (value) this.uint32(field, 1)
  }

  string(field: number, text: string): void {
    if (text !== '') this.element(field, text)
  }

  /** Of a list: an empty one counts as well. */
  element(field: number, text: string): void {
    const end = this.end
    if (text.length > shortLengthMax || !this.#ascii(text)) this.#utf8(text)
    this.message(field, end)
  }

  /** A call of the engine's own writer costs more than a short text. */
  #ascii(text: string): boolean {
    this.#makeRoom(text.length)
    const bytes = this.#bytes
    const from = this.#at - text.length
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index)
      if (code > 0x7f) return false
      bytes[from + index] = code
    }
    this.#at = from
    return true
  }

  #utf8(text: string): void {
    const length = Buffer.byteLength(text)
    this.#makeRoom(length)
    this.#at -= length
    this.#bytes.write(text, this.#at, 'utf8')
  }

  #varint(value: number): void {
    this.#makeRoom(varintBytesMax)
    const bytes = this.#bytes
    if (value < 0x80) {
      bytes[--this.#at] = value
      return
    }
    let length = 2
    for (let rest = value >>> 14; rest > 0; rest >>>= 7) length++
    this.#at -= length
    let at = this.#at
    let rest = value
    for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80
    bytes[at] = rest
  }

  #makeRoom(length: number): void {
    if (length <= this.#at) return
    const written = this.#bytes.subarray(this.#at)
    const larger = Buffer.allocUnsafeSlow(2 * (this.#bytes.length + length))
    larger.set(written, larger.length - written.length)
    this.#at = larger.length - written.length
    this.#bytes = larger
  }
}

/** 256 decisions of the usual size. */
const bytesFirst = 32 * 1024
/** One message with long texts must not hold its memory for ever. */
const bytesKeptMax = 1024 * 1024
const shortLengthMax = 64
/** Of 32 bits. */
const varintBytesMax = 5
