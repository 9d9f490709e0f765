import { join } from 'node:path'
import type { ServiceDefinition } from '@grpc/grpc-js'
import { loadSync, type PackageDefinition } from '@grpc/proto-loader'

/**
 * What we answer, as proto-loader takes it: enums are numbers. What is asked is in `sent-messages`.
 */
export type ValuesMessage = Readonly<Record<string, ValueMessage>>
export interface ValueMessage {
  readonly string?: string
  readonly number?: number
  readonly bool?: boolean
  readonly list?: { readonly values?: readonly string[] }
}

export interface CheckResponseMessage {
  readonly decision: DecisionMessage
  readonly world: WorldMessage
}
export interface DecisionMessage {
  readonly effect: number
  readonly reason: number
  readonly rule: string
  readonly application: string
  readonly message: string
  readonly cacheable_for_ms: number
  /** Left out of the message where there are none. */
  readonly obligations: readonly ObligationMessage[] | undefined
  readonly decision_id: string
  readonly unknown: readonly string[]
  /** Left out of the message unless it is true. */
  readonly stale: boolean | undefined
}
export interface ObligationMessage {
  readonly id: string
  readonly type: string
  readonly properties: ValuesMessage
}
export interface WorldMessage {
  readonly revision: string
  readonly age_ms: number
  readonly policy_version: string
}
/** One of the two is there. */
export interface ResultMessage {
  readonly id: number
  readonly decision?: DecisionMessage
  readonly error?: StatusMessage
}
export interface CheckBatchResponseMessage {
  readonly results: readonly ResultMessage[]
  /** Left out where no decision was made. */
  readonly world: WorldMessage | undefined
}
export interface ExplainResponseMessage extends CheckResponseMessage {
  readonly rules: readonly RuleTraceMessage[]
  readonly nearest_allow: string
  readonly text: string
  readonly omitted: number
}
export interface RuleTraceMessage {
  readonly rule: string
  readonly effect: number
  readonly result: number
  readonly decided: boolean
  readonly conditions: readonly ConditionTraceMessage[]
  readonly line: number
  readonly file: string
  readonly reason: string
  readonly note: string
}
export interface ConditionTraceMessage {
  readonly path: string
  readonly result: number
  readonly seen: string
  readonly wanted: string
  readonly note: string
  readonly age_ms: number
}

export interface StatusMessage {
  readonly code: number
  readonly message: string
  readonly details: readonly AnyMessage[]
}
export interface AnyMessage {
  readonly type_url: string
  readonly value: Uint8Array
}

/** `google.rpc` messages that go along with a refusal. */
export type DetailType = 'BadRequest' | 'ErrorInfo' | 'RetryInfo'

export const definitions = loadSync(
  ['sallyport/v1/decision.proto', 'google/rpc/error_details.proto'],
  {
    includeDirs: [join(import.meta.dirname, '../../proto')],
    keepCase: true,
  },
)

export const decisionServiceName = 'sallyport.v1.DecisionService'
/** With the codec that fits every message; see `codec` for the one that is served with. */
export const generalServiceDefinition = definitions[decisionServiceName] as ServiceDefinition

export function encodeStatus(status: StatusMessage): Buffer {
  return serializerOf('google.rpc.Status')(status)
}

export function encodeObligation(obligation: ObligationMessage): Buffer {
  return serializerOf('sallyport.v1.Obligation')(obligation)
}

export function encodeDetail(type: DetailType, message: object): AnyMessage {
  const name = `google.rpc.${type}`
  return { type_url: `type.googleapis.com/${name}`, value: serializerOf(name)(message) }
}

function serializerOf(name: string): (message: object) => Buffer {
  return (definitions[name] as MessageDefinition).serialize
}

type MessageDefinition = Extract<PackageDefinition[string], { serialize: unknown }>
