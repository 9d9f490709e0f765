import type { ServerUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js'
import type { Attempt, DecisionPoint, Outcome } from '../decision/decision.ts'
import { Turn } from '../decision/turn.ts'
import type { TenantId } from '../directory/directory.ts'
import type { Observer } from '../observe/observe.ts'
import type { Clock } from '../std/clock.ts'
import { toAttempt, toCheckResponse, toExplainResponse } from './convert.ts'
import { type Answering, guarded } from './handler.ts'
import type {
  CheckRequestMessage,
  CheckResponseMessage,
  ExplainResponseMessage,
} from './messages.ts'
import { deadlineExceeded, Failure, failureOf, tenantUnknown } from './status.ts'

/** Who makes a call. */
export interface Caller {
  /** Address and port the connection comes from. */
  getPeer(): string
}

export interface DecisionServiceOptions {
  readonly decisions: DecisionPoint
  /** Asked on every call: a right that was taken away must not live on in open connections. */
  readonly tenantOf: (caller: Caller) => TenantId | undefined
  readonly observer: Pick<Observer, 'decided' | 'wouldHaveDecided' | 'internalError'>
  readonly clock: Clock
}

/**
 * `sallyport.v1.DecisionService`: Check and Explain. Methods left out here answer UNIMPLEMENTED.
 * A decision that needs no store is answered in the same turn of the event loop: no promise, no
 * await.
 */
export function decisionService(options: DecisionServiceOptions): UntypedServiceImplementation {
  const { decisions, tenantOf, observer, clock } = options
  const turn = new Turn(decisions)

  function admit(call: ServerUnaryCall<CheckRequestMessage, unknown>): Attempt | Failure {
    // grpc-js ends late calls by a timer, which comes after us when the loop was held up.
    const deadline = call.getDeadline()
    if (deadline !== Infinity && Number(deadline) <= clock.wallMs()) return deadlineExceeded()
    const tenant = tenantOf(call)
    return tenant === undefined ? tenantUnknown() : toAttempt(call.request, tenant)
  }

  function settle(
    attempt: Attempt,
    outcome: Outcome,
    startedMs: number,
    answer: Answering<CheckResponseMessage>,
  ): undefined {
    if (outcome.kind !== 'answer') {
      answer(failureOf(outcome))
      return
    }
    const durationMs = clock.monotonicMs() - startedMs
    answer(toCheckResponse(outcome))
    observer.decided({
      tenant: attempt.tenant,
      effect: outcome.effect,
      reason: outcome.reason,
      rule: outcome.rule,
      application: outcome.application,
      subjectId: outcome.subjectId,
      decisionId: outcome.decisionId,
      unknown: outcome.unknown,
      durationMs,
    })
    const shadow = outcome.shadow?.()
    if (shadow === undefined) return
    const { tenant } = attempt
    const { application, subjectId, decisionId, effect } = outcome
    const decided = { application, subjectId, decisionId, answered: effect }
    observer.wouldHaveDecided({ tenant, ...shadow, ...decided })
  }

  const check = guarded<CheckRequestMessage, CheckResponseMessage>(
    observer,
    (call, answer, fail) => {
      const startedMs = clock.monotonicMs()
      const attempt = admit(call)
      if (attempt instanceof Failure) return answer(attempt)
      const settled = (outcome: Outcome) => {
        try {
          settle(attempt, outcome, startedMs, answer)
        } catch (error) {
          fail(error)
        }
      }
      return turn.ask(attempt, settled, fail)
    },
  )

  const explain = guarded<CheckRequestMessage, ExplainResponseMessage>(
    observer,
    async (call, answer) => {
      const attempt = admit(call)
      if (attempt instanceof Failure) return answer(attempt)
      const explained = await decisions.explain(attempt)
      answer(explained.kind === 'explanation' ? toExplainResponse(explained) : failureOf(explained))
    },
  )

  return { Check: check, Explain: explain }
}
