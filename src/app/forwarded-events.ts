import type { Observer } from '../observe/observe.ts'
import { assert } from '../std/assert.ts'
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
  scimRequest: true,
  scimAuthFailed: true,
  internalError: true,
  policyActivated: true,
  policyRefused: true,
  policyAccepted: true,
  startedAgain: true,
  feedFailed: true,
  ingestFailed: true,
  seeded: true,
  lifecycle: true,
}

/** An observer that keeps what it is told until the turn of the event loop is over. */
export class EventForwarder {
  readonly #post: (events: readonly ForwardedEvent[]) => void
  #kept: ForwardedEvent[] = []
  readonly observer: Observer

  /** `post` is handed the events of one turn together: each message wakes the other thread. */
  constructor(post: (events: readonly ForwardedEvent[]) => void) {
    this.#post = post
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
    if (this.#kept.length === 0) setImmediate(() => this.flush())
    const { error, ...event } = told as { readonly error?: unknown }
    this.#kept.push({ name, event, error: 'error' in told ? packError(error) : undefined })
  }
}

/** Tells an observer what was told to the forwarding one. */
export function tellForwarded(observer: Observer, events: readonly ForwardedEvent[]): void {
  for (const { name, event, error } of events) {
    const tell = observer[name] as (event: object) => void
    tell(error === undefined ? event : { ...event, error: unpackError(error) })
  }
}
