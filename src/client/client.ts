import {
  type CallOptions,
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
} from '@grpc/grpc-js'
import { systemClock } from '../std/clock.ts'
import { blockFor, toDecision, toExplanation, wireFault } from './answers.ts'
import { toRequest } from './requests.ts'
import { decisionMethods } from './service.ts'

/**
 * client: how a gateway asks.
 *
 * Every failure is a block: a status other than OK, a deadline passed, an enum value or a missing
 * field that this client does not understand, a request that cannot be sent. `check` never throws
 * and never rejects; `wire` then says what went wrong and `reason` begins with `WIRE_`. A previous
 * answer is never used again.
 *
 * Not here: keeping answers for as long as `cacheableForMs` allows; that is the gateway's choice.
 */
export interface CheckRequest {
  /** Exactly one of user, id and externalId. `user` is the SCIM userName. */
  readonly user?: string
  readonly id?: string
  readonly externalId?: string
  /** The directory's id; without it the user name's domain decides. */
  readonly directory?: string
  /** An application's name, or where the connection goes; with both they must agree. */
  readonly app?: string
  readonly host?: string
  readonly ip?: string
  readonly port?: number
  readonly protocol?: string
  /** Default `connect`. */
  readonly action?: string
  /** Nested objects become dotted keys: `{ posture: { firewall: true } }`. */
  readonly claims?: ClientValues
  readonly context?: ClientValues
  /** A revision seen earlier: the answer is not older than it. */
  readonly minRevision?: string
  readonly timeoutMs?: number
}
export interface ClientValues {
  readonly [key: string]: ClientValue
}
/** Null and undefined are left out, so that the server finds the key missing. */
export type ClientValue =
  | string
  | number
  | boolean
  | readonly string[]
  | ClientValues
  | null
  | undefined

export interface ClientDecision {
  readonly effect: 'allow' | 'block'
  readonly allowed: boolean
  /** As in the proto, printed bare; `WIRE_…` when no decision arrived. */
  readonly reason: string
  readonly rule: string
  readonly application: string
  /** For the person blocked. */
  readonly message: string
  readonly revision: string
  readonly ageMs: number
  readonly policyVersion: string
  /** Condition paths that could not be known and shaped the answer. */
  readonly unknown: readonly string[]
  /** Decided on data that nobody could confirm in time, which the directory's grace allows. */
  readonly stale: boolean
  readonly cacheableForMs: number
  /** What has to be done; a gateway that cannot do one of them blocks. */
  readonly obligations: readonly ClientObligation[]
  readonly decisionId: string
  /** Present when no decision arrived. */
  readonly wire?: WireFault
}
export interface ClientObligation {
  readonly id: string
  readonly type: string
  readonly properties: Readonly<Record<string, string | number | boolean | readonly string[]>>
}
export interface WireFault {
  /** Name of the gRPC status, or what was wrong on this side. */
  readonly code: string
  readonly detail: string
}

export interface ClientExplanation {
  readonly decision: ClientDecision
  readonly rules: readonly ClientRuleTrace[]
  /** Of a block: the allow rule that lacked the fewest conditions. */
  readonly nearestAllow: string
  readonly text: string
  /** Rules of the application that are not told. */
  readonly omitted: number
}
export interface ClientRuleTrace {
  readonly rule: string
  readonly effect: string
  readonly result: string
  readonly decided: boolean
  readonly conditions: readonly ClientConditionTrace[]
  readonly file: string
  readonly line: number
  readonly reason: string
  /** What about the rule itself made it count, or not. */
  readonly note: string
}
export interface ClientConditionTrace {
  readonly path: string
  readonly result: string
  readonly seen: string
  readonly wanted: string
  readonly note: string
  readonly ageMs: number
}

/** What a person who waits for a connection does not notice; three tries fit in. */
const timeoutMsDefault = 250

/** Asking again is harmless for Check; only UNAVAILABLE says that nobody has answered. */
const serviceConfig = {
  methodConfig: [
    {
      name: [{ service: 'sallyport.v1.DecisionService', method: 'Check' }],
      retryPolicy: {
        maxAttempts: 3,
        initialBackoff: '0.01s',
        maxBackoff: '0.1s',
        backoffMultiplier: 2,
        retryableStatusCodes: ['UNAVAILABLE'],
      },
    },
  ],
  // A server in trouble is not helped by three times the load.
  retryThrottling: { maxTokens: 10, tokenRatio: 0.1 },
}

export class SallyportClient {
  readonly #client: Client

  /** Connects on the first call. The address is `host:port`. */
  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), {
      'grpc.service_config': JSON.stringify(serviceConfig),
      'grpc.service_config_disable_resolution': 1,
    })
  }

  static connect(address: string): SallyportClient {
    return new SallyportClient(address)
  }

  async check(request: CheckRequest): Promise<ClientDecision> {
    try {
      return toDecision(await this.#call(decisionMethods.Check, request))
    } catch (error) {
      return blockFor(wireFault(error))
    }
  }

  /** The decision with every rule considered; without an answer, a block and no rules. */
  async explain(request: CheckRequest): Promise<ClientExplanation> {
    try {
      return toExplanation(await this.#call(decisionMethods.Explain, request))
    } catch (error) {
      const decision = blockFor(wireFault(error))
      return { decision, rules: [], nearestAllow: '', omitted: 0, text: '' }
    }
  }

  close(): void {
    this.#client.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #call<Response>(
    method: MethodDefinition<object, Response>,
    request: CheckRequest,
  ): Promise<Response> {
    const { path, requestSerialize, responseDeserialize } = method
    const message = toRequest(request)
    const options: CallOptions = { deadline: deadlineIn(request.timeoutMs ?? timeoutMsDefault) }
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, response?: Response) =>
        response === undefined ? reject(error) : resolve(response)
      const metadata = new Metadata()
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        metadata,
        options,
        done,
      )
    })
  }
}

/** grpc-js wants a wall-clock instant. */
function deadlineIn(ms: number): number {
  return systemClock.wallMs() + ms
}
