import { connect } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { type AttackName, attacks } from './frame-attacks.ts'
import { preface, settings } from './http2-frames.ts'

/** Thread of an attacker: as many connections as told, each made anew when the server ends it. */
export interface AttackerData {
  readonly port: number
  readonly attack: AttackName
  readonly connections: number
  /** Whether it reads what comes back. */
  readonly reads: boolean
  /** Streams of all connections together; absent: as many as the server takes. */
  readonly perSecond?: number | undefined
}
export interface AttackerCounts {
  readonly streams: number
  readonly connections: number
  readonly ended: number
}

const { port, attack, connections, reads, perSecond } = workerData as AttackerData
const counts = { streams: 0, connections: 0, ended: 0 }
const batch = 200
let isOver = false

function attackOnce(): void {
  if (isOver) return
  const socket = connect(port, '127.0.0.1')
  counts.connections++
  let next = 1
  const send = () => {
    // Written as fast as the server takes it.
    if (isOver || socket.destroyed) return socket.destroy()
    const taken = socket.write(attacks[attack](next, batch))
    next += batch * 2
    counts.streams += batch
    if (taken) again(send)
    return undefined
  }
  socket.on('drain', send)
  socket.on('error', () => undefined)
  if (reads) socket.resume()
  socket.on('connect', () => {
    socket.write(Buffer.concat([preface, settings()]))
    send()
  })
  socket.on('close', () => {
    counts.ended++
    attackOnce()
  })
}
function again(send: () => void): void {
  if (perSecond === undefined) setImmediate(send)
  else setTimeout(send, (batch * connections * 1000) / perSecond)
}

for (let number = 0; number < connections; number++) attackOnce()

parentPort?.on('message', function stop(endedMin: number, waitedMs = 0): void {
  if (counts.ended < endedMin && waitedMs < 15_000) {
    setTimeout(() => stop(endedMin, waitedMs + 50), 50)
    return
  }
  isOver = true
  parentPort?.postMessage(counts satisfies AttackerCounts)
  parentPort?.close()
  setTimeout(() => process.exit(), 50)
})
