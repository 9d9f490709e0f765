import type { FastifyRequest } from 'fastify'
import type { Caller } from '../access/caller.ts'
import type { Admitted, Connectors } from '../access/connectors.ts'
import type { Connection, Front } from '../access/front.ts'
import type { Observer } from '../observe/observe.ts'
import type { Clock } from '../std/clock.ts'
import { connectionAgeMsMax } from './limits.ts'
import { callerDisabled, callerUnknown, type Failure } from './status.ts'

/**
 * Who makes a call. Asked on every request, since open connections outlive a right that was taken
 * away; what a connection itself proves is worked out once for each generation of the rows.
 */
export class Callers {
  readonly #connectionOf: Front['connectionOf']
  readonly #connectors: Connectors
  readonly #observer: Pick<Observer, 'callRefused'>
  readonly #clock: Clock

  constructor(
    front: Pick<Front, 'connectionOf'>,
    connectors: Connectors,
    observer: Pick<Observer, 'callRefused'>,
    clock: Clock,
  ) {
    this.#connectionOf = front.connectionOf
    this.#connectors = connectors
    this.#observer = observer
    this.#clock = clock
  }

  of({ raw }: FastifyRequest): Caller | Failure {
    const connection = this.#connectionOf(raw.socket)
    // The connection has ended meanwhile, and with it the call.
    if (connection === undefined) return callerUnknown('the connection has ended')
    const { authorization } = raw.headers
    if (authorization === undefined) return this.#judged(this.#byConnection(connection))
    // Of several, Node keeps the first, and a proxy before us may have judged the last.
    if (countOf(raw.rawHeaders, 'authorization') > 1) return this.#judged(twice)
    const admitted = this.#connectors.admit(connection.identity, authorization)
    if (admitted.kind === 'ok') connection.callers.add(admitted.caller.connector)
    return this.#judged(admitted)
  }

  /** Whether the connection of a request has been open for so long that it should be renewed. */
  isOld({ raw }: FastifyRequest): boolean {
    const connection = this.#connectionOf(raw.socket)
    if (connection === undefined) return true
    return this.#clock.monotonicMs() - this.#memoOf(connection).openedMs > connectionAgeMsMax
  }

  #byConnection(connection: Connection): Admitted {
    const memo = this.#memoOf(connection)
    const { generation } = this.#connectors
    if (memo.admitted === undefined || memo.generation !== generation) {
      memo.admitted = this.#connectors.admit(connection.identity, undefined)
      memo.generation = generation
    }
    return memo.admitted
  }

  #memoOf(connection: Connection): Memo {
    const openedMs = this.#clock.monotonicMs()
    connection.memo ??= { openedMs, generation: 0, admitted: undefined } satisfies Memo
    return connection.memo as Memo
  }

  #judged(admitted: Admitted): Caller | Failure {
    switch (admitted.kind) {
      case 'ok':
        return admitted.caller
      case 'unknown':
        this.#observer.callRefused({ connector: '', why: admitted.why })
        return callerUnknown(admitted.why)
      case 'disabled': {
        const { connector } = admitted
        this.#observer.callRefused({ connector, why: 'disabled' })
        return callerDisabled(connector)
      }
    }
  }
}

/** What is remembered of a connection. */
interface Memo {
  /** When its first request came. */
  readonly openedMs: number
  generation: number
  admitted: Admitted | undefined
}

const twice: Admitted = { kind: 'unknown', why: 'the call has more than one `authorization`' }

/** Names and values take turns in `rawHeaders`. */
function countOf(rawHeaders: readonly string[], name: string): number {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]!.toLowerCase() === name) count += 1
  }
  return count
}
