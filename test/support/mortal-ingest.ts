/** The thread that serves SCIM, which a test can end as a bug would: see `killIngest`. */
const channel = new BroadcastChannel('mortal-ingest')
channel.onmessage = () => {
  throw new Error('out of luck')
}
// When it may end by itself is up to the thread proper.
channel.unref()

await import('../../src/app/ingest-thread.ts')
