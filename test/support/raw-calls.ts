import { once } from 'node:events'
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2'

/** What a call came to, as it stands in headers and trailers. */
export interface RawReply {
  /** `grpc-status`; undefined: the stream or its connection was ended without one. */
  readonly status: number | undefined
  readonly text: string
  readonly body: Buffer
}

/** Calls with headers and bodies that a gRPC library would not send, on one connection. */
export class RawCalls implements AsyncDisposable {
  readonly session: ClientHttp2Session

  constructor(address: string) {
    this.session = connect(`http://${address}`)
    this.session.on('error', () => undefined)
  }

  async call(path: string, body: Buffer, headers: OutgoingHttpHeaders = {}): Promise<RawReply> {
    const stream = this.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    })
    stream.on('error', () => undefined)
    let seen: Readonly<Record<string, unknown>> = {}
    stream.on('response', (got) => {
      seen = { ...seen, ...got }
    })
    stream.on('trailers', (got) => {
      seen = { ...seen, ...got }
    })
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.end(body)
    await once(stream, 'close')
    const status = seen['grpc-status']
    return {
      status: status === undefined ? undefined : Number(status),
      text: decodeURIComponent(String(seen['grpc-message'] ?? '')),
      body: Buffer.concat(chunks),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.session, 'close')
    this.session.destroy()
    await closed
  }
}
