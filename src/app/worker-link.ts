import type { Worker } from 'node:cluster'
import type { Config } from '../config/config.ts'
import type { MetricsSnapshot } from '../observe/metrics.ts'
import type { Addresses } from './app.ts'
import { unpackError } from './thread-error.ts'
import type { FromWorker, ToWorker, WorkerState, WorkerTold } from './worker-messages.ts'

/** One worker, from its start to its end. */
export class WorkerLink {
  readonly #worker: Worker
  readonly #waiting = new Map<number, (told: WorkerTold | undefined) => void>()
  /** Resolves with why it ended. */
  readonly ended: Promise<Error>
  isUp = false
  #refused: Error | undefined
  #asked = 0

  constructor(worker: Worker) {
    this.#worker = worker
    this.ended = new Promise((resolve) => {
      worker.once('exit', (code, signal) => {
        for (const give of this.#waiting.values()) give(undefined)
        resolve(this.#refused ?? new Error(`it ended with ${signal ?? `code ${code}`}`))
      })
    })
  }

  async start(config: Config, lingerMs: number | undefined): Promise<Addresses> {
    const { promise, resolve, reject } = Promise.withResolvers<Addresses>()
    this.#worker.on('message', (message: FromWorker) => {
      if (message.kind === 'told') {
        this.#waiting.get(message.id)?.(message.told)
        this.#waiting.delete(message.id)
      } else if (message.kind === 'up') {
        this.isUp = true
        resolve(message.addresses)
      } else this.#refused = unpackError(message.error)
    })
    void this.ended.then(reject)
    this.#send({ kind: 'start', config, lingerMs })
    return await promise
  }

  /** What it says of itself; undefined: it has ended. */
  state(): Promise<WorkerState | undefined> {
    return this.#ask('state') as Promise<WorkerState | undefined>
  }

  metrics(): Promise<MetricsSnapshot | undefined> {
    return this.#ask('metrics')
  }

  async stop(): Promise<void> {
    this.#send({ kind: 'stop' })
    await this.ended
  }

  #ask(what: 'state' | 'metrics'): Promise<WorkerTold | undefined> {
    const id = this.#asked++
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#send({ kind: 'tell', id, what })
    })
  }

  /** To one that is ending, nothing is said; its end is told by `ended`. */
  #send(message: ToWorker): void {
    if (this.#worker.isConnected()) this.#worker.send(message, () => undefined)
  }
}
