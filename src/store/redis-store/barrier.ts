import type { Clock } from '../../std/clock.ts'
import { StoreUnavailable } from '../errors.ts'
import type { Position } from '../position.ts'
import type { Head, LogGuard } from './log-guard.ts'
import { keys } from './redis-keys.ts'
import type { Connected, RedisLink } from './redis-link.ts'
import { runScript, scripts } from './scripts.ts'

/** A lease in Redis outlives the one that its holder counts by this: clocks run unequally fast. */
export function marginMs(leaseMs: number): number {
  return Math.max(100, leaseMs / 20)
}

/**
 * Waits until no process can decide from before a position: each that decides has a lease key with
 * the revision it has applied, and one whose key is gone does not decide.
 *
 * A server that has just started, or has just become the primary, may have lost lease keys. What
 * it says counts only once every lease that could have been lost is over. A connection stays with
 * one server, so that is judged once for each.
 */
export class Barrier {
  readonly #link: RedisLink
  readonly #guard: LogGuard
  readonly #clock: Clock
  readonly #safeAtMs = new WeakMap<Connected, number>()

  constructor(link: RedisLink, guard: LogGuard, clock: Clock) {
    this.#link = link
    this.#guard = guard
    this.#clock = clock
  }

  /** @throws {StoreUnavailable} if it cannot be told within a lease: the write may be in force. */
  async wait(at: Position): Promise<void> {
    const { leaseMs } = this.#guard
    const endMs = this.#clock.monotonicMs() + 2 * (leaseMs + marginMs(leaseMs)) + spareMs
    let pauseMs = pauseMsMin
    let fault: unknown = new StoreUnavailable('processes that decide have not followed in time')
    while (this.#clock.monotonicMs() < endMs) {
      try {
        if (await this.#link.run(lookMs, (connected) => this.#isPassed(connected, at))) return
      } catch (error) {
        if (error instanceof LostWrite) throw error
        fault = error
      }
      await this.#clock.sleep(pauseMs)
      pauseMs = Math.min(pauseMs * 1.5, pauseMsMax)
    }
    throw fault
  }

  async #isPassed(connected: Connected, at: Position): Promise<boolean> {
    const safeAtMs = await this.#safeAt(connected)
    const on = [keys.meta, keys.deciders]
    const reply = (await runScript(connected.redis, scripts.barrier, on, [at.revision])) as Reply
    const head = this.#guard.believe(reply[0] === 'NOLOG' ? 'NOLOG' : reply[1])
    if (head.epoch !== at.epoch || head.revision < at.revision) throw new LostWrite()
    return reply[2] === 0 && this.#clock.monotonicMs() >= safeAtMs
  }

  async #safeAt(connected: Connected): Promise<number> {
    const known = this.#safeAtMs.get(connected)
    if (known !== undefined) return known
    const { runId, replicationId } = connected.server
    const reign = `${runId}/${replicationId}`
    const reply = (await runScript(connected.redis, scripts.reign, [keys.meta], [reign])) as Reply
    this.#guard.believe(reply[0] === 'NOLOG' ? 'NOLOG' : reply[1])
    const { leaseMs } = this.#guard
    const leftMs = Math.max(0, leaseMs + marginMs(leaseMs) - Number(reply[2]))
    const safeAtMs = this.#clock.monotonicMs() + leftMs
    this.#safeAtMs.set(connected, safeAtMs)
    return safeAtMs
  }
}

/** The write was acknowledged by a primary that is gone, and the present one never had it. */
class LostWrite extends StoreUnavailable {
  constructor() {
    super('the write was lost in a failover: send it again')
  }
}

type Reply = readonly ['OK', head: Head, count: number] | readonly ['NOLOG']

const pauseMsMin = 1
const pauseMsMax = 20
const lookMs = 500
const spareMs = 500
