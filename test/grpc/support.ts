import { join } from 'node:path'
import {
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { Connectors } from '../../src/access/connectors.ts'
import type { Attempt, DecisionPoint, Explanation } from '../../src/decision/decision.ts'
import type { TenantId } from '../../src/directory/directory.ts'
import { type GrpcOptions, type GrpcServer, serveGrpc } from '../../src/grpc/grpc.ts'
import { allowed } from '../support/allowed-answer.ts'
import { silentObserver } from '../support/silent-observer.ts'

export const acme = 'acme' as TenantId

export { allowed }
export const explained: Explanation = {
  kind: 'explanation',
  answer: allowed,
  rules: [],
  omitted: 0,
  nearestAllow: '',
  text: 'ann may',
}

/** A decision point that answers as told and remembers what it was asked. */
export class ScriptedDecisions implements DecisionPoint {
  readonly attempts: Attempt[] = []
  check: DecisionPoint['check'] = (attempt) => {
    this.attempts.push(attempt)
    return allowed
  }
  checkAll: DecisionPoint['checkAll'] = (attempts) =>
    attempts.map((attempt) => {
      try {
        return this.check(attempt)
      } catch (error) {
        return Promise.reject(error)
      }
    })
  explain: DecisionPoint['explain'] = async (attempt) => {
    this.attempts.push(attempt)
    return explained
  }
}

export interface Rig extends AsyncDisposable {
  readonly server: GrpcServer
  readonly decisions: ScriptedDecisions
  readonly errors: unknown[]
  readonly decided: unknown[]
  call(method: string, request: object, options?: CallSettings): Promise<Reply>
}
export interface CallSettings {
  readonly deadlineMs?: number
}
export interface Reply {
  readonly code: string
  readonly details: string
  /** The response, or undefined when the status is not OK. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read what arrived.
  readonly response: any
  readonly metadata: Metadata
}

const proto = join(import.meta.dirname, '../../proto')
export const definitions = loadSync(
  ['sallyport/v1/decision.proto', 'google/rpc/error_details.proto'],
  { includeDirs: [proto], keepCase: true, enums: String, defaults: true, oneofs: true },
)
export const decisionMethods = definitions['sallyport.v1.DecisionService'] as unknown as Record<
  string,
  MethodDefinition<object, object>
>

/** A served gRPC front with a client connected to it. */
export async function startRig(options: Partial<GrpcOptions> = {}): Promise<Rig> {
  const decisions = new ScriptedDecisions()
  const errors: unknown[] = []
  const decided: unknown[] = []
  const server = await serveGrpc({
    decisions,
    connectors: new Connectors([], [acme]),
    extAuthz: { subject: [], payload: 'jwt_payload' },
    listen: { host: '127.0.0.1', port: 0 },
    observer: {
      ...silentObserver(),
      decided: (event) => void decided.push(event),
      wouldHaveDecided: (event) => void decided.push(event),
      internalError: ({ error }) => void errors.push(error),
    },
    ...options,
  })
  const client = new Client(server.address, credentials.createInsecure())
  return {
    server,
    decisions,
    errors,
    decided,
    call: (method, request, settings) => call(client, decisionMethods[method]!, request, settings),
    [Symbol.asyncDispose]: async () => {
      client.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

export function call(
  client: Client,
  method: MethodDefinition<object, object>,
  request: object,
  { deadlineMs = 5000 }: CallSettings = {},
): Promise<Reply> {
  const { path, requestSerialize, responseDeserialize } = method
  return new Promise((resolve) => {
    const done = (error: ServiceError | null, response?: unknown) =>
      resolve({
        code: status[error?.code ?? status.OK] ?? 'none',
        details: error?.details ?? '',
        response,
        metadata: error?.metadata ?? new Metadata(),
      })
    const options = { deadline: Date.now() + deadlineMs }
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
      options,
      done,
    )
  })
}

/** The `google.rpc` details of a reply, each with its type's short name. */
// biome-ignore lint/suspicious/noExplicitAny: tests read what arrived.
export function detailsOf(reply: Reply): { type: string; message: any }[] {
  const [bytes] = reply.metadata.get('grpc-status-details-bin')
  if (bytes === undefined) return []
  const decoded = decoder('google.rpc.Status')(bytes as Buffer)
  // biome-ignore lint/suspicious/noExplicitAny: tests read what arrived.
  return (decoded as any).details.map((detail: any) => {
    const name = detail.type_url.replace('type.googleapis.com/', '')
    return { type: name.replace('google.rpc.', ''), message: decoder(name)(detail.value) }
  })
}

function decoder(name: string): (bytes: Buffer) => object {
  return (definitions[name] as unknown as { deserialize: (bytes: Buffer) => object }).deserialize
}

export const askPayroll = {
  subject: { user_name: 'ann@acme.example' },
  application: 'payroll',
}
