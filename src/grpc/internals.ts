import type { EventEmitter } from 'node:events'
import type { Http2Session, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Server } from '@grpc/grpc-js'

/**
 * What grpc-js and Node keep to themselves and we have to see, in one place: a version that keeps
 * it elsewhere is found out by the tests of who asks here.
 */

/** One for each address or injector. */
export function http2ServersOf(server: Server): Iterable<EventEmitter> {
  return (server as unknown as ServerInternals).http2Servers?.keys() ?? []
}

export function sessionsOf(server: Server): readonly ServerHttp2Session[] {
  const { http2Servers } = server as unknown as ServerInternals
  return [...(http2Servers?.values() ?? [])].flatMap(({ sessions }) => [...(sessions ?? [])])
}
interface ServerInternals {
  readonly http2Servers?: ReadonlyMap<EventEmitter, { sessions?: ReadonlySet<ServerHttp2Session> }>
}

export function streamsOf(session: ServerHttp2Session): Iterable<ServerHttp2Stream> {
  stateKey ??= Object.getOwnPropertySymbols(session).find((key) => key.description === 'state')
  if (stateKey === undefined) return []
  const state = (session as unknown as Readonly<Record<symbol, SessionInternals>>)[stateKey]
  return state?.streams?.values() ?? []
}
let stateKey: symbol | undefined
interface SessionInternals {
  readonly streams?: ReadonlyMap<number, ServerHttp2Stream>
}

/** A message that has begun to arrive on a stream, and that nothing else is the same as. */
interface UnfinishedMessage {
  readonly session: Http2Session
  readonly unfinished: object
}

/**
 * What the client of a call is in the middle of sending. Of a stream that is not read from, its
 * client cannot send the rest.
 */
export function unfinishedMessageOf(call: object): UnfinishedMessage | undefined {
  const { stream, decoder } = (call as CallInternals).call ?? {}
  if (!stream?.session || stream.isPaused() || !decoder?.readState) return undefined
  return { session: stream.session, unfinished: decoder.readPartialMessage }
}
interface CallInternals {
  readonly call?: {
    readonly stream?: ServerHttp2Stream
    readonly decoder?: {
      /** 0: between two messages. */
      readonly readState?: number
      /** What has arrived: a list of its own for each message. */
      readonly readPartialMessage: object
    }
  }
}
