import type { Worker } from 'node:worker_threads'
import type { Config } from '../config/config.ts'
import type { Observer } from '../observe/observe.ts'
import type { Clock } from '../std/clock.ts'
import { startThread } from '../std/thread.ts'
import { tellForwarded } from './forwarded-events.ts'
import type { FromIngest, IngestStart, ToIngest } from './ingest-thread.ts'
import { startAgain } from './start-again.ts'
import { unpackError } from './thread-error.ts'

export interface IngestLinkParts {
  readonly config: Config
  readonly observer: Observer
  readonly clock: Clock
  /** What the thread runs; tests have one that dies when asked to. */
  readonly script?: URL | undefined
}

/**
 * The SCIM thread, as the main thread sees it: started, listened to, stopped.
 *
 * A thread that dies takes its open requests along: their connections break, each write has landed
 * whole or not at all, and identity providers repeat what was not answered. It is started again on
 * the same address, with a pause between attempts, for as long as this is not disposed. Decisions
 * need nothing of it.
 *
 * The thread has no memory limit of its own: the flag that bounds the heap of this process bounds
 * each thread's, and goes before any limit that is set for one.
 */
export class IngestLink implements AsyncDisposable {
  readonly #parts: IngestLinkParts
  readonly #closing = new AbortController()
  /** The config with the port that was bound, so that a free one is taken only once. */
  #config: Config
  #url = ''
  #thread: Worker | undefined
  #fault: Error | undefined

  private constructor(parts: IngestLinkParts) {
    this.#parts = parts
    this.#config = parts.config
  }

  /** Resolves when the thread listens. Rejects with what keeps it from it, and leaves nothing. */
  static async start(parts: IngestLinkParts): Promise<IngestLink> {
    const link = new IngestLink(parts)
    await link.#launch()
    return link
  }

  /** Base of the tenant URLs. */
  get url(): string {
    return this.#url
  }

  /** Why SCIM is not served now; empty: it is. */
  get troubles(): readonly string[] {
    return this.#fault === undefined ? [] : [`SCIM is not served: ${this.#fault.message}`]
  }

  /** What is in flight is answered, then the thread ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    const thread = this.#thread
    if (thread === undefined) return
    const ended = new Promise((resolve) => thread.once('exit', resolve))
    thread.postMessage('stop' satisfies ToIngest)
    await ended
  }

  /** Resolves when the thread is up. Whether it ends later is dealt with here. */
  #launch(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const script = this.#parts.script ?? new URL('./ingest-thread.ts', import.meta.url)
    const start: IngestStart = { config: this.#config }
    const thread = startThread(script, start)
    this.#thread = thread
    let [isUp, fault] = [false, new Error('its thread ended')]
    thread.on('message', (message: FromIngest) => {
      if (message.kind === 'events') return tellForwarded(this.#parts.observer, message.events)
      if (message.kind === 'refused') {
        fault = unpackError(message.error)
        return undefined
      }
      isUp = true
      this.#url = message.url
      this.#config = withPort(this.#config, message.port)
      return resolve()
    })
    thread.on('error', (error: Error) => {
      fault = error
    })
    thread.once('exit', () => {
      this.#thread = undefined
      reject(fault)
      if (isUp && !this.#closing.signal.aborted) void this.#startAgain(fault)
    })
    return promise
  }

  async #startAgain(cause: Error): Promise<void> {
    const { clock, observer } = this.#parts
    await startAgain(cause, {
      launch: async () => {
        await this.#launch()
        this.#fault = undefined
      },
      failed: (error, isNews) => {
        if (isNews) observer.ingestFailed({ error })
        this.#fault = error
      },
      clock,
      signal: this.#closing.signal,
    })
  }
}

function withPort(config: Config, port: number): Config {
  return { ...config, listen: { ...config.listen, scim: { ...config.listen.scim, port } } }
}
