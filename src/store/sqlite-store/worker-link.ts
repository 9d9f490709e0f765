import type { Worker } from 'node:worker_threads'
import type { Clock } from '../../std/clock.ts'
import { startThread } from '../../std/thread.ts'
import type { FromWorker, WorkerStart } from './protocol.ts'

/**
 * Asks a worker and matches its answers. A worker that dies takes its open requests along, each of
 * which rejects, and is started again. It keeps the process alive only while something is asked.
 */
export class WorkerLink<Request, Reply> implements AsyncDisposable {
  readonly #script: URL
  readonly #start: WorkerStart
  readonly #clock: Clock
  readonly #open = new Map<number, Pending<Reply>>()
  readonly #onReplies: (replies: readonly Reply[]) => void
  readonly #closing = new AbortController()
  /** Keeps the process alive; `ref` and `unref` of the worker itself cost 60 µs each. */
  readonly #alive = setInterval(() => undefined, 2 ** 30).unref()
  /** The one that was launched last, until it has ended. */
  #launched: Worker | undefined
  /** The one that answers. */
  #worker: Worker | undefined
  /** Why there is none that answers. */
  #fault = 'it is starting'
  #nextNumber = 1

  constructor(
    script: URL,
    start: WorkerStart,
    clock: Clock,
    /** Told all answers of a message before any of their promises resolves. */
    onReplies: (replies: readonly Reply[]) => void = () => undefined,
  ) {
    this.#script = script
    this.#start = start
    this.#clock = clock
    this.#onReplies = onReplies
  }

  /** To be called once. Resolves when the worker answers; rejects with what it says is wrong. */
  up(): Promise<void> {
    return this.#launch()
  }

  /** Rejects if the worker cannot be asked, or dies before it answers. */
  ask(request: Request): Promise<Reply> {
    const worker = this.#worker
    if (worker === undefined) return Promise.reject(new Error(this.#fault))
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    const number = this.#nextNumber++
    worker.postMessage({ number, body: request })
    this.#open.set(number, { resolve, reject })
    this.#alive.ref()
    return promise
  }

  /** What was asked before is answered before. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.#worker = undefined
    this.#fault = 'it is closed'
    const worker = this.#launched
    if (worker !== undefined) {
      const ended = new Promise((resolve) => worker.once('exit', resolve))
      worker.ref()
      worker.postMessage('close')
      await ended
    }
    clearInterval(this.#alive)
  }

  #launch(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const worker = startThread(this.#script, this.#start)
    this.#launched = worker
    let fault = 'its worker ended'
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'replies') return this.#settle(message.replies)
      if (message.kind === 'refused') {
        fault = message.fault
        return undefined
      }
      if (!this.#closing.signal.aborted) {
        this.#worker = worker
        worker.unref()
      }
      return resolve()
    })
    worker.on('error', (error: Error) => {
      fault = `its worker failed: ${error.message}`
    })
    worker.once('exit', () => {
      this.#launched = undefined
      reject(new Error(fault))
      // Until it was up, whoever launched it deals with its end.
      if (this.#worker === worker) this.#relaunch(fault)
      this.#failOpen(fault)
    })
    return promise
  }

  #relaunch(fault: string): void {
    this.#worker = undefined
    this.#fault = fault
    void this.#launchUntilUp()
  }

  async #launchUntilUp(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        await this.#launch()
        return
      } catch (error) {
        this.#fault = (error as Error).message
        await this.#clock.sleep(relaunchPauseMs, signal)
      }
    }
  }

  #settle(replies: readonly { number: number; body: unknown }[]): void {
    const bodies = replies.map(({ body }) => body as Reply)
    this.#onReplies(bodies)
    for (const [index, { number }] of replies.entries()) {
      const pending = this.#open.get(number)
      this.#open.delete(number)
      pending?.resolve(bodies[index]!)
    }
    if (this.#open.size === 0) this.#alive.unref()
  }

  #failOpen(fault: string): void {
    const open = [...this.#open.values()]
    this.#open.clear()
    this.#alive.unref()
    for (const { reject } of open) reject(new Error(fault))
  }
}

interface Pending<Reply> {
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

/** A worker that cannot start is not tried in a tight loop. */
const relaunchPauseMs = 250
