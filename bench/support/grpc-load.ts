import { readFile } from 'node:fs/promises'
import { Client, credentials } from '@grpc/grpc-js'

/** Where h2load is missing: keeps calls in flight and prints how long each took. */
const [url, body, seconds, connections, streams] = process.argv.slice(2)
const { host: address, pathname: path } = new URL(url!)
// The client adds the length prefix itself.
const request = (await readFile(body!)).subarray(5)
const same = (bytes: Buffer) => bytes
const micros: number[] = []
const startedMs = performance.now()
const endMs = startedMs + Number(seconds) * 1000

async function keepAsking(client: Client): Promise<void> {
  while (performance.now() < endMs) {
    const sentMs = performance.now()
    await new Promise<void>((resolve, reject) => {
      client.makeUnaryRequest(path, same, same, request, (error) =>
        error ? reject(error) : resolve(),
      )
    })
    micros.push(Math.round((performance.now() - sentMs) * 1000))
  }
}

const asking: Promise<void>[] = []
for (let n = 0; n < Number(connections); n++) {
  // Clients with equal options would share one connection.
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  })
  for (let stream = 0; stream < Number(streams); stream++) asking.push(keepAsking(client))
}
await Promise.all(asking)
const wallMs = performance.now() - startedMs
process.stdout.write(JSON.stringify({ wallMs, micros }), () => process.exit(0))
