import type { Admission } from '../access/admission.ts'
import { batchMax } from '../decision/attempt-limits.ts'
import type { Attempt, DecisionPoint, Outcome, World } from '../decision/decision.ts'
import type { Observer } from '../observe/observe.ts'
import type { Teller } from '../observe/teller.ts'
import type { Clock } from '../std/clock.ts'
import { type Asking, toAsked, toTold } from './asked.ts'
import { toDecision, toWorld } from './convert.ts'
import type { CheckBatchResponseMessage, ResultMessage } from './messages.ts'
import type { CheckBatchRequestMessage } from './sent-messages.ts'
import { Failure, internalError, invalidArgument, overloaded } from './status.ts'

/** Takes one result, the world of a decision, and which request it is of. */
export type TakeResult = (result: ResultMessage, world: World | undefined, place: number) => void

/**
 * The attempts of one message, decided together. One bad item fails alone: its result is an error
 * that a client takes for a block, the others are decided as if it were not there.
 */
export class Batches {
  readonly #decisions: DecisionPoint
  readonly #teller: Teller
  readonly #admission: Admission
  readonly #observer: Pick<Observer, 'internalError'>
  readonly #clock: Clock

  constructor(
    decisions: DecisionPoint,
    teller: Teller,
    admission: Admission,
    observer: Pick<Observer, 'internalError'>,
    clock: Clock,
  ) {
    this.#decisions = decisions
    this.#teller = teller
    this.#admission = admission
    this.#observer = observer
    this.#clock = clock
  }

  /** All results in one message, in the order of the requests. */
  async decide(
    request: CheckBatchRequestMessage,
    asking: Asking,
  ): Promise<CheckBatchResponseMessage | Failure> {
    const fault = countFault(request)
    if (fault !== undefined) return fault
    const results: ResultMessage[] = []
    let decidedIn: World | undefined
    const late = this.start(request, asking, (result, world, place) => {
      results[place] = result
      decidedIn ??= world
    })
    if (late !== undefined) await late
    return { results, world: decidedIn && toWorld(decidedIn) }
  }

  /**
   * Hands out each result as it is decided: what is in memory before this returns. The promise is
   * there only if something is not; it resolves after the last result and never rejects. Results
   * come in the order of revisions, so the first one's world is true of all.
   */
  start(
    { requests = [] }: CheckBatchRequestMessage,
    asking: Asking,
    take: TakeResult,
  ): Promise<unknown> | undefined {
    const startedMs = this.#clock.monotonicMs()
    const attempts: Attempt[] = []
    const places: number[] = []
    const idAt = (place: number) => requests[place]!.id ?? 0
    const fail = (place: number, { message }: Failure) =>
      take({ id: idAt(place), error: message }, undefined, place)
    for (let place = 0; place < requests.length; place++) {
      const asked = toAsked(requests[place]!, asking)
      if (asked instanceof Failure) fail(place, asked)
      else {
        attempts.push(asked)
        places.push(place)
      }
    }
    if (attempts.length === 0) return undefined
    const { caller } = asking
    if (!this.#admission.begin(caller, attempts.length)) {
      const failure = overloaded()
      for (const place of places) fail(place, failure)
      return undefined
    }
    const broken = (place: number, error: unknown): void => {
      this.#observer.internalError({ room: 'grpc', error })
      fail(place, internalError())
    }
    const resultOf = (place: number, outcome: Outcome) => {
      const told = toTold(outcome, asking)
      if (told instanceof Failure) return told
      return { told, result: { id: idAt(place), decision: toDecision(told) } }
    }
    // Never throws: a bug costs its own item, and what is under way is counted to its end.
    const settle = (place: number, outcome: Outcome): void => {
      let out: ReturnType<typeof resultOf>
      try {
        out = resultOf(place, outcome)
      } catch (error) {
        broken(place, error)
        return
      }
      if (out instanceof Failure) {
        fail(place, out)
        return
      }
      const { told, result } = out
      take(result, told.world, place)
      try {
        this.#teller.tell(told, asking, startedMs)
      } catch (error) {
        this.#observer.internalError({ room: 'grpc', error })
      }
    }
    const waiting: Promise<void>[] = []
    try {
      const outcomes = this.#decisions.checkAll(attempts)
      for (let index = 0; index < outcomes.length; index++) {
        const place = places[index]!
        const outcome = outcomes[index]!
        if (outcome instanceof Promise) {
          waiting.push(
            outcome.then(
              (late) => settle(place, late),
              (error: unknown) => broken(place, error),
            ),
          )
        } else settle(place, outcome)
      }
    } finally {
      if (waiting.length === 0) this.#admission.end(caller, attempts.length)
    }
    if (waiting.length === 0) return undefined
    return Promise.all(waiting).finally(() => this.#admission.end(caller, attempts.length))
  }
}

/** What is wrong with a message as a whole. */
export function countFault({ requests = [] }: CheckBatchRequestMessage): Failure | undefined {
  if (requests.length >= 1 && requests.length <= batchMax) return undefined
  const held = requests.length === 0 ? 'no attempt' : 'too many attempts'
  const description = `holds ${held}: send 1 to ${batchMax}`
  return invalidArgument([{ field: 'requests', description }])
}
