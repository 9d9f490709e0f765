import type { Attempt, DecisionPoint, Outcome } from './decision.ts'

/** Who asked: exactly one of the two is called, once. */
interface Asker {
  readonly attempt: Attempt
  readonly answer: (outcome: Outcome) => void
  /** A bug: no decision exists. */
  readonly fail: (error: unknown) => void
}

/**
 * Decides what arrives in one turn of the event loop together, at its end. The last look is the
 * dearest part of a warm decision, and one is as good for many as for one: it is later than all
 * of them. Nobody waits for anybody: the turn ends before the process reads from the network again.
 */
export class Turn {
  readonly #decisions: DecisionPoint
  #asked: Asker[] = []

  constructor(decisions: DecisionPoint) {
    this.#decisions = decisions
  }

  ask(attempt: Attempt, answer: Asker['answer'], fail: Asker['fail']): void {
    if (this.#asked.push({ attempt, answer, fail }) === 1) setImmediate(this.#decide)
  }

  readonly #decide = (): void => {
    const asked = this.#asked
    this.#asked = []
    let outcomes: ReturnType<DecisionPoint['checkAll']>
    try {
      outcomes = this.#decisions.checkAll(asked.map(({ attempt }) => attempt))
    } catch (error) {
      for (const { fail } of asked) fail(error)
      return
    }
    for (let index = 0; index < asked.length; index++) {
      const { answer, fail } = asked[index]!
      const outcome = outcomes[index]!
      if (outcome instanceof Promise) outcome.then(answer, fail)
      else answer(outcome)
    }
  }
}
