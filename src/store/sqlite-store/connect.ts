import { Connection } from './connection.ts'

/** The connections there are, by what each is for. */

/** A second process that writes has this long: a SCIM answer may take 2 s at most. */
const busyMs = 1_500
/** What a burst leaves of the write-ahead log on disk once it has been copied back. */
const walBytesMax = 64 * 1024 * 1024

/** A writing connection that survives a power cut, or an error. */
export function connectWriter(path: string): Connection {
  const connection = new Connection(path, 'write', busyMs)
  connection.exec(`
    PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${walBytesMax};
    PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY`)
  const journal = connection.get<{ journal_mode: string }>('PRAGMA journal_mode')?.journal_mode
  const synchronous = connection.get<{ synchronous: number }>('PRAGMA synchronous')?.synchronous
  if (journal === 'wal' && synchronous === synchronousFull) return connection
  connection[Symbol.dispose]()
  throw new Error(`writes would not be durable: journal ${journal}, synchronous ${synchronous}`)
}
const synchronousFull = 2

/** Scans and SCIM reads, in their own thread. */
export function connectReader(path: string): Connection {
  const connection = new Connection(path, 'read', busyMs)
  connection.exec('PRAGMA cache_size = -32768')
  return connection
}

/** Short snapshots on the thread that decides. It waits for nobody: busy is unavailable. */
export function connectDecisions(path: string): Connection {
  const connection = new Connection(path, 'read', 0)
  connection.exec('PRAGMA cache_size = -32768')
  return connection
}
