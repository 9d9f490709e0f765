import { readFile } from 'node:fs/promises'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'

/**
 * Keeps messages in flight on streams of their own connections. They are sent as they stand in the
 * file, and of what comes back only the length prefixes are read, so that the server is the slower
 * of the two. Prints how many answers came, their bytes, how long each took, and its own CPU time.
 */
const prefixBytes = 5
const windowBytes = 1 << 24
const [address, path, file, seconds, connections, inFlight] = process.argv.slice(2)
const frames = framesIn(await readFile(file!))
const micros: number[] = []
let bytes = 0
const startedMs = performance.now()
const endMs = startedMs + Number(seconds) * 1000

await Promise.all([...Array(Number(connections)).keys()].map(ask))
const wallMs = performance.now() - startedMs
const { user, system } = process.cpuUsage()
const result = { wallMs, micros, bytes, cpuMs: (user + system) / 1000 }
process.stdout.write(JSON.stringify(result), () => process.exit(0))

function ask(offset: number): Promise<void> {
  const session = connect(`http://${address}`, { settings: { initialWindowSize: windowBytes } })
  session.once('connect', () => session.setLocalWindowSize(windowBytes))
  return new Promise((resolve, reject) => {
    session.once('error', reject)
    const stream = opened(session)
    let next = offset
    const sentMs: number[] = []
    const send = () => {
      sentMs.push(performance.now())
      stream.write(frames[next++ % frames.length]!)
    }
    const take = () => {
      const now = performance.now()
      micros.push(Math.round((now - sentMs.shift()!) * 1000))
      if (now < endMs) send()
      else if (sentMs.length === 0) stream.end()
    }
    stream.on('data', answersIn(take))
    stream.once('error', reject)
    stream.once('trailers', (trailers) => {
      session.close()
      if (trailers['grpc-status'] === '0') resolve()
      else reject(new Error(`status ${trailers['grpc-status']} ${trailers['grpc-message']}`))
    })
    for (let n = 0; n < Number(inFlight); n++) send()
  })
}

function opened(session: ClientHttp2Session): ClientHttp2Stream {
  return session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  })
}

/** Calls `take` for each message that is whole, without putting any together. */
function answersIn(take: () => void): (chunk: Buffer) => void {
  const prefix = Buffer.alloc(prefixBytes)
  let prefixRead = 0
  let left = 0
  return (chunk) => {
    bytes += chunk.length
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        prefix[prefixRead++] = chunk[at++]!
        if (prefixRead < prefixBytes) continue
        prefixRead = 0
        left = prefix.readUInt32BE(1)
      } else {
        const step = Math.min(left, chunk.length - at)
        at += step
        left -= step
        if (left > 0) continue
        take()
      }
    }
  }
}

function framesIn(all: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at < all.length; ) {
    const end = at + prefixBytes + all.readUInt32BE(at + 1)
    found.push(all.subarray(at, end))
    at = end
  }
  return found
}
