import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  callHeaders,
  dataFrames,
  decisionPath,
  flag,
  frame,
  frameType,
  type Header,
  headerFrames,
  message,
  messageOf,
  preface,
  settings,
  uint32,
  Wire,
} from '../support/http2-frames.ts'
import { randomSource } from '../support/random-source.ts'
import { askPayroll, decisionMethods, type Rig, startRig } from './support.ts'

/** Frames as no client library would send them. Each is answered or ended, and nobody else suffers. */
let rig: Rig
let port = 0
beforeAll(async () => {
  const limits = { acceptsPerSecondMax: 1_000_000 }
  rig = await startRig({ listen: { host: '127.0.0.1', port: 0, limits } })
  port = Number(rig.server.address.split(':')[1])
})
afterAll(() => rig[Symbol.asyncDispose]())

const good = callHeaders()
const withPath = (path: string | Buffer): Header[] =>
  good.map(([name, value]) => [name, name === ':path' ? path : value])
const without = (left: string): Header[] => good.filter(([name]) => name !== left)
const and = (...more: Header[]): Header[] => [...good, ...more]
const numbered = (count: number, value: string) =>
  [...Array(count).keys()].map((n): Header => [`h${n}`, value])

const envoyPath = '/envoy.service.auth.v3.Authorization/Check'
const paths = [...['Check', 'CheckBatch', 'CheckStream', 'Explain'].map(decisionPath), envoyPath]

describe('headers', () => {
  test.each<[string, Header[]]>([
    ['a path that is no text', withPath(Buffer.from([0x2f, 0x80, 0xff]))],
    ['a path with line separators', withPath('/é\u2028€')],
    ['a path that is badly encoded', withPath('/%zz%')],
    ['a path with a control character', withPath('/a\u0001b')],
    ['an empty path', withPath('')],
    ['a path without slash', withPath('Check')],
    ['a path of two slashes', withPath(`/${decisionPath('Check')}`)],
    ['a path with a query', withPath(`${decisionPath('Check')}?a=b`)],
    ['no path', without(':path')],
    ['two paths', and([':path', '/x'])],
    ['no method', without(':method')],
    ['a pseudo-header of a response', and([':status', '200'])],
    ['a pseudo-header nobody knows', and([':protocol', 'websocket'])],
    ['a pseudo-header after the others', and(['x', 'y'], [':authority', 'b'])],
    [
      'the method CONNECT',
      [
        [':method', 'CONNECT'],
        [':authority', 'acme'],
      ],
    ],
    ['no content type', without('content-type')],
    ['another content type', [...without('content-type'), ['content-type', 'text/html']]],
    ['an upper-case name', and(['X-Up', 'y'])],
    ['an empty name', and(['', 'y'])],
    ['a header of HTTP/1.1', and(['connection', 'close'], ['transfer-encoding', 'chunked'])],
    ['a content length that is not true', and(['content-length', '1'])],
    ['a value with NUL', and(['x', 'a\0b'])],
    ['a value with line ends', and(['x', 'a\r\nb: c'])],
    ['a value that is no text', and(['x', Buffer.from([0xff, 0xfe])])],
    ['binary metadata that is no base64', and(['x-bin', '!!!'])],
    ['the name __proto__', and(['__proto__', 'x'], ['constructor', 'y'])],
    ['an unknown encoding', and(['grpc-encoding', '__proto__'])],
    ['an encoding that is a list', and(['grpc-encoding', 'gzip, gzip'])],
    ['60 KB in one value', and(['x', 'y'.repeat(60_000)])],
    ['64 KB in 16 values', and(...numbered(16, 'v'.repeat(4096)))],
    ['300 of them', and(...numbered(300, 'v'))],
    ['3000 of them', and(...numbered(3000, 'v'))],
    ...['2160000S', '99999999H', '0n', 'abc', '-1S', '', '1u'].map(
      (timeout): [string, Header[]] => [`the timeout ${timeout}`, and(['grpc-timeout', timeout])],
    ),
  ])('with %s harm nobody', async (_, headers) => {
    expect(await answerTo(headers, message(0))).toBeOneOf(answers)
    await expectUnharmed()
  })
})

describe('a body', () => {
  const gzip: Header = ['grpc-encoding', 'gzip']
  const bomb = gzipSync(Buffer.alloc(8_000_000))
  const cut = gzipSync(Buffer.alloc(100)).subarray(0, 15)
  const bodies: [string, Buffer, Header?][] = [
    ['of no message', Buffer.alloc(0)],
    ['of half a prefix', Buffer.alloc(3)],
    ['of two messages', Buffer.concat([message(0), message(0)])],
    ['that claims 4 GiB', message(0xffff_ffff)],
    ['that is cut', message(10, 0, Buffer.alloc(3))],
    ['that is no protobuf', message(4, 0, Buffer.alloc(4, 0xff))],
    ['of 500,000 groups within each other', messageOf(Buffer.alloc(500_000, 0x0b))],
    ['with an unknown flag', message(0, 7)],
    ['said to be compressed without saying how', message(3, 1, Buffer.from('abc'))],
    ['of corrupt gzip', message(3, 1, Buffer.from('abc')), gzip],
    ['of cut gzip', message(cut.length, 1, cut), gzip],
    ['that unpacks to 8 MB', message(bomb.length, 1, bomb), gzip],
    ['in an encoding nobody knows', message(3, 1, Buffer.from('abc')), ['grpc-encoding', 'zstd']],
  ]
  describe.each(paths)('to %s', (path) => {
    test.each(bodies)('%s harms nobody', async (_, body, header) => {
      const headers = callHeaders(path)
      expect(await answerTo(header ? [...headers, header] : headers, body)).toBeOneOf(answers)
      await expectUnharmed()
    })
  })
})

describe('a frame', () => {
  const open = headerFrames(good)
  const call = Buffer.concat([open, dataFrames(message(0))])
  const { ping, priority, pushPromise, reset, goaway, windowUpdate, continuation } = frameType
  test.each<[string, Buffer, boolean]>([
    ['DATA of no stream', frame(frameType.data, 0, 0), true],
    ['DATA of a stream that was not opened', frame(frameType.data, 0, 5, Buffer.alloc(9)), true],
    ['DATA padded beyond its end', frame(frameType.data, flag.padded, 1, uint32(~0)), true],
    ['HEADERS of an even stream', headerFrames(good, 2), true],
    ['HEADERS of a stream below the last', Buffer.concat([headerFrames(good, 9), call]), false],
    ['HEADERS within HEADERS', Buffer.concat([openHeaders(), headerFrames(good, 3)]), true],
    ['CONTINUATION of nothing', frame(continuation, flag.endHeaders, 1), true],
    ['HPACK that is none', frame(frameType.headers, 5, 1, Buffer.alloc(40, 0xff)), true],
    ['HPACK with an index beyond its table', frame(1, 5, 1, Buffer.from([0xff, 0x80, 0x01])), true],
    ['HPACK with a table of 4 GiB', frame(1, 5, 1, Buffer.from([0x3f, 255, 255, 255, 127])), true],
    ['PUSH_PROMISE', frame(pushPromise, flag.endHeaders, 1, uint32(2)), true],
    ['SETTINGS of five bytes', frame(frameType.settings, 0, 0, Buffer.alloc(5)), true],
    ['SETTINGS of a window beyond 2^31', settings([4, 0xffff_ffff]), true],
    ['SETTINGS of a stream', frame(frameType.settings, 0, 1), true],
    ['an answer to SETTINGS that has a body', frame(4, flag.ack, 0, Buffer.alloc(6)), true],
    ['PING of seven bytes', frame(ping, 0, 0, Buffer.alloc(7)), true],
    ['PING of a stream', frame(ping, 0, 1, Buffer.alloc(8)), true],
    ['RST_STREAM of a stream not opened', frame(reset, 0, 7, uint32(8)), true],
    ['WINDOW_UPDATE of nothing', frame(windowUpdate, 0, 0, uint32(0)), true],
    ['WINDOW_UPDATE that overflows', frame(windowUpdate, 0, 0, uint32(0x7fff_ffff)), true],
    ['PRIORITY of itself', Buffer.concat([open, frame(priority, 0, 1, selfPriority())]), false],
    ['GOAWAY of three bytes', frame(goaway, 0, 0, Buffer.alloc(3)), true],
    ['more than a frame may have', frame(frameType.data, 0, 1, Buffer.alloc(20_000)), true],
    ['a type that nobody knows', frame(0xfa, 0xff, 0, Buffer.alloc(50)), false],
  ])('that is %s ends its own connection at most', async (_, bytes, ends) => {
    using wire = new Wire(port)
    wire.send(bytes)
    const outcome = await Promise.race([wire.pinged(), wire.first(frameType.goaway)])
    expect(outcome === 'pinged').toBe(!ends)
    if (ends) await wire.closed
    await expectUnharmed()
  })

  test.each([
    ['HTTP/1.1', Buffer.from('POST / HTTP/1.1\r\nHost: a\r\n\r\n')],
    ['a preface with one letter wrong', Buffer.from('PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n')],
    ['another frame than SETTINGS', Buffer.concat([preface, frame(frameType.ping, 0, 0)])],
  ])('after %s is not read', async (_, opening) => {
    using wire = new Wire(port, opening)
    await wire.closed
    await expectUnharmed()
  })
})

/** So many cases; a nightly run takes more. */
const cases = Number(process.env.FRAMES ?? 3_000)
const atOnce = 50

test('frames changed at random end their own connection at most, never the process', async () => {
  const seed = Number(process.env.SEED ?? 20_261_125)
  const random = randomSource(seed)
  const { requestSerialize } = decisionMethods.Check!
  const body = messageOf(requestSerialize(askPayroll))
  let decided = 0
  for (let done = 0; done < cases; done += atOnce) {
    const wires = Array.from({ length: atOnce }, () => {
      const frames = [
        preface,
        settings(),
        headerFrames(callHeaders(paths[random.below(paths.length)])),
        dataFrames(body),
        frame(frameType.windowUpdate, 0, 0, uint32(1 + random.below(1000))),
        frame(frameType.ping, 0, 0, Buffer.alloc(8)),
      ]
      return new Wire(port, changed(frames, random))
    })
    // All that was sent is read before the end of it.
    for (const wire of wires) wire.socket.end()
    await Promise.all(wires.map(({ closed }) => closed))
    decided += rig.decisions.attempts.length
    await expectUnharmed(`seed ${seed}, about case ${done}`)
  }
  // The changes are small enough that calls still get through.
  expect(decided).toBeGreaterThan(cases / 20)
}, 600_000)

/** Every way in which a peer's bytes go wrong: flipped, cut, doubled, left out, out of order. */
function changed(frames: readonly Buffer[], random: ReturnType<typeof randomSource>): Buffer {
  const list: Buffer[] = frames.map((one) => Buffer.from(one))
  for (let count = 1 + random.below(3); count > 0; count--) {
    // Mostly after the preface: without it nothing else is read.
    const at = random.below(20) === 0 ? 0 : 1 + random.below(list.length - 1)
    const one = list[at]!
    switch (random.below(7)) {
      case 0:
        if (one.length > 0) one[random.below(one.length)] = random.below(256)
        break
      case 1:
        // Its head: length, type, flags, stream.
        if (one.length >= 9) one[random.below(9)] = random.below(256)
        break
      case 2:
        list[at] = Buffer.from(one.subarray(0, random.below(one.length + 1)))
        break
      case 3:
        list.splice(at, 0, one)
        break
      case 4:
        if (list.length > 2) list.splice(at, 1)
        break
      case 5:
        list.splice(1 + random.below(list.length), 0, anyFrame(random))
        break
      default:
        list.push(...list.splice(at, 1))
    }
  }
  return Buffer.concat(list)
}

function anyFrame(random: ReturnType<typeof randomSource>): Buffer {
  const payload = Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)))
  return frame(random.below(12), random.below(256), random.below(4), payload)
}

async function expectUnharmed(hint?: string): Promise<void> {
  rig.decisions.attempts.length = 0
  expect((await rig.call('Check', askPayroll)).code, hint).toBe('OK')
  expect(rig.decisions.attempts, hint).toHaveLength(1)
  expect(rig.errors, hint).toEqual([])
}

const answers = ['closed', frameType.headers, frameType.reset, frameType.goaway]

/** Sends one request; the type of the first frame that answers it, or `closed`. */
async function answerTo(headers: readonly Header[], body: Buffer): Promise<number | 'closed'> {
  using wire = new Wire(port)
  wire.send(headerFrames(headers), dataFrames(body))
  const answer = await wire.first(frameType.headers, frameType.reset, frameType.goaway)
  return answer === 'closed' ? answer : answer.type
}

/** HEADERS that go on. */
function openHeaders(): Buffer {
  return frame(frameType.headers, 0, 1, headerFrames(good).subarray(9))
}

function selfPriority(): Buffer {
  return Buffer.concat([uint32(1), Buffer.from([16])])
}
