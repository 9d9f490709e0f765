import type { Caller, Names } from '../access/caller.ts'
import { asBelieved, asTold, performedBy } from '../access/rights.ts'
import type { Answer, Attempt, Outcome } from '../decision/decision.ts'
import type { Trace } from '../std/trace-context.ts'
import type { ReadAttempt } from './convert.ts'
import { applicationNotAllowed, type Failure, failureOf } from './status.ts'

/** Who asks. */
export interface Asking {
  readonly caller: Caller
  readonly trace: Trace | undefined
}

/** An attempt as it is believed of who asks, and what of its answer that caller can perform. */
export interface Asked {
  readonly attempt: Attempt
  readonly performs: Names
}

export function toAsked(
  read: Extract<ReadAttempt, { kind: 'attempt' }>,
  { caller }: Asking,
): Asked | undefined {
  const attempt = asBelieved(caller, read.attempt)
  const { supports } = read
  const performs = supports === undefined ? caller.obligations : performedBy(caller, supports)
  return attempt && { attempt, performs }
}

/** What goes out to who asked: an answer as it may be told, or why there is none. */
export function toTold(outcome: Outcome, { caller }: Asking, performs: Names): Answer | Failure {
  if (outcome.kind !== 'answer') return failureOf(outcome)
  return asTold(caller, outcome, performs) ?? applicationNotAllowed()
}
