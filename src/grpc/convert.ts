import {
  defaultAction,
  nameLengthMax,
  revisionLengthMax,
  subjectLengthMax,
} from '../decision/attempt-limits.ts'
import type {
  Answer,
  Attempt,
  ConditionTrace,
  Explanation,
  Reason,
  RuleTrace,
  Subject,
  World,
} from '../decision/decision.ts'
import { toDestination } from '../decision/destination.ts'
import { checkLength, type Violation } from '../decision/violation.ts'
import type { TenantId } from '../directory/directory.ts'
import type {
  CheckResponseMessage,
  ConditionTraceMessage,
  DecisionMessage,
  ExplainResponseMessage,
  ObligationMessage,
  RuleTraceMessage,
  WorldMessage,
} from './messages.ts'
import type { CheckRequestMessage, SubjectMessage } from './sent-messages.ts'
import { type Failure, invalidArgument } from './status.ts'
import { toValues, toValuesMessage } from './values.ts'

/**
 * Messages of `sallyport.v1` to our nouns and back. The only place that knows enum numbers.
 */

/** The attempt that a request describes, or everything wrong with it at once. */
export function toAttempt(
  request: CheckRequestMessage,
  tenant: TenantId,
  waitMs?: number,
): Attempt | Failure {
  const violations: Violation[] = []
  const subject = toSubject(request.subject, violations)
  const application = request.application || undefined
  const destination =
    request.destination === undefined ? undefined : toDestination(request.destination, violations)
  if (application === undefined && destination === undefined) {
    const description = 'is missing: name an application, or a destination, or both'
    violations.push({ field: 'application', description })
  }
  const action = request.action || defaultAction
  const minRevision = request.min_revision || undefined
  checkLength('application', application, nameLengthMax, violations)
  checkLength('action', action, nameLengthMax, violations)
  checkLength('min_revision', minRevision, revisionLengthMax, violations)
  const claims = toValues('claims', request.claims, violations)
  const context = toValues('context', request.context, violations)
  if (violations.length > 0) return invalidArgument(violations)
  return {
    tenant,
    subject,
    application,
    destination,
    action,
    claims,
    context,
    minRevision,
    waitMs,
  }
}

function toSubject(message: SubjectMessage | undefined, violations: Violation[]): Subject {
  const { user_name, id, external_id } = message ?? {}
  const directory = message?.directory || undefined
  checkLength('subject.directory', directory, nameLengthMax, violations)
  const given =
    (user_name === undefined ? 0 : 1) +
    (id === undefined ? 0 : 1) +
    (external_id === undefined ? 0 : 1)
  if (given !== 1) {
    const wanted = 'set exactly one of user_name, id, external_id'
    const description = given === 0 ? `is missing: ${wanted}` : `is ambiguous: ${wanted}`
    violations.push({ field: 'subject', description })
  }
  if (user_name !== undefined) {
    return { kind: 'userName', name: named('subject.user_name', user_name, violations), directory }
  }
  if (id !== undefined) {
    return { kind: 'id', name: named('subject.id', id, violations), directory }
  }
  const name = external_id ?? ''
  if (external_id !== undefined) named('subject.external_id', name, violations)
  return { kind: 'externalId', name, directory }
}

function named(field: string, name: string, violations: Violation[]): string {
  if (name === '') violations.push({ field, description: 'is empty: name the subject' })
  checkLength(field, name, subjectLengthMax, violations)
  return name
}

export function toCheckResponse(answer: Answer): CheckResponseMessage {
  return { decision: toDecision(answer), world: toWorld(answer.world) }
}

export function toExplainResponse(explanation: Explanation): ExplainResponseMessage {
  return {
    decision: toDecision(explanation.answer),
    world: toWorld(explanation.answer.world),
    rules: explanation.rules.map(toRuleTrace),
    nearest_allow: explanation.nearestAllow,
    text: explanation.text,
    omitted: explanation.omitted,
  }
}

export function toDecision(answer: Answer): DecisionMessage {
  return {
    effect: effectNumber[answer.effect],
    reason: reasonNumber[answer.reason],
    rule: answer.rule,
    application: answer.application,
    message: answer.message,
    cacheable_for_ms: toUint32(Math.floor(answer.cacheableForMs)),
    obligations: answer.obligations.length === 0 ? undefined : answer.obligations.map(toObligation),
    decision_id: answer.decisionId,
    unknown: answer.unknown,
    stale: answer.stale || undefined,
  }
}

function toObligation({ id, type, properties }: Answer['obligations'][number]): ObligationMessage {
  return { id, type, properties: toValuesMessage(properties) }
}

export function toWorld(world: World): WorldMessage {
  return {
    revision: world.revision,
    age_ms: toUint32(Math.ceil(world.ageMs)),
    policy_version: world.policyVersion,
  }
}

function toRuleTrace(trace: RuleTrace): RuleTraceMessage {
  return {
    rule: trace.rule,
    effect: effectNumber[trace.effect],
    result: truthNumber[trace.result],
    decided: trace.decided,
    conditions: trace.conditions.map(toConditionTrace),
    line: toUint32(trace.line),
    file: trace.file,
    reason: trace.reason,
    note: trace.note,
  }
}

function toConditionTrace(trace: ConditionTrace): ConditionTraceMessage {
  return {
    path: trace.path,
    result: truthNumber[trace.result],
    seen: trace.seen,
    wanted: trace.wanted,
    note: trace.note,
    age_ms: toUint32(Math.ceil(trace.ageMs)),
  }
}

const effectNumber = { allow: 1, block: 2 } as const satisfies Record<Answer['effect'], number>

/** False, unknown, true; 0 is unspecified on the wire. */
const truthNumber = { 0: 1, 1: 2, 2: 3 } as const satisfies Record<RuleTrace['result'], number>

const reasonNumber: Readonly<Record<Reason, number>> = {
  POLICY_NOT_LOADED: 1,
  SUBJECT_MISSING: 2,
  DIRECTORY_UNKNOWN: 3,
  DIRECTORY_NOT_READY: 4,
  DIRECTORY_STALE: 5,
  DIRECTORY_UNAVAILABLE: 6,
  SUBJECT_AMBIGUOUS: 7,
  USER_UNKNOWN: 8,
  USER_INACTIVE: 9,
  APPLICATION_UNKNOWN: 10,
  RULE: 11,
  NO_RULE: 12,
  OVERLOADED: 13,
}

const uint32Max = 0xffff_ffff

/** Out of range is the nearest end, not a number is 0. */
function toUint32(value: number): number {
  if (!(value > 0)) return 0
  return value < uint32Max ? value : uint32Max
}
