import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'

/**
 * Calls at fixed times, whether or not earlier answers are there, and counts each answer from when
 * its call was due: a server that stands still delays all calls due meanwhile, not one. HTTP/2
 * (RFC 9113) is spoken with frames made beforehand, since Node's client costs more than the server.
 */
const [url, file, rate, seconds, connections] = process.argv.slice(2)
const { hostname, port, host, pathname } = new URL(url!)
const body = await readFile(file!)
const micros: number[] = []
const gapMs = (1000 / Number(rate)) * Number(connections)

const type = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, window: 8 }
const flag = { endStream: 1, ack: 1, endHeaders: 4 }
const headBytes = 9
/** Fewer than a server allows on one connection; what is due beyond them waits, and is counted. */
const openMax = 100

/** Until this client itself is warm, nothing counts. */
const warmMs = 1_000
const startMs = performance.now() + 100
const endMs = startMs + warmMs + Number(seconds) * 1000
await Promise.all(
  [...Array(Number(connections)).keys()].map((n) =>
    ask(startMs + n * (gapMs / Number(connections))),
  ),
)
process.stdout.write(JSON.stringify({ micros }), () => process.exit(0))

async function ask(firstMs: number): Promise<void> {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  socket.write(opening())
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const call = callFrames()
  /** When a call was due, by stream. */
  const due = new Map<number, number>()
  const answered = new Set<number>()
  let [stream, nextMs] = [1, firstMs]
  const send = () => {
    const now = performance.now()
    const calls: Buffer[] = []
    for (; nextMs <= now && nextMs < endMs && due.size < openMax; nextMs += gapMs, stream += 2) {
      calls.push(ofStream(call, stream))
      due.set(stream, nextMs)
    }
    if (calls.length > 0) socket.write(calls.length === 1 ? calls[0]! : Buffer.concat(calls))
    if (nextMs < endMs || due.size > 0) setImmediate(send)
    else resolve()
  }
  const take = (kind: number, flags: number, id: number, payload: Buffer) => {
    if (kind === type.data) answered.add(id)
    else if (kind === type.headers && flags & flag.endStream) {
      // An error has no data: its trailers are its headers.
      if (!answered.delete(id)) return reject(new Error('a call failed'))
      const dueMs = due.get(id)!
      due.delete(id)
      if (dueMs >= startMs + warmMs) micros.push(Math.round((performance.now() - dueMs) * 1000))
    } else if (kind === type.settings && !(flags & flag.ack)) {
      socket.write(frame(type.settings, flag.ack, 0))
    } else if (kind === type.ping && !(flags & flag.ack)) {
      socket.write(frame(type.ping, flag.ack, 0, payload))
    } else if (kind === type.reset || kind === type.goaway) {
      reject(new Error('the server ended a call'))
    }
  }
  readFrames(socket, take)
  socket.once('error', reject)
  setImmediate(send)
  await promise
  socket.destroy()
}

function readFrames(
  socket: Socket,
  take: (kind: number, flags: number, stream: number, payload: Buffer) => void,
): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    while (bytes.length - at >= headBytes) {
      const end = at + headBytes + bytes.readUIntBE(at, 3)
      if (end > bytes.length) break
      const payload = bytes.subarray(at + headBytes, end)
      take(bytes[at + 3]!, bytes[at + 4]!, bytes.readUInt32BE(at + 5), payload)
      at = end
    }
    rest = bytes.subarray(at)
  })
}

function opening(): Buffer {
  const window = Buffer.alloc(4)
  window.writeUInt32BE(2 ** 30)
  const settings = Buffer.alloc(6)
  settings.writeUInt16BE(4)
  settings.writeUInt32BE(2 ** 30, 2)
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  return Buffer.concat([
    preface,
    frame(type.settings, 0, 0, settings),
    frame(type.window, 0, 0, window),
  ])
}

/** Headers and data of one call, of stream 0. */
function callFrames(): Buffer {
  const headers = Buffer.concat([
    ...[literal(':method', 'POST'), literal(':scheme', 'http'), literal(':path', pathname)],
    ...[literal(':authority', host), literal('te', 'trailers')],
    literal('content-type', 'application/grpc'),
  ])
  const first = frame(type.headers, flag.endHeaders, 0, headers)
  return Buffer.concat([first, frame(type.data, flag.endStream, 0, body)])
}

function ofStream(call: Buffer, stream: number): Buffer {
  const bytes = Buffer.from(call)
  bytes.writeUInt32BE(stream, 5)
  bytes.writeUInt32BE(stream, headBytes + call.readUIntBE(0, 3) + 5)
  return bytes
}

function frame(
  kind: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(headBytes)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = kind
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** RFC 7541 §6.2.2: a literal field that nobody remembers, below 127 octets each. */
function literal(name: string, value: string): Buffer {
  const text = (of: string) => Buffer.from([of.length, ...Buffer.from(of)])
  return Buffer.concat([Buffer.from([0]), text(name), text(value)])
}
