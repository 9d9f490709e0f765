import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Config } from '../config/config.ts'
import type { MetricsSnapshot } from '../observe/metrics.ts'
import type { Observer } from '../observe/observe.ts'
import type { Clock } from '../std/clock.ts'
import type { Addresses } from './app.ts'
import { ConnectorReload } from './connector-watch.ts'
import { startAgain } from './start-again.ts'
import { WorkerLink } from './worker-link.ts'
import type { WorkerState } from './worker-messages.ts'

export interface WorkersParts {
  readonly config: Config
  readonly observer: Observer
  readonly clock: Clock
  readonly lingerMs: number | undefined
}

/** How many processes decide. */
export function workersOf({ decision: { workers } }: Config): number {
  return workers === 'auto' ? availableParallelism() : workers
}

/**
 * Several processes that decide behind one port, as the process that started them sees them. The
 * connections are dealt out in turn, since gateways hold few and long ones, which a hash would put
 * on the same worker. One that ends by itself is started again, with a pause between attempts; the
 * others go on meanwhile, and readiness says that one is missing.
 */
export class DecisionWorkers implements AsyncDisposable {
  readonly #parts: WorkersParts
  readonly #closing = new AbortController()
  readonly #workers: (WorkerLink | undefined)[]
  readonly #faults: (Error | undefined)[]
  /**
   * Of one worker. All listen where it says: port 0 is the same free port for all of them. Its rows
   * of connectors are those in force: the file may be refused when a worker is started again.
   */
  #config: Config
  #watching: Promise<void> | undefined
  #addresses: Addresses | undefined

  private constructor(parts: WorkersParts, count: number) {
    this.#parts = parts
    this.#config = { ...parts.config, decision: { workers: 1 } }
    this.#workers = Array(count).fill(undefined)
    this.#faults = Array(count).fill(undefined)
  }

  /** Resolves when all are up. Rejects with what keeps one from it, and leaves none behind. */
  static async start(parts: WorkersParts): Promise<DecisionWorkers> {
    const count = workersOf(parts.config)
    cluster.schedulingPolicy = cluster.SCHED_RR
    cluster.setupPrimary({
      exec: fileURLToPath(new URL('./decision-worker.ts', import.meta.url)),
      args: [],
      execArgv: workerFlags(process.execArgv, count),
      serialization: 'advanced',
    })
    const all = new DecisionWorkers(parts, count)
    all.#watchRows()
    try {
      // The first one binds the ports, the others share them.
      for (let place = 0; place < count; place++) await all.#launch(place)
      return all
    } catch (error) {
      await all[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Where they listen, all of them. */
  get addresses(): Addresses {
    return (
      this.#addresses ?? { scim: undefined, grpc: undefined, authzen: undefined, admin: undefined }
    )
  }

  /** What each says of itself; of one that is not there or does not answer, why. */
  async states(): Promise<readonly (WorkerState | string)[]> {
    return await Promise.all(
      this.#workers.map(async (link, place) => {
        const fault = this.#faults[place]
        if (link === undefined || fault !== undefined) {
          return `decision worker ${place + 1} is not there: ${fault?.message ?? 'it starts'}`
        }
        const state = await this.#inTime(link.state())
        return state ?? `decision worker ${place + 1} does not answer`
      }),
    )
  }

  /** Of those that answer. */
  async metrics(): Promise<readonly MetricsSnapshot[]> {
    const told = await Promise.all(
      this.#workers.map((link) => link && this.#inTime(link.metrics())),
    )
    return told.filter((metrics) => metrics !== undefined)
  }

  /** Each answers what it was asked, then ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await Promise.all([this.#watching, ...this.#workers.map((link) => link?.stop())])
  }

  #watchRows(): void {
    const { config, clock } = this.#parts
    const replace = (connectors: Config['connectors']) => {
      this.#config = { ...this.#config, connectors }
    }
    const rows = new ConnectorReload({ config, replace, observer: silent, clock })
    this.#watching = rows.watch(this.#closing.signal)
  }

  async #launch(place: number): Promise<void> {
    const link = new WorkerLink(cluster.fork())
    this.#workers[place] = link
    void link.ended.then((fault) => {
      this.#workers[place] = undefined
      if (link.isUp && !this.#closing.signal.aborted) void this.#startAgain(place, fault)
    })
    const addresses = await link.start(this.#config, this.#parts.lingerMs)
    this.#faults[place] = undefined
    this.#addresses ??= addresses
  }

  async #startAgain(place: number, cause: Error): Promise<void> {
    const { clock, observer } = this.#parts
    await startAgain(cause, {
      launch: () => this.#launch(place),
      failed: (error, isNews) => {
        if (isNews) observer.workerFailed({ place, error })
        this.#faults[place] = error
      },
      clock,
      signal: this.#closing.signal,
    })
  }

  /** Undefined: it does not answer in time, or ends. */
  async #inTime<Told>(told: Promise<Told | undefined>): Promise<Told | undefined> {
    const late = new AbortController()
    const { clock } = this.#parts
    const overdue = clock.sleep(answerMsMax, late.signal).then(() => undefined)
    const first = await Promise.race([told, overdue])
    late.abort()
    return first
  }
}

/** Each worker watches the file, too, and tells of it. */
const silent = { connectorsReplaced: () => undefined, connectorsRefused: () => undefined }

/** A worker that does not answer within this is not ready. */
const answerMsMax = 1_500

const heapFlag = '--max-old-space-size-percentage='

/** The heaps of all workers together are as large as the one of a single process would be. */
function workerFlags(flags: readonly string[], count: number): string[] {
  return flags.map((flag) => {
    if (!flag.startsWith(heapFlag)) return flag
    return `${heapFlag}${Math.max(1, Math.floor(Number(flag.slice(heapFlag.length)) / count))}`
  })
}
