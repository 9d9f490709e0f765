import { parentPort } from 'node:worker_threads'

/** Answers with what it was asked, ends where it stands when asked to die. */
parentPort?.postMessage({ kind: 'up' })
parentPort?.on('message', (request: { number: number; body: string } | 'close') => {
  if (request === 'close') return parentPort?.close()
  if (request.body === 'die') throw new Error('out of luck')
  return parentPort?.postMessage({ kind: 'replies', replies: [request] })
})
