import { setTimeout as delay } from 'node:timers/promises'

/**
 * Time as the rest of the product sees it. Wall time decides what a rule's clock says; monotonic
 * time decides how long something took or how old it is, since wall time may jump.
 */
export interface Clock {
  /** Milliseconds since 1970, UTC. May jump. */
  wallMs(): number
  /** Milliseconds since some fixed instant. Never goes back. */
  monotonicMs(): number
  /** Resolves after `ms`, or at once when `signal` aborts; it never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    // An aborted sleep is an early wake-up, which every caller checks for through its own signal.
    await delay(ms, undefined, { signal, ref: signal === undefined }).catch(() => undefined)
  },
}

/** The instant as SCIM writes it (RFC 7643 §2.3.5), in UTC with milliseconds. */
export function toDateTime(wallMs: number): string {
  return new Date(wallMs).toISOString()
}
