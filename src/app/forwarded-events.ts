import type { Observer } from '../observe/observe.ts'
import { assert } from '../std/assert.ts'
import type { Clock } from '../std/clock.ts'
import { packError, type ThreadError, unpackError } from './thread-error.ts'

/** What an observer can be told across threads: all but functions. */
type EventName = Exclude<keyof Observer, 'gauges'>

/** One call of an observer, made in another thread. */
export interface ForwardedEvent {
  readonly name: EventName
  readonly event: object
  /** What stands under `error` in the event. */
  readonly error: ThreadError | undefined
}

/** A new event does not compile until it is named here. */
const eventNames: Readonly<Record<EventName, true>> = {
  decided: true,
  wouldHaveDecided: true,
  scimRequest: true,
  scimAuthFailed: true,
  connectionRefused: true,
  callRefused: true,
  shed: true,
  connectorsReplaced: true,
  connectorsRefused: true,
  certificateReplaced: true,
  certificateRefused: true,
  internalError: true,
  policyActivated: true,
  policyRefused: true,
  policyAccepted: true,
  policyLinted: true,
  policyGroups: true,
  startedAgain: true,
  feedFailed: true,
  writesLost: true,
  storeJudged: true,
  ingestFailed: true,
  workerFailed: true,
  seeded: true,
  lifecycle: true,
}

/** An observer that hands on what it is told, at once or at most `keptMs` later. */
export class EventForwarder {
  readonly #post: (events: readonly ForwardedEvent[]) => void
  readonly #clock: Clock
  #kept: ForwardedEvent[] = []
  #isHolding = false
  readonly observer: Observer

  /** `post` is seldom called: each message wakes the thread that decides. */
  constructor(post: (events: readonly ForwardedEvent[]) => void, clock: Clock) {
    this.#post = post
    this.#clock = clock
    const tell = (name: EventName) => (event: object) => this.#keep(name, event)
    const names = Object.keys(eventNames) as EventName[]
    this.observer = {
      ...(Object.fromEntries(names.map((name) => [name, tell(name)])) as Omit<Observer, 'gauges'>),
      gauges: () => assert(false, 'a function cannot cross threads'),
    }
  }

  /** Hands on what is kept, for a thread that is about to end. */
  flush(): void {
    const events = this.#kept
    this.#kept = []
    if (events.length > 0) this.#post(events)
  }

  #keep(name: EventName, told: object): void {
    const { error, ...event } = told as { readonly error?: unknown }
    this.#kept.push({ name, event, error: 'error' in told ? packError(error) : undefined })
    if (!this.#isHolding) void this.#flushAndHold()
  }

  /** What comes alone goes at once, what comes behind it waits for company. */
  async #flushAndHold(): Promise<void> {
    this.#isHolding = true
    while (this.#kept.length > 0) {
      this.flush()
      await this.#clock.sleep(keptMs)
    }
    this.#isHolding = false
  }
}

/** Short enough for a log line to be where it belongs. */
const keptMs = 10

/** Tells an observer what was told to the forwarding one. */
export function tellForwarded(observer: Observer, events: readonly ForwardedEvent[]): void {
  for (const { name, event, error } of events) {
    const tell = observer[name] as (event: object) => void
    tell(error === undefined ? event : { ...event, error: unpackError(error) })
  }
}
