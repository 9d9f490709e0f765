import { StoreUnavailable } from '../errors.ts'

/**
 * What an error of the client means. Whatever it is, nothing is known then: a reply that did not
 * come may belong to a command that was carried out.
 */
export interface RedisFault {
  readonly unavailable: StoreUnavailable
  /** The connection must not be used again: it is broken, or leads to the wrong server. */
  readonly leaves: boolean
}

export function faultOf(error: unknown): RedisFault {
  if (error instanceof StoreUnavailable) return { unavailable: error, leaves: false }
  const message = error instanceof Error ? error.message : String(error)
  const code = codeOf(error)
  const known = code === undefined ? undefined : meanings[code]
  if (known !== undefined) {
    return { unavailable: new StoreUnavailable(known.words, error), leaves: known.leaves }
  }
  // A reply that we do not know leaves the connection in step; anything else does not.
  return { unavailable: new StoreUnavailable(message, error), leaves: code === undefined }
}

/** The first word of an error that the server sent, as in `READONLY You can't write`. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return undefined
  // What a script ran into is told behind a text of its own.
  const named = /(?:^|: |-)([A-Z]{4,})(?: |$)/.exec(error.message)
  return named?.[1] ?? 'ERR'
}

export function isNoScript(error: unknown): boolean {
  return codeOf(error) === 'NOSCRIPT'
}

const meanings: Readonly<Record<string, { readonly words: string; readonly leaves: boolean }>> = {
  READONLY: { words: 'this server is a read-only replica', leaves: true },
  MOVED: { words: 'the data is on another node of the cluster', leaves: true },
  ASK: { words: 'the data is being moved to another node of the cluster', leaves: false },
  TRYAGAIN: { words: 'the data is being moved to another node of the cluster', leaves: false },
  CLUSTERDOWN: { words: 'the cluster is down', leaves: true },
  LOADING: { words: 'the server is loading its data', leaves: true },
  MASTERDOWN: { words: 'this server is a replica without its primary', leaves: true },
  UNBLOCKED: { words: 'the server is no primary any more', leaves: true },
  NOREPLICAS: { words: 'too few replicas are connected for a write', leaves: false },
  MISCONF: { words: 'the server cannot write to its disk', leaves: false },
  OOM: { words: 'the server is out of memory', leaves: false },
  BUSY: { words: 'the server is busy with a script', leaves: false },
  NOAUTH: { words: `the server wants a password: set SALLYPORT_STORE_PASSWORD`, leaves: true },
  WRONGPASS: {
    words: 'user name or password are wrong: see SALLYPORT_STORE_PASSWORD',
    leaves: true,
  },
  NOPERM: {
    words: 'the Redis user lacks a permission: see docs/operating-redis.md',
    leaves: false,
  },
}

/** Whether the server refused who we are or what we ask, so that asking again is no use. */
export function isRefusal({ cause }: StoreUnavailable): boolean {
  return refusals.has(codeOf(cause) ?? '')
}
const refusals: ReadonlySet<string> = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM'])
