import type { Worker } from 'node:cluster'
import type { Config } from '../config/config.ts'
import type { Addresses } from './app.ts'
import { unpackError } from './thread-error.ts'
import type { FromWorker, ToWorker, WorkerState } from './worker-messages.ts'

/** One worker, from its start to its end. */
export class WorkerLink {
  readonly #worker: Worker
  readonly #waiting = new Map<number, (state: WorkerState | undefined) => void>()
  /** Resolves with why it ended. */
  readonly ended: Promise<Error>
  isUp = false
  #refused: Error | undefined
  #told = 0

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
        this.#waiting.get(message.id)?.(message.state)
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

  tell(): Promise<WorkerState | undefined> {
    const id = this.#told++
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#send({ kind: 'tell', id })
    })
  }

  async stop(): Promise<void> {
    this.#send({ kind: 'stop' })
    await this.ended
  }

  /** To one that is ending, nothing is said; its end is told by `ended`. */
  #send(message: ToWorker): void {
    if (this.#worker.isConnected()) this.#worker.send(message, () => undefined)
  }
}
