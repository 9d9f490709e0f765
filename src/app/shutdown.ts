/**
 * Runs `stop` at the first SIGTERM or SIGINT and ends the process when it is done. A second signal,
 * or a stop that takes too long, ends it at once with 1: whoever supervises must not wait for ever.
 */
export function stopOnSignal(stop: () => Promise<void>, report: (error: unknown) => void): void {
  let stopping = false
  const onSignal = () => {
    if (stopping) process.exit(1)
    stopping = true
    setTimeout(() => process.exit(1), stopMsMax).unref()
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        report(error)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}

/** Kubernetes kills after 30 s, systemd after 90: we are gone well before. */
const stopMsMax = 10_000
