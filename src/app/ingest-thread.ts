import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { Config } from '../config/config.ts'
import { systemClock } from '../std/clock.ts'
import { EventForwarder, type ForwardedEvent } from './forwarded-events.ts'
import { forkReporter, openHouseStore, tenancyOf } from './house.ts'
import { startIngestApp } from './ingest-app.ts'
import { Registries } from './registries.ts'
import { packError, type ThreadError } from './thread-error.ts'

/**
 * The thread that serves SCIM, so that no decision waits behind a body of 16 MiB, a filter that
 * looks at every user, or the rendering of 100,000 members.
 *
 * It shares nothing with the thread that decides but the file of the store, of which it has a
 * handle of its own, as another process would: a commit shows in the head of the log once it is on
 * disk, and every decision asks for that head last. So what is true between two processes
 * (test/journey/two-processes) is true here, and no word has to pass before a 2xx goes out.
 */

/** What the thread starts with. */
export interface IngestStart {
  readonly config: Config
}

/** What the thread says. */
export type FromIngest =
  | { readonly kind: 'up'; readonly url: string; readonly port: number }
  /** It could not start, and ends. */
  | { readonly kind: 'refused'; readonly error: ThreadError }
  | { readonly kind: 'events'; readonly events: readonly ForwardedEvent[] }

/** The one thing that the thread is told: answer what is in flight, close, end. */
export type ToIngest = 'stop'

const port = parentPort as MessagePort
const post = (message: FromIngest) => port.postMessage(message)
const clock = systemClock
const forwarder = new EventForwarder((events) => post({ kind: 'events', events }), clock)

try {
  await using started = new AsyncDisposableStack()
  const { config } = workerData as IngestStart
  const access = { mayWrite: true, onFork: forkReporter(forwarder.observer) }
  const store = started.use(await openHouseStore(config, clock, access))
  const tenancy = tenancyOf(config)
  const parts = { config, store, registries: new Registries(tenancy), tenancy, clock }
  const app = started.use(await startIngestApp({ ...parts, observer: forwarder.observer }))
  const running = started.move()
  port.once('message', async (_: ToIngest) => {
    await running.disposeAsync()
    forwarder.flush()
    port.close()
  })
  post({ kind: 'up', url: app.url, port: app.port })
} catch (error) {
  post({ kind: 'refused', error: packError(error) })
  port.close()
}
