import type { Clock } from '../../std/clock.ts'
import { KnownHistory } from '../known-history.ts'
import type { Position } from '../position.ts'
import { processName } from '../process-name.ts'
import type { LogSlice, Vouch } from '../store.ts'
import { marginMs } from './barrier.ts'
import type { LogGuard } from './log-guard.ts'
import { keys } from './redis-keys.ts'
import type { Connected, RedisLink } from './redis-link.ts'
import { runScript, scripts } from './scripts.ts'

export interface LeaseParts {
  readonly link: RedisLink
  readonly guard: LogGuard
  readonly clock: Clock
  /** Replicas that must have a heartbeat before it grants anything. */
  readonly replicas: number
  readonly progress: () => Position
}

/**
 * Leave to decide for a while without asking. Each heartbeat writes to the primary how far this
 * process has applied the log and learns where the log ends; once it has applied that much, on one
 * unbroken chain, it may decide until a lease after the heartbeat was *sent*.
 *
 * Why a barrier can rely on it: a lease reaches past a commit only through a heartbeat that ran
 * after the commit, and that one grants nothing before the commit is applied. One from before left
 * a key with a smaller revision, and the barrier waits for that key or for its end.
 *
 * Why it writes: only a write can be fenced. A reader cannot tell a primary that was deposed.
 */
export class Lease implements Vouch {
  readonly #parts: LeaseParts
  readonly id = processName()
  /** The chain that this process follows, for telling whether a heartbeat saw the same. */
  readonly #followed = new KnownHistory()
  readonly #stop = new AbortController()
  readonly #beating: Promise<void>
  #wake: () => void = () => undefined
  #pending: readonly Pending[] = []
  #endMs = Number.NEGATIVE_INFINITY
  /** When memory was last known to be the newest; at first, when this began. */
  #confirmedMs: number
  /** Nothing older than this revision is vouched for. */
  #grantedFor = 0
  /** Wall time less monotonic time when the lease was granted: they part in a suspended machine. */
  #driftMs: number
  #appliedUpTo = 0
  #reportedMs = 0
  #reported = -1
  #hasNews = false
  /** A barrier may wait for the last that was applied, or for what is being applied. */
  #isUrgent = false
  #isNextUrgent = false

  constructor(parts: LeaseParts) {
    this.#parts = parts
    const { clock } = parts
    this.#confirmedMs = clock.monotonicMs()
    this.#driftMs = clock.wallMs() - this.#confirmedMs
    this.#beating = this.#beat()
  }

  lastLook(applied: Position): 'current' | 'behind' | 'stale' | 'unavailable' {
    const { clock, guard } = this.#parts
    if (this.#stop.signal.aborted || guard.fault !== undefined) return 'unavailable'
    if (this.#endMs === Number.NEGATIVE_INFINITY) return 'unavailable'
    const nowMs = clock.monotonicMs()
    if (nowMs > this.#endMs) return 'stale'
    if (Math.abs(clock.wallMs() - nowMs - this.#driftMs) > driftMsMax) return 'stale'
    // Read anew after a break in the log: what was granted to the old chain is not for this one.
    if (!this.#followed.has(applied)) return 'stale'
    return applied.revision < this.#grantedFor ? 'behind' : 'current'
  }

  ageMs(): number {
    return this.#sinceMs(this.#confirmedMs)
  }

  staleForMs(): number {
    return this.#sinceMs(this.#endMs)
  }

  /** By the clock that says more: one stands still in a suspended machine, the other may jump. */
  #sinceMs(instantMs: number): number {
    const { clock } = this.#parts
    const elapsedMs = clock.monotonicMs() - instantMs
    return Math.max(0, elapsedMs, clock.wallMs() - this.#driftMs - instantMs)
  }

  /** What the follower was handed, and is going to apply. */
  handed({ entries }: LogSlice, isUrgent: boolean): void {
    for (const { position } of entries) this.#followed.note(position)
    this.#isNextUrgent ||= isUrgent
  }

  /** The follower has applied everything up to here. */
  follows(after: Position): void {
    const isBack = after.revision < this.#appliedUpTo
    this.#appliedUpTo = after.revision
    if (isBack || !this.#followed.has(after)) {
      // It began anew: leases of the chain before do not count, though it may share this position.
      this.#followed.startAt(after)
      this.#void()
    }
    this.#grant()
    this.#isUrgent ||= this.#isNextUrgent
    this.#isNextUrgent = false
    this.#hasNews = after.revision !== this.#reported
    if (this.#hasNews) this.#wake()
  }

  /** Gives the lease back, so that no write waits for a process that has stopped. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    this.#wake()
    await this.#beating
    await this.#parts.link
      .run(goodbyeMs, ({ redis }) => this.#write(redis, this.#parts.progress(), true, 1))
      .catch(() => undefined)
  }

  #void(): void {
    this.#pending = []
    this.#endMs = Number.NEGATIVE_INFINITY
    this.#grantedFor = 0
  }

  async #beat(): Promise<void> {
    const { link, guard, clock } = this.#parts
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        await link.run(deadlineMs, (connected) => this.#once(connected))
        this.#grant()
      } catch {
        // What it was is seen in the lease that ends, and in the fault of the link. Again soon, but
        // not at once: a link that is down fails without taking any time.
        this.#isUrgent = false
        this.#hasNews = true
        this.#reportedMs = clock.monotonicMs()
      }
      await this.#pause(guard.leaseMs / beatsPerLease)
    }
  }

  /** Until it is time again, or sooner where the log moved on and a barrier may wait for us. */
  async #pause(ms: number): Promise<void> {
    const { clock } = this.#parts
    while (!this.#stop.signal.aborted && !this.#isUrgent) {
      const pauseMs = this.#hasNews ? ordinaryMsMin : ms
      const leftMs = this.#reportedMs + pauseMs - clock.monotonicMs()
      if (leftMs <= 0) return
      const wake = Promise.withResolvers<void>()
      this.#wake = wake.resolve
      const early = new AbortController()
      await Promise.race([wake.promise, clock.sleep(leftMs, early.signal)])
      early.abort()
    }
  }

  async #once({ redis }: Connected): Promise<void> {
    const { guard, clock, progress, replicas } = this.#parts
    const { leaseMs } = guard
    const applied = progress()
    const t0 = clock.monotonicMs()
    const drift = clock.wallMs() - t0
    const hasMoved = applied.revision !== this.#reported
    this.#reportedMs = t0
    this.#reported = applied.revision
    this.#isUrgent = false
    this.#hasNews = false
    const fields = await this.#write(
      redis,
      applied,
      hasMoved,
      Math.ceil(leaseMs + marginMs(leaseMs)),
    )
    const head = guard.believeFields(fields)
    guard.leaseMs = Number(fields[4] ?? guard.leaseMs)
    if (fields[5] !== '1') return
    const waitMs = Math.floor(deadlineMs / 2)
    if (replicas > 0 && (await redis.wait(replicas, waitMs)) < replicas) return
    if (head.epoch === applied.epoch && head.revision < applied.revision) {
      // The log went back: what was applied since is lost, and no leave to decide holds any more.
      this.#void()
      return
    }
    const live = this.#pending.filter(({ t0: sent }) => sent + leaseMs > clock.monotonicMs())
    this.#pending = [...live.slice(-pendingMax), { t0, drift, head, leaseMs }]
  }

  async #write(
    redis: Connected['redis'],
    { epoch, revision }: Position,
    hasMoved: boolean,
    ms: number,
  ) {
    const on = [keys.lease(this.id), keys.deciders]
    const args = [this.id, `${epoch} ${revision}`, ms, hasMoved ? 1 : 0]
    return (await runScript(redis, scripts.heartbeat, on, args)) as (string | null)[]
  }

  /** A heartbeat counts once the log is applied as far as it saw, on the chain that it saw. */
  #grant(): void {
    const applied = this.#parts.progress()
    const waiting: Pending[] = []
    for (const pending of this.#pending) {
      const { head, t0, drift, leaseMs } = pending
      if (head.epoch !== applied.epoch || head.revision > applied.revision) {
        waiting.push(pending)
        continue
      }
      const isHead = head.revision === applied.revision && head.nonce === applied.nonce
      if (!isHead && !this.#followed.has(head)) continue
      if (t0 + leaseMs <= this.#endMs) continue
      this.#endMs = t0 + leaseMs
      this.#confirmedMs = t0
      this.#grantedFor = Math.max(this.#grantedFor, head.revision)
      this.#driftMs = drift
    }
    this.#pending = waiting
  }
}

/** A heartbeat that was answered, and where the log stood when it ran. */
interface Pending {
  readonly t0: number
  readonly drift: number
  readonly head: Position
  readonly leaseMs: number
}

const beatsPerLease = 5
/** Processes times rate is load on the primary. */
const ordinaryMsMin = 20
const deadlineMs = 300
const goodbyeMs = 200
const pendingMax = 16
/** More than the clocks of a machine that was never suspended part by within a lease. */
const driftMsMax = 200
