import { startApp } from './app.ts'
import { packError } from './thread-error.ts'
import type { FromWorker, ToWorker } from './worker-messages.ts'

/**
 * One of several processes that decide behind one port: a whole decision arm with a handle of its
 * own on the store, enlisted like any other process, so that what a SCIM answer promises of every
 * process holds of each worker. It lives and ends with the process that started it.
 */

const say = (message: FromWorker) => process.send?.(message)

/** Ctrl-C reaches the whole group: the one that started us says when to stop. */
const ignored = () => undefined
process.on('SIGINT', ignored)
process.on('SIGTERM', ignored)
// Whoever started us is gone: nobody would stop us, or tell what we do.
process.once('disconnect', () => process.exit(1))

const { promise: told, resolve: start } = Promise.withResolvers<StartWorker>()
const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
process.on('message', (message: ToWorker) => {
  if (message.kind === 'start') start(message)
  // It may come before all is up, and is obeyed then.
  else if (message.kind === 'stop') stop()
})
type StartWorker = Extract<ToWorker, { kind: 'start' }>

try {
  const { config, lingerMs } = await told
  const app = await startApp(config, new Set(['decision']), {
    ...(lingerMs !== undefined && { lingerMs }),
  })
  process.on('message', async (message: ToWorker) => {
    if (message.kind !== 'tell') return
    const { id, what } = message
    const told = what === 'state' ? await app.readiness() : await app.metrics.snapshot()
    say({ kind: 'told', id, told })
  })
  say({ kind: 'up', addresses: app.addresses })
  void stopped.then(async () => {
    await app[Symbol.asyncDispose]()
    process.exit(0)
  })
} catch (error) {
  process.send?.({ kind: 'refused', error: packError(error) } satisfies FromWorker, () =>
    process.exit(1),
  )
}
