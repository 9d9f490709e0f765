import { once } from 'node:events'
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerOptions,
  type ServerUnaryCall,
  type ServiceDefinition,
  type status,
} from '@grpc/grpc-js'
import { type ClientOptions, SallyportClient } from '../../src/client/client.ts'
import type { LaneSeams } from '../../src/client/lanes.ts'
import { decisionMethods } from '../../src/client/service.ts'

export const decision = {
  effect: 'ALLOW',
  reason: 'RULE',
  rule: 'r',
  application: 'wiki',
  decision_id: 'd-1',
  cacheable_for_ms: 30_000,
}
export const world = { revision: 'r7', age_ms: 12, policy_version: 'v1' }

/** What arrived, as proto-loader decodes it. */
export interface AskedMessage {
  readonly id: number
  readonly subject: { readonly user_name: string }
  readonly min_revision: string
}

/** One CheckStream as the server has it. */
export class ScriptedStream {
  readonly frames: AskedMessage[][] = []
  readonly ended: Promise<unknown>
  readonly #call: ServerDuplexStream<{ requests: AskedMessage[] }, object>
  #seen = 0

  constructor(call: ServerDuplexStream<{ requests: AskedMessage[] }, object>) {
    this.#call = call
    this.ended = new Promise((resolve) => call.on('cancelled', resolve))
    call.on('error', () => undefined)
    call.on('data', ({ requests }) => void this.frames.push(requests))
  }

  get metadata(): Metadata {
    return this.#call.metadata
  }

  open(): void {
    this.#call.sendMetadata(new Metadata())
  }

  async nextFrame(): Promise<AskedMessage[]> {
    while (this.frames.length <= this.#seen) await once(this.#call, 'data')
    return this.frames[this.#seen++]!
  }

  /** One message of results. */
  send(results: readonly object[], more: object = { world }): void {
    this.#call.write({ results, ...more })
  }

  fail(code: status, details = 'why'): void {
    this.#call.emit('error', { code, details })
  }

  end(): void {
    this.#call.end()
  }
}

type Unary = (
  call: ServerUnaryCall<AskedMessage, object>,
  callback: (error: object | null, response?: object) => void,
) => void

export interface ScriptedOptions {
  readonly check?: Unary
  /** Default: the server does not know the call. */
  readonly explain?: Unary
  readonly client?: ClientOptions
  readonly seams?: Partial<LaneSeams>
  readonly server?: ServerOptions
  /** Default: streams are opened at once. */
  readonly holdsStreams?: boolean
}

export interface Scripted extends AsyncDisposable {
  readonly client: SallyportClient
  readonly server: Server
  readonly address: string
  /** What was asked by calls of their own. */
  readonly unary: AskedMessage[]
  readonly streams: ScriptedStream[]
  /** An attempt that goes alone and opens a stream; resolves once that is up. */
  warm(): Promise<ScriptedStream>
  nextStream(): Promise<ScriptedStream>
}

export const allow: Unary = (_, callback) => callback(null, { decision, world })

/** A gRPC server that answers as a test says, and a client of it. */
export async function startScripted(options: ScriptedOptions = {}): Promise<Scripted> {
  const { check = allow, client: clientOptions = {}, seams = {} } = options
  const unary: AskedMessage[] = []
  const streams: ScriptedStream[] = []
  const arrived = new EventTarget()
  const server = new Server(options.server)
  server.addService(decisionMethods as unknown as ServiceDefinition, {
    Check: (call: ServerUnaryCall<AskedMessage, object>, callback: Parameters<Unary>[1]) => {
      unary.push(call.request)
      check(call, callback)
    },
    ...(options.explain && { Explain: options.explain }),
    CheckStream: (call: ServerDuplexStream<{ requests: AskedMessage[] }, object>) => {
      const stream = new ScriptedStream(call)
      if (options.holdsStreams !== true) stream.open()
      streams.push(stream)
      arrived.dispatchEvent(new Event('stream'))
    },
  })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  const address = `127.0.0.1:${port}`
  // Nobody is late unless a test is about that.
  const patient = { timeoutMs: 20_000, ...clientOptions }
  const client = new SallyportClient(address, patient, seams)
  let seen = 0
  const nextStream = async () => {
    while (streams.length <= seen) await once(arrived, 'stream')
    return streams[seen++]!
  }
  return {
    client,
    server,
    address,
    unary,
    streams,
    nextStream,
    warm: async () => {
      await client.check({ user: 'first', app: 'wiki' })
      // An answer to what was sent after the stream: the server has that as well.
      const stream = streams.at(-1)!
      await isUp(client, stream)
      return stream
    },
    [Symbol.asyncDispose]: async () => {
      client.close()
      server.forceShutdown()
    },
  }
}

/** Asks until an attempt takes the stream: there is no event for who only asks. */
async function isUp(client: SallyportClient, stream: ScriptedStream): Promise<void> {
  const first = stream.nextFrame()
  for (;;) {
    const answer = client.check({ user: 'probe', app: 'wiki' })
    const frame = await Promise.race([answer.then(() => undefined), first])
    if (frame === undefined) continue
    stream.send(frame.map(({ id }) => ({ id, decision })))
    await answer
    return
  }
}
