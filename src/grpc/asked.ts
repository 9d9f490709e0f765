import type { Caller } from '../access/caller.ts'
import { asBelieved, asTold } from '../access/rights.ts'
import type { Answer, Attempt, Outcome } from '../decision/decision.ts'
import type { Trace } from '../std/trace-context.ts'
import { toAttempt } from './convert.ts'
import type { CheckRequestMessage } from './sent-messages.ts'
import { applicationNotAllowed, Failure, failureOf } from './status.ts'

/** Who asks, and until when it waits. */
export interface Asking {
  readonly caller: Caller
  readonly trace: Trace | undefined
  /** Remaining time in ms; undefined: as long as we like. */
  readonly waitMs: number | undefined
}

/** The attempt of a request, as it is believed of who asks. */
export function toAsked(request: CheckRequestMessage, asking: Asking): Attempt | Failure {
  const { caller, waitMs } = asking
  const attempt = toAttempt(request, caller.tenant, waitMs)
  if (attempt instanceof Failure) return attempt
  return asBelieved(caller, attempt) ?? applicationNotAllowed()
}

/** What goes out to who asked: an answer as it may be told, or why there is none. */
export function toTold(outcome: Outcome, { caller }: Asking): Answer | Failure {
  if (outcome.kind !== 'answer') return failureOf(outcome)
  return asTold(caller, outcome) ?? applicationNotAllowed()
}
