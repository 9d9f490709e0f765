import type { Clock } from '../std/clock.ts'
import { type Channel, reconnectMsMax, reconnectMsMin } from './channel.ts'
import { Lane } from './lane.ts'

/** What tests decide and nobody else. */
export interface LaneSeams {
  readonly clock: Clock
  /** From 0 to 1, as `Math.random`. */
  readonly random: () => number
  /** The id before the first. */
  readonly lastId: number
}

/**
 * The one stream there is, or none yet. A stream that ended is followed by another one after a
 * pause with full jitter, from 100 ms and twice as long at each failure up to 30 s: thousands of
 * gateways lose a server in the same moment and must not come back in one. It is opened by who
 * asks next, so that a gateway with nothing to ask opens none.
 */
export class Lanes {
  readonly #channel: Channel
  readonly #seams: LaneSeams
  #lane: Lane | undefined
  #lastId: number
  #failures = 0
  #openAtMs = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(channel: Channel, seams: LaneSeams) {
    this.#channel = channel
    this.#seams = seams
    this.#lastId = seams.lastId
  }

  get lateCount(): number {
    return this.#lane?.lateCount ?? 0
  }

  /** A lane that takes questions now. Opens one where it is time to, for those who come later. */
  usable(): Lane | undefined {
    const nowMs = this.#seams.clock.monotonicMs()
    if (this.#lane?.isUsable(nowMs)) return this.#lane
    if (this.#lane === undefined && nowMs >= this.#openAtMs && !this.#isClosed) this.#open()
    return undefined
  }

  close(): void {
    this.#isClosed = true
    this.#lane?.close()
  }

  #open(): void {
    const lane = new Lane(this.#channel, this.#seams.clock, this.#lastId, () => this.#over(lane))
    this.#lane = lane
  }

  #over(lane: Lane): void {
    this.#lane = undefined
    this.#lastId = lane.lastId
    // Only an answer proves a stream good: a server that takes streams and drops them is no reason
    // to come back at once.
    if (lane.hasAnswered) this.#failures = 0
    const boundMs = Math.min(reconnectMsMax, reconnectMsMin * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, failuresMax)
    const { clock, random } = this.#seams
    this.#openAtMs = clock.monotonicMs() + random() * boundMs
  }
}

/** 100 ms doubled nine times is above 30 s. */
const failuresMax = 9
