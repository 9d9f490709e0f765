import type { Http2Session, ServerHttp2Stream } from 'node:http2'

/** A message that has begun to arrive on a stream, and that nothing else is the same as. */
interface UnfinishedMessage {
  readonly session: Http2Session
  readonly unfinished: object
}

/**
 * What the client of a call is in the middle of sending, from where grpc-js keeps it; nothing if a
 * version keeps it elsewhere. Of a stream that is not read from, its client cannot send the rest.
 */
export function unfinishedMessageOf(call: object): UnfinishedMessage | undefined {
  const { stream, decoder } = (call as GrpcInternals).call ?? {}
  if (!stream?.session || stream.isPaused() || !decoder?.readState) return undefined
  return { session: stream.session, unfinished: decoder.readPartialMessage }
}
interface GrpcInternals {
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
