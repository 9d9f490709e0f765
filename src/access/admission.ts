import type { Observer } from '../observe/observe.ts'
import type { Caller } from './caller.ts'

/** Decisions under way at once, of all and of one connector: what is above is not taken on. */
export interface AdmissionLimits {
  readonly inFlightMax: number
  readonly inFlightPerConnectorMax: number
}
/**
 * A warm decision is under way for one turn of the event loop, a cold one for at most 50 ms: at
 * 20,000 calls a second these are reached only by who does not wait for answers, or when the store
 * is away and everybody waits for it.
 */
const standardLimits: AdmissionLimits = { inFlightMax: 8_192, inFlightPerConnectorMax: 4_096 }

/** Counts what is under way, so that one connector cannot take all of a process. */
export class Admission {
  readonly #limits: AdmissionLimits
  readonly #observer: Pick<Observer, 'shed'>
  readonly #perConnector = new Map<Caller['connector'], number>()
  #inFlight = 0

  constructor(observer: Pick<Observer, 'shed'>, limits: Partial<AdmissionLimits> = {}) {
    this.#observer = observer
    this.#limits = { ...standardLimits, ...limits }
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** False: not taken on. Otherwise `end` is called once the answers are out. */
  begin({ connector }: Caller, count: number): boolean {
    const own = (this.#perConnector.get(connector) ?? 0) + count
    const { inFlightMax, inFlightPerConnectorMax } = this.#limits
    if (own > inFlightPerConnectorMax || this.#inFlight + count > inFlightMax) {
      this.#observer.shed({ why: own > inFlightPerConnectorMax ? 'connector' : 'process' })
      return false
    }
    this.#perConnector.set(connector, own)
    this.#inFlight += count
    return true
  }

  end({ connector }: Caller, count: number): void {
    const left = (this.#perConnector.get(connector) ?? 0) - count
    if (left > 0) this.#perConnector.set(connector, left)
    else this.#perConnector.delete(connector)
    this.#inFlight -= count
  }
}
