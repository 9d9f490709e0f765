import type { Caller } from '../access/caller.ts'
import { asBelieved, asTold } from '../access/rights.ts'
import type { Answer, Attempt, Outcome } from '../decision/decision.ts'
import type { Observer } from '../observe/observe.ts'
import type { Clock } from '../std/clock.ts'
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
  const attempt = toAttempt(request, caller.tenant)
  if (attempt instanceof Failure) return attempt
  const asked = asBelieved(caller, attempt) ?? applicationNotAllowed()
  return asked instanceof Failure || waitMs === undefined ? asked : { ...asked, waitMs }
}

/** What goes out to who asked: an answer as it may be told, or why there is none. */
export function toTold(outcome: Outcome, { caller }: Asking): Answer | Failure {
  if (outcome.kind !== 'answer') return failureOf(outcome)
  return asTold(caller, outcome) ?? applicationNotAllowed()
}

/** Tells of a decision once it is on its way out. */
export class Teller {
  readonly #observer: Pick<Observer, 'decided' | 'wouldHaveDecided'>
  readonly #clock: Clock

  constructor(observer: Pick<Observer, 'decided' | 'wouldHaveDecided'>, clock: Clock) {
    this.#observer = observer
    this.#clock = clock
  }

  /** `startedMs`: when the request was read. */
  tell(answer: Answer, { caller, trace }: Asking, startedMs: number): void {
    const { tenant, connector } = caller
    const { effect, reason, rule, application, subjectId, decisionId, unknown } = answer
    this.#observer.decided({
      tenant,
      connector,
      effect,
      reason,
      rule,
      application,
      subjectId,
      decisionId,
      unknown,
      durationMs: this.#clock.monotonicMs() - startedMs,
      trace,
    })
    const shadow = answer.shadow?.()
    if (shadow === undefined) return
    const decided = { application, subjectId, decisionId, answered: effect }
    this.#observer.wouldHaveDecided({ tenant, ...shadow, ...decided })
  }
}
