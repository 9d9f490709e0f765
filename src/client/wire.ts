import { type Channel, closeChannel } from './channel.ts'
import { WireError } from './errors.ts'
import type { Lane } from './lane.ts'
import { type LaneSeams, Lanes } from './lanes.ts'
import {
  type CheckResponseMessage,
  decisionMethods,
  type ExplainResponseMessage,
} from './service.ts'
import { callUnary } from './unary.ts'

/**
 * Attempts in flight at once, those included that nobody waits for any more. A server takes on no
 * more of one connector, and one stream needs some 90 ms for them.
 */
export const inFlightMax = 4_096

export interface Question {
  readonly body: Uint8Array
  /** Monotonic. */
  readonly dueMs: number
}
export interface Reply {
  readonly message: CheckResponseMessage
  /** The stream that brought it; undefined: a call of its own. */
  readonly lane: Lane | undefined
}

/**
 * One attempt to the server and back: over the stream if one is up, otherwise as a call of its
 * own. What the stream lost is asked again that way, within what is left of its time, if the
 * status was UNAVAILABLE: nobody has answered then. No other status is.
 */
export class Wire {
  readonly #channel: Channel
  readonly #seams: LaneSeams
  readonly #lanes: Lanes | undefined
  #inFlight = 0

  constructor(channel: Channel, seams: LaneSeams, { streams }: { readonly streams: boolean }) {
    this.#channel = channel
    this.#seams = seams
    this.#lanes = streams ? new Lanes(channel, seams) : undefined
  }

  /** Rejects with what kept the answer away. */
  ask(question: Question): Promise<Reply> {
    return this.#inTurn(question, () => this.#askAnyhow(question))
  }

  /** Always a call of its own. */
  explain(question: Question): Promise<ExplainResponseMessage> {
    const { Explain } = decisionMethods
    return this.#inTurn(question, () =>
      callUnary(this.#channel, Explain, question, this.#seams.clock),
    )
  }

  async #askAnyhow(question: Question): Promise<Reply> {
    const lane = this.#lanes?.usable()
    if (lane !== undefined) {
      try {
        return { message: await lane.ask(question.body, question.dueMs), lane }
      } catch (error) {
        if (!(error instanceof WireError && error.code === 'UNAVAILABLE')) throw error
      }
    }
    const { Check } = decisionMethods
    const message = await callUnary(this.#channel, Check, question, this.#seams.clock)
    return { message, lane: undefined }
  }

  async #inTurn<Answer>({ dueMs }: Question, send: () => Promise<Answer>): Promise<Answer> {
    // Many that wait for one another may find their time over: nothing is sent that nobody awaits.
    if (dueMs <= this.#seams.clock.monotonicMs()) {
      throw new WireError('DEADLINE_EXCEEDED', 'the time for it was over')
    }
    if (this.#inFlight + (this.#lanes?.lateCount ?? 0) >= inFlightMax) {
      throw new WireError('OVERLOADED', `${inFlightMax} attempts are in flight already`)
    }
    this.#inFlight++
    try {
      return await send()
    } finally {
      this.#inFlight--
    }
  }

  close(): void {
    this.#lanes?.close()
    closeChannel(this.#channel)
  }
}
