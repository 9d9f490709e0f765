import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import type { Admission } from '../access/admission.ts'
import type { DecisionPoint, Outcome } from '../decision/decision.ts'
import type { Turn } from '../decision/turn.ts'
import type { Observer } from '../observe/observe.ts'
import type { Teller } from '../observe/teller.ts'
import type { Clock } from '../std/clock.ts'
import { toAsked, toTold } from './asked.ts'
import { askingOf } from './asking.ts'
import { Batches } from './batches.ts'
import type { Callers } from './callers.ts'
import { CheckStreams } from './check-streams.ts'
import { toCheckResponse, toExplainResponse } from './convert.ts'
import { guarded } from './handler.ts'
import type {
  CheckBatchResponseMessage,
  CheckResponseMessage,
  ExplainResponseMessage,
} from './messages.ts'
import type { CheckBatchRequestMessage, CheckRequestMessage } from './sent-messages.ts'
import { explainNotAllowed, Failure, failureOf, overloaded } from './status.ts'

export interface DecisionServiceOptions {
  readonly decisions: DecisionPoint
  readonly turn: Turn
  readonly teller: Teller
  readonly callers: Callers
  readonly admission: Admission
  readonly observer: Pick<Observer, 'decided' | 'wouldHaveDecided' | 'internalError'>
  readonly clock: Clock
}

export interface DecisionService {
  readonly implementation: UntypedServiceImplementation
  readonly openStreams: () => Iterable<object>
  /** Ends every open stream once what it has asked is answered: its client opens another one. */
  endStreams(): void
}

/**
 * `sallyport.v1.DecisionService`: Check, CheckBatch, CheckStream and Explain. Methods left out here
 * answer UNIMPLEMENTED. A decision that needs no store is answered in the same turn of the event
 * loop: no promise, no await.
 */
export function decisionService(options: DecisionServiceOptions): DecisionService {
  const { decisions, turn, teller, callers, admission, observer, clock } = options
  const batches = new Batches(decisions, teller, admission, observer, clock)
  const streams = new CheckStreams(batches, callers, observer, clock)

  const check = guarded<CheckRequestMessage, CheckResponseMessage>(
    observer,
    (call, answer, fail) => {
      const startedMs = clock.monotonicMs()
      const asking = askingOf(call, callers, clock)
      if (asking instanceof Failure) return answer(asking)
      const attempt = toAsked(call.request, asking)
      if (attempt instanceof Failure) return answer(attempt)
      if (!admission.begin(asking.caller, 1)) return answer(overloaded())
      const settled = (outcome: Outcome) => {
        admission.end(asking.caller, 1)
        try {
          const told = toTold(outcome, asking)
          if (told instanceof Failure) return answer(told)
          answer(toCheckResponse(told))
          teller.tell(told, asking, startedMs)
        } catch (error) {
          fail(error)
        }
        return undefined
      }
      const failed = (error: unknown) => {
        admission.end(asking.caller, 1)
        fail(error)
      }
      return turn.ask(attempt, settled, failed)
    },
  )

  const checkBatch = guarded<CheckBatchRequestMessage, CheckBatchResponseMessage>(
    observer,
    async (call, answer) => {
      const asking = askingOf(call, callers, clock)
      answer(asking instanceof Failure ? asking : await batches.decide(call.request, asking))
    },
  )

  const explain = guarded<CheckRequestMessage, ExplainResponseMessage>(
    observer,
    async (call, answer) => {
      const asking = askingOf(call, callers, clock)
      if (asking instanceof Failure) return answer(asking)
      if (!asking.caller.explain) return answer(explainNotAllowed())
      const attempt = toAsked(call.request, asking)
      if (attempt instanceof Failure) return answer(attempt)
      const explained = await decisions.explain(attempt)
      if (explained.kind !== 'explanation') return answer(failureOf(explained))
      const told = toTold(explained.answer, asking)
      return answer(
        told instanceof Failure ? told : toExplainResponse({ ...explained, answer: told }),
      )
    },
  )

  return {
    implementation: {
      Check: check,
      CheckBatch: checkBatch,
      CheckStream: streams.handle,
      Explain: explain,
    },
    openStreams: () => streams.calls,
    endStreams: () => streams.end(),
  }
}
