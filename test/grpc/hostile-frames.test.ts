import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askPayroll, type Rig, startRig } from './support.ts'

/** Frames as no client library would send them. Each is answered or ended, and nobody else suffers. */
let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig[Symbol.asyncDispose]())

type Header = readonly [name: string, value: string | Buffer]

const good: readonly Header[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/sallyport.v1.DecisionService/Check'],
  [':authority', 'acme'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
]
const withPath = (path: string | Buffer): Header[] =>
  good.map(([name, value]) => [name, name === ':path' ? path : value])
const without = (left: string): Header[] => good.filter(([name]) => name !== left)
const and = (...more: Header[]): Header[] => [...good, ...more]

describe('headers', () => {
  test.each<[string, Header[]]>([
    ['a path that is no text', withPath(Buffer.from([0x2f, 0x80, 0xff]))],
    ['a path with line separators', withPath('/é\u2028€')],
    ['a path that is badly encoded', withPath('/%zz%')],
    ['a path with a control character', withPath('/a\u0001b')],
    ['an empty path', withPath('')],
    ['a path without slash', withPath('Check')],
    ['no path', without(':path')],
    ['two paths', and([':path', '/x'])],
    ['no content type', without('content-type')],
    ['an upper-case name', and(['X-Up', 'y'])],
    ['a value with NUL', and(['x', 'a\0b'])],
    ['a value that is no text', and(['x', Buffer.from([0xff, 0xfe])])],
    ['binary metadata that is no base64', and(['x-bin', '!!!'])],
    ['the name __proto__', and(['__proto__', 'x'], ['constructor', 'y'])],
    ['an unknown encoding', and(['grpc-encoding', '__proto__'])],
    ['60 KB in one value', and(['x', 'y'.repeat(60_000)])],
    ['300 of them', and(...[...Array(300).keys()].map((n): Header => [`h${n}`, 'v']))],
    ...['2160000S', '99999999H', '0n', 'abc', '-1S', '', '1u'].map(
      (timeout): [string, Header[]] => [`the timeout ${timeout}`, and(['grpc-timeout', timeout])],
    ),
  ])('with %s harm nobody', async (_, headers) => {
    expect(await answerTo(headers, message(0))).not.toBe('nothing')
    await expectUnharmed()
  })
})

describe('a body', () => {
  const gzip: Header = ['grpc-encoding', 'gzip']
  const bomb = gzipSync(Buffer.alloc(8_000_000))
  const cut = gzipSync(Buffer.alloc(100)).subarray(0, 15)
  test.each<[string, Buffer, Header?]>([
    ['of no message', Buffer.alloc(0)],
    ['of two messages', Buffer.concat([message(0), message(0)])],
    ['that claims 4 GiB', message(0xffff_ffff)],
    ['that is cut', message(10, 0, Buffer.alloc(3))],
    ['that is no protobuf', message(4, 0, Buffer.alloc(4, 0xff))],
    ['with an unknown flag', message(0, 7)],
    ['said to be compressed without saying how', message(3, 1, Buffer.from('abc'))],
    ['of corrupt gzip', message(3, 1, Buffer.from('abc')), gzip],
    ['of cut gzip', message(cut.length, 1, cut), gzip],
    ['that unpacks to 8 MB', message(bomb.length, 1, bomb), gzip],
    ['in an encoding nobody knows', message(3, 1, Buffer.from('abc')), ['grpc-encoding', 'zstd']],
  ])('%s harms nobody', async (_, body, header) => {
    expect(await answerTo(header ? and(header) : good, body)).not.toBe('nothing')
    await expectUnharmed()
  })
})

async function expectUnharmed(): Promise<void> {
  rig.decisions.attempts.length = 0
  expect((await rig.call('Check', askPayroll)).code).toBe('OK')
  expect(rig.decisions.attempts).toHaveLength(1)
  expect(rig.errors).toEqual([])
}

const frameType = { data: 0, headers: 1, settings: 4, continuation: 9 } as const
const answers = new Map([
  [1, 'headers'],
  [3, 'reset'],
  [7, 'goaway'],
])

/** Sends one request; the first frame that answers it, or `closed`. */
async function answerTo(headers: readonly Header[], body: Buffer): Promise<string> {
  const socket = connect(Number(rig.server.address.split(':')[1]), '127.0.0.1')
  socket.on('error', () => undefined)
  let received = Buffer.alloc(0)
  const answered = new Promise<string>((resolve) => {
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes as Buffer])
      while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
        const answer = answers.get(received[3]!)
        received = received.subarray(9 + received.readUIntBE(0, 3))
        if (answer !== undefined) resolve(answer)
      }
    })
  })
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  socket.write(frame(frameType.settings, 0, 0, Buffer.alloc(0)))
  const block = Buffer.concat(headers.map(([name, value]) => literal(name, value)))
  for (let from = 0; from < block.length; from += framePayload) {
    const last = from + framePayload >= block.length
    const type = from === 0 ? frameType.headers : frameType.continuation
    socket.write(frame(type, last ? 4 : 0, 1, block.subarray(from, from + framePayload)))
  }
  for (let from = 0; from === 0 || from < body.length; from += framePayload) {
    const last = from + framePayload >= body.length
    const part = body.subarray(from, from + framePayload)
    socket.write(frame(frameType.data, last ? 1 : 0, 1, part))
  }
  const answer = await Promise.race([answered, once(socket, 'close').then(() => 'closed')])
  socket.destroy()
  return answer
}

/** Below the frame size every peer must take (RFC 9113 §4.2). */
const framePayload = 16_000

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
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

function message(length: number, flag = 0, payload: Buffer = Buffer.alloc(0)): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = flag
  prefix.writeUInt32BE(length, 1)
  return Buffer.concat([prefix, payload])
}
