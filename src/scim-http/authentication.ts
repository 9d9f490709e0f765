import type { FastifyRequest } from 'fastify'
import type { Tokens } from '../access/tokens.ts'
import type { Observer } from '../observe/observe.ts'
import { ScimError, unavailable } from '../scim/scim-error.ts'
import type { RateLimit } from './limits.ts'
import type { SyncLog } from './sync-log.ts'

/**
 * Who may go on. It is asked of every request before its body is read, by one hook at the root: a
 * check bound to URLs is passed by by whoever finds another spelling of one.
 */
export class Authentication {
  readonly #tokens: Tokens
  readonly #rate: RateLimit
  readonly #observer: Observer
  readonly #syncLog: SyncLog

  constructor(tokens: Tokens, rate: RateLimit, observer: Observer, syncLog: SyncLog) {
    this.#tokens = tokens
    this.#rate = rate
    this.#observer = observer
    this.#syncLog = syncLog
  }

  /** Throws a ScimError, or leaves the caller on the request. */
  async check(request: FastifyRequest): Promise<void> {
    const directory = directoryIn(request)
    const twice = request.raw.rawHeaders.filter(isAuthorization).length > 1
    // Node keeps the first of two, a proxy before it may have judged the second.
    const header = twice ? undefined : request.headers.authorization
    const result = await this.#tokens.authenticate(header, directory)
    if (result.kind === 'unavailable') throw unavailable(result.cause)
    if (result.kind === 'refused') {
      this.#observer.scimAuthFailed({ directory, reason: twice ? 'two headers' : result.why })
      this.#syncLog.refused(directory)
      // One text for all reasons, a directory that does not exist among them.
      throw new ScimError(401, 'a valid bearer token of this directory is required')
    }
    request.scim.caller = result.caller
    const waitS = this.#rate.take(result.caller.directory)
    if (waitS === undefined) return
    throw new ScimError(429, 'too many requests for this directory', { retryAfterS: waitS })
  }
}

function isAuthorization(name: string, index: number): boolean {
  return index % 2 === 0 && name.toLowerCase() === 'authorization'
}

/** As the router read it: what the handler will see, and nothing else. */
function directoryIn(request: FastifyRequest): string | undefined {
  const { directory } = (request.params ?? {}) as { readonly directory?: string }
  return directory
}
