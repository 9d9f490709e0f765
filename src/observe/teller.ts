import type { Clock } from '../std/clock.ts'
import type { Trace } from '../std/trace-context.ts'
import type { DecidedEvent, Observer, ShadowEvent } from './observe.ts'

/** Who asked. */
interface Asker {
  readonly caller: Pick<DecidedEvent, 'tenant' | 'connector'>
  readonly trace: Trace | undefined
}

/** What of an answer is told. */
interface Answered extends Omit<DecidedEvent, 'tenant' | 'connector' | 'durationMs' | 'trace'> {
  readonly shadow?: () => Pick<ShadowEvent, 'rule' | 'effect'> | undefined
}

/** Tells of a decision once it is on its way out, whatever wire it goes over. */
export class Teller {
  readonly #observer: Pick<Observer, 'decided' | 'wouldHaveDecided'>
  readonly #clock: Clock

  constructor(observer: Pick<Observer, 'decided' | 'wouldHaveDecided'>, clock: Clock) {
    this.#observer = observer
    this.#clock = clock
  }

  /** `startedMs`: when the request was read. */
  tell(answer: Answered, { caller, trace }: Asker, startedMs: number): void {
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
