import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { type Connection, faultText } from './connection.ts'
import { FileIdentity } from './file-identity.ts'
import type { FromWorker, WorkerStart } from './protocol.ts'

/** What writer and reader begin with: their port, and their connection to the very same file. */
export function startWorker(connect: (path: string) => Connection) {
  const port = parentPort as MessagePort
  const { path, opened } = workerData as WorkerStart
  const post = (message: FromWorker) => port.postMessage(message)
  const identity = new FileIdentity(path, opened)
  try {
    const lost = identity.fault()
    if (lost !== undefined) throw new Error(lost)
    const connection = connect(path)
    // Asked again: it may have been replaced just before it was opened.
    const replaced = identity.fault()
    if (replaced !== undefined) {
      connection[Symbol.dispose]()
      throw new Error(replaced)
    }
    post({ kind: 'up' })
    return { port, post, connection, identity }
  } catch (error) {
    post({ kind: 'refused', fault: faultText(error) })
    port.close()
    return undefined
  }
}
