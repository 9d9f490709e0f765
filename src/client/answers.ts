import { status } from '@grpc/grpc-js'
import type {
  ClientConditionTrace,
  ClientDecision,
  ClientExplanation,
  ClientObligation,
  ClientRuleTrace,
  WireFault,
} from './client.ts'
import { WireError } from './errors.ts'
import type {
  CheckResponseMessage,
  ConditionTraceMessage,
  ExplainResponseMessage,
  ObligationMessage,
  RuleTraceMessage,
} from './service.ts'

/** @throws {WireError} when the message lacks what makes a decision. */
export function toDecision({ decision, world }: CheckResponseMessage): ClientDecision {
  if (decision === null) throw new WireError('MALFORMED', 'the answer holds no `decision`')
  if (world === null) throw new WireError('MALFORMED', 'the answer holds no `world`')
  const effect = effects.get(decision.effect)
  if (effect === undefined) {
    throw new WireError('MALFORMED', `unknown \`effect\` ${decision.effect}`)
  }
  const { reason } = decision
  if (typeof reason !== 'string' || reason === 'REASON_UNSPECIFIED') {
    throw new WireError('MALFORMED', `unknown \`reason\` ${reason}`)
  }
  return {
    effect,
    allowed: effect === 'allow',
    reason,
    rule: decision.rule,
    application: decision.application,
    message: decision.message,
    revision: world.revision,
    ageMs: world.age_ms,
    policyVersion: world.policy_version,
    unknown: decision.unknown,
    stale: decision.stale,
    cacheableForMs: decision.cacheable_for_ms,
    obligations: decision.obligations.map(toObligation),
    decisionId: decision.decision_id,
  }
}

/** @throws {WireError} for a value of a kind that this client does not know. */
function toObligation({ id, type, properties }: ObligationMessage): ClientObligation {
  const entries = Object.entries(properties).map(([key, { string, number, bool, list }]) => {
    const value = string ?? number ?? bool ?? list?.values
    if (value !== undefined) return [key, value] as const
    throw new WireError('MALFORMED', `obligation \`${id}\`: \`${key}\` holds no known value`)
  })
  return { id, type, properties: Object.fromEntries(entries) }
}

const effects: ReadonlyMap<string | number, ClientDecision['effect']> = new Map([
  ['ALLOW', 'allow'],
  ['BLOCK', 'block'],
])

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

/** What kept a decision from arriving. */
export function wireFault(error: unknown): WireFault {
  if (error instanceof WireError) return { code: error.code, detail: error.message }
  if (error instanceof Error) {
    const { code, details } = error as { code?: unknown; details?: unknown }
    const name = typeof code === 'number' ? status[code] : undefined
    const detail = typeof details === 'string' ? details : error.message
    return { code: name ?? 'CLIENT', detail }
  }
  return { code: 'CLIENT', detail: String(error) }
}

/** No decision means block. */
export function blockFor(wire: WireFault): ClientDecision {
  return {
    effect: 'block',
    allowed: false,
    reason: `WIRE_${wire.code}`,
    rule: '',
    application: '',
    message: '',
    revision: '',
    ageMs: 0,
    policyVersion: '',
    unknown: [],
    stale: false,
    cacheableForMs: 0,
    obligations: [],
    decisionId: '',
    wire,
  }
}
