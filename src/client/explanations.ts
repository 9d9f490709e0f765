import { type ClientDecision, toDecision } from './answers.ts'
import type { ConditionTraceMessage, ExplainResponseMessage, RuleTraceMessage } from './service.ts'

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

/** @throws {WireError} when the message lacks what makes a decision. */
export function toExplanation(message: ExplainResponseMessage): ClientExplanation {
  return {
    decision: toDecision(message),
    rules: message.rules.map(toRuleTrace),
    nearestAllow: message.nearest_allow,
    text: message.text,
    omitted: message.omitted,
  }
}

function toRuleTrace(trace: RuleTraceMessage): ClientRuleTrace {
  return {
    rule: trace.rule,
    effect: String(trace.effect).toLowerCase(),
    result: String(trace.result).toLowerCase(),
    decided: trace.decided,
    conditions: trace.conditions.map(toConditionTrace),
    file: trace.file,
    line: trace.line,
    reason: trace.reason,
    note: trace.note,
  }
}

function toConditionTrace(trace: ConditionTraceMessage): ClientConditionTrace {
  const { path, seen, wanted, note } = trace
  const result = String(trace.result).toLowerCase()
  return { path, result, seen, wanted, note, ageMs: trace.age_ms }
}
