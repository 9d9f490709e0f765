import { readFile } from 'node:fs/promises'
import autocannon, { type Result } from 'autocannon'

/** Where h2load is missing: posts one body over HTTP/1.1 and prints how long each took. */
const [url, file, seconds, connections] = process.argv.slice(2)
const body = await readFile(file!)
const micros: number[] = []
const startedMs = performance.now()
let endedMs = startedMs
const { promise, resolve, reject } = Promise.withResolvers<Result>()
const running = autocannon(
  {
    url: url!,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    connections: Number(connections),
    duration: Number(seconds),
  },
  (error, result) => (error ? reject(error) : resolve(result)),
)
running.on('response', (_client, _status, _bytes, responseMs) => {
  endedMs = performance.now()
  micros.push(Math.round(responseMs * 1000))
})
const { errors, non2xx } = await promise
if (errors + non2xx > 0) throw new Error(`${errors} calls failed, ${non2xx} were refused`)
const wallMs = endedMs - startedMs
process.stdout.write(JSON.stringify({ wallMs, micros }), () => process.exit(0))
