import type { Deadline } from '@grpc/grpc-js'
import type { Clock } from '../std/clock.ts'
import { traceOf } from '../std/trace-context.ts'
import type { Asking } from './asked.ts'
import type { Call, Callers } from './callers.ts'
import { deadlineExceeded, Failure } from './status.ts'

/** A call as far as it matters before its request is read. */
export interface AskingCall extends Call {
  getDeadline(): Deadline
}

/** Who makes a call, or why it is not answered. */
export function askingOf(call: AskingCall, callers: Callers, clock: Clock): Asking | Failure {
  // grpc-js ends late calls by a timer, which comes after us when the loop was held up.
  const waitMs = remainingMs(call.getDeadline(), clock)
  if (waitMs !== undefined && waitMs <= 0) return deadlineExceeded()
  const caller = callers.of(call)
  if (caller instanceof Failure) return caller
  const [traceparent] = call.metadata.get('traceparent')
  const trace = traceparent === undefined ? undefined : traceOf(String(traceparent))
  return { caller, trace, waitMs: waitMs === undefined ? undefined : clamp(waitMs) }
}

function remainingMs(deadline: Deadline, clock: Clock): number | undefined {
  return deadline === Infinity ? undefined : Number(deadline) - clock.wallMs()
}

/** What a deadline may ask of our own work, whatever the caller makes of the rest. */
const [waitMsMin, waitMsMax] = [1, 5_000]

function clamp(waitMs: number): number {
  return Math.min(waitMsMax, Math.max(waitMsMin, waitMs))
}
