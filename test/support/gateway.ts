import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { extAuthzServiceDefinition } from '../../src/grpc/envoy-messages.ts'
import { decisionMethods } from '../grpc/support.ts'
import type { Pair } from './certificates.ts'

/** Who calls, and how it proves it. */
export interface GatewayOptions {
  /** `host:port` */
  readonly address: string
  /** Of the server's CA; without it plain text is spoken. */
  readonly ca?: Buffer
  readonly pair?: Pair | undefined
  /** Values of the header `authorization`. */
  readonly authorizations?: readonly string[]
}

export interface Answered {
  /** Name of the status. */
  readonly code: string
  readonly details: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read what arrived.
  readonly response: any
}
type Method = MethodDefinition<object, object>
export type Stream = ClientDuplexStream<object, object>

/** A gateway on one connection of its own, which nothing but grpc-js keeps. */
export class Gateway implements Disposable {
  readonly client: Client
  readonly #metadata = new Metadata()

  constructor({ address, ca, pair, authorizations = [] }: GatewayOptions) {
    this.client = new Client(address, credentialsOf(ca, pair), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 50,
      'grpc.enable_retries': 0,
      // By default the address, which Node refuses as the name of a TLS server.
      ...(ca !== undefined && { 'grpc.ssl_target_name_override': 'localhost' }),
    })
    for (const value of authorizations) this.#metadata.add('authorization', value)
  }

  /** A method of the decision service, by its name. */
  ask(name: string, request: object): Promise<Answered> {
    return this.#unary(decisionMethods[name]!, request)
  }

  /** Envoy's Check. */
  askAsEnvoy(request: object): Promise<Answered> {
    return this.#unary(extAuthzServiceDefinition.Check as Method, request)
  }

  openStream(): Stream {
    const { path, requestSerialize, responseDeserialize } = decisionMethods.CheckStream!
    const stream = this.client.makeBidiStreamRequest(
      ...([path, requestSerialize, responseDeserialize, this.#metadata] as const),
    )
    // What a stream ends with is told by `status`, too.
    return stream.on('error', () => undefined)
  }

  /** One message by a stream of its own: its answer, or what the stream ended with. */
  async askByStream(request: object): Promise<Answered> {
    const stream = this.openStream()
    const { promise, resolve } = Promise.withResolvers<Answered>()
    stream.on('data', (response: object) => resolve({ code: 'OK', details: '', response }))
    stream.on('status', ({ code, details }) =>
      resolve({ code: status[code]!, details, response: undefined }),
    )
    stream.write(request)
    const answered = await promise
    stream.cancel()
    return answered
  }

  [Symbol.dispose](): void {
    this.client.close()
  }

  #unary(method: Method, request: object): Promise<Answered> {
    const { path, requestSerialize, responseDeserialize } = method
    return new Promise((resolve) => {
      const done = (error: ServiceError | null, response?: object) =>
        resolve({
          code: status[error?.code ?? status.OK]!,
          details: error?.details ?? '',
          response,
        })
      const options = { deadline: Date.now() + 10_000 }
      this.client.makeUnaryRequest(
        ...([path, requestSerialize, responseDeserialize] as const),
        ...([request, this.#metadata, options, done] as const),
      )
    })
  }
}

function credentialsOf(ca: Buffer | undefined, pair: Pair | undefined): ChannelCredentials {
  if (ca === undefined) return credentials.createInsecure()
  return credentials.createSsl(ca, pair?.key ?? null, pair?.cert ?? null)
}

/** What a stream ends with. */
export function endOf(stream: Stream): Promise<string> {
  return new Promise((resolve) => stream.on('status', ({ code }) => resolve(status[code]!)))
}
