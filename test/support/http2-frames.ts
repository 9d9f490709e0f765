import { connect, type Socket } from 'node:net'

/** HTTP/2 by hand, for what no client library would send. */
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const
export const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}
export type Header = readonly [name: string, value: string | Buffer]

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream >>> 0, 5)
  return Buffer.concat([head, payload])
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

/** One or more of SETTINGS, by their numbers. */
export function settings(...values: readonly (readonly [id: number, value: number])[]): Buffer {
  const bytes = values.flatMap(([id, value]) => [Buffer.from([id >> 8, id & 255]), uint32(value)])
  return frame(frameType.settings, 0, 0, Buffer.concat(bytes))
}

export const decisionPath = (method: string) => `/sallyport.v1.DecisionService/${method}`

/** The headers of a call that nothing is wrong with. */
export function callHeaders(path = decisionPath('Check')): readonly Header[] {
  return [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'acme'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ]
}

/** Below the frame size every peer must take (RFC 9113 §4.2). */
const framePayload = 16_000

/** HEADERS, with as many CONTINUATION as it takes. */
export function headerFrames(
  headers: readonly Header[],
  stream = 1,
  { ends = false }: { readonly ends?: boolean } = {},
): Buffer {
  const block = Buffer.concat(headers.map(([name, value]) => literal(name, value)))
  const frames: Buffer[] = []
  for (let from = 0; from === 0 || from < block.length; from += framePayload) {
    const last = from + framePayload >= block.length ? flag.endHeaders : 0
    const type = from === 0 ? frameType.headers : frameType.continuation
    const end = from === 0 && ends ? flag.endStream : 0
    frames.push(frame(type, last | end, stream, block.subarray(from, from + framePayload)))
  }
  return Buffer.concat(frames)
}

/** DATA, whose last frame ends the stream unless it is left open. */
export function dataFrames(body: Buffer, stream = 1, { ends = true } = {}): Buffer {
  const frames: Buffer[] = []
  for (let from = 0; from === 0 || from < body.length; from += framePayload) {
    const last = ends && from + framePayload >= body.length ? flag.endStream : 0
    frames.push(frame(frameType.data, last, stream, body.subarray(from, from + framePayload)))
  }
  return Buffer.concat(frames)
}

/** RFC 7541 §6.2.2: a literal without indexing, nothing compressed. */
function literal(name: string, value: string | Buffer): Buffer {
  const [n, v] = [Buffer.from(name), Buffer.from(value as string)]
  return Buffer.concat([Buffer.from([0]), integer(n.length), n, integer(v.length), v])
}

/** RFC 7541 §5.1 with a prefix of seven bits. */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value])
  const bytes = [127]
  let rest = value - 127
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128)
  return Buffer.from([...bytes, rest])
}

/** A gRPC message: what it says of its length need not be true. */
export function message(length: number, flags = 0, payload: Buffer = Buffer.alloc(0)): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = flags
  prefix.writeUInt32BE(length, 1)
  return Buffer.concat([prefix, payload])
}

export function messageOf(payload: Uint8Array): Buffer {
  return message(payload.length, 0, Buffer.from(payload))
}

/** A connection that says what it is told to, and keeps what comes back. */
export class Wire implements Disposable {
  readonly socket: Socket
  readonly closed: Promise<void>
  readonly frames: Frame[] = []
  #received: Buffer = Buffer.alloc(0)
  #pings = 0
  #woken = Promise.withResolvers<void>()
  #isClosed = false

  /** Says the preface and empty SETTINGS; `opening` says otherwise. */
  constructor(port: number, opening: Buffer = Buffer.concat([preface, settings()])) {
    this.socket = connect(port, '127.0.0.1')
    // What goes wrong is seen by `closed`.
    this.socket.on('error', () => undefined)
    this.socket.on('data', (bytes: Buffer) => this.#take(bytes))
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => {
        this.#isClosed = true
        this.#wake()
        resolve()
      })
    })
    this.socket.write(opening)
  }

  send(...bytes: readonly Buffer[]): boolean {
    return this.socket.write(Buffer.concat(bytes))
  }

  /** The first such frame from the server, or `closed`. */
  async first(...types: readonly number[]): Promise<Frame | 'closed'> {
    for (;;) {
      const found = this.frames.find(({ type }) => types.includes(type))
      if (found !== undefined) return found
      if (this.#isClosed) return 'closed'
      await this.#woken.promise
    }
  }

  /** Resolves once the server has answered a PING, and so has read all that went before it. */
  async pinged(): Promise<'pinged' | 'closed'> {
    const payload = Buffer.alloc(8)
    payload.writeUInt32BE(++this.#pings)
    this.send(frame(frameType.ping, 0, 0, payload))
    for (;;) {
      const isAck = ({ type, flags, payload: echoed }: Frame) =>
        type === frameType.ping && (flags & flag.ack) !== 0 && echoed.equals(payload)
      if (this.frames.some(isAck)) return 'pinged'
      if (this.#isClosed) return 'closed'
      await this.#woken.promise
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #take(bytes: Buffer): void {
    let rest = Buffer.concat([this.#received, bytes])
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3)
      const [type, flags, stream] = [rest[3]!, rest[4]!, rest.readUInt32BE(5)]
      this.frames.push({ type, flags, stream, payload: rest.subarray(9, end) })
      rest = rest.subarray(end)
    }
    this.#received = rest
    this.#wake()
  }

  #wake(): void {
    this.#woken.resolve()
    this.#woken = Promise.withResolvers()
  }
}
