import { type FrameItem, frameBytesMax, frameItemsMax, frameOf } from './frame.ts'

/**
 * What is asked in one turn of the event loop, as one message at its end. A message that is full
 * goes out before.
 */
export class Outbox {
  readonly #send: (frame: Uint8Array) => void
  #items: FrameItem[] = []
  #bytes = 0

  constructor(send: (frame: Uint8Array) => void) {
    this.#send = send
  }

  put(item: FrameItem): void {
    const { length } = item.body
    if (this.#items.length === frameItemsMax || this.#bytes + length > frameBytesMax) this.#flush()
    if (this.#items.push(item) === 1) setImmediate(() => this.#flush())
    this.#bytes += length
  }

  #flush(): void {
    if (this.#items.length === 0) return
    const frame = frameOf(this.#items)
    this.#items = []
    this.#bytes = 0
    this.#send(frame)
  }
}
