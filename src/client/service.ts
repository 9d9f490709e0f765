import { join } from 'node:path'
import type { MethodDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

/** The messages with every field present: null for a message left out, '' and 0 for the rest. */
export interface CheckResponseMessage {
  readonly decision: DecisionMessage | null
  readonly world: WorldMessage | null
}
export interface DecisionMessage {
  /** The name; a number when this client knows none for it. */
  readonly effect: string | number
  readonly reason: string | number
  readonly rule: string
  readonly application: string
  readonly message: string
  readonly cacheable_for_ms: number
  readonly obligations: readonly ObligationMessage[]
  readonly decision_id: string
  readonly unknown: readonly string[]
  readonly stale: boolean
}
export interface ObligationMessage {
  readonly id: string
  readonly type: string
  readonly properties: Readonly<Record<string, ValueMessage>>
}
/** Exactly one of them is there: members of a oneof have no defaults. */
export interface ValueMessage {
  readonly string?: string
  readonly number?: number
  readonly bool?: boolean
  readonly list?: { readonly values: readonly string[] }
}
export interface WorldMessage {
  readonly revision: string
  readonly age_ms: number
  readonly policy_version: string
}
export interface ExplainResponseMessage extends CheckResponseMessage {
  readonly rules: readonly RuleTraceMessage[]
  readonly nearest_allow: string
  readonly text: string
  readonly omitted: number
}
export interface RuleTraceMessage {
  readonly rule: string
  readonly effect: string | number
  readonly result: string | number
  readonly decided: boolean
  readonly conditions: readonly ConditionTraceMessage[]
  readonly line: number
  readonly file: string
  readonly reason: string
  readonly note: string
}
export interface ConditionTraceMessage {
  readonly path: string
  readonly result: string | number
  readonly seen: string
  readonly wanted: string
  readonly note: string
  readonly age_ms: number
}

export interface CheckBatchResponseMessage {
  readonly results: readonly ResultMessage[]
  /** Null where no decision was made. */
  readonly world: WorldMessage | null
}
/** One of the two is there. */
export interface ResultMessage {
  readonly id: number
  readonly decision?: DecisionMessage
  readonly error?: { readonly code: number; readonly message: string }
}

export type Method<Response> = MethodDefinition<object, Response>

interface DecisionMethods {
  readonly Check: Method<CheckResponseMessage>
  readonly CheckStream: Method<CheckBatchResponseMessage>
  readonly Explain: Method<ExplainResponseMessage>
}

const definitions = loadSync('sallyport/v1/decision.proto', {
  includeDirs: [join(import.meta.dirname, '../../proto')],
  keepCase: true,
  enums: String,
  defaults: true,
})

export const decisionMethods = definitions[
  'sallyport.v1.DecisionService'
] as unknown as DecisionMethods
