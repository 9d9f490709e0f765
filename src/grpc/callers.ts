import type { Metadata } from '@grpc/grpc-js'
import type { Caller } from '../access/caller.ts'
import type { Admitted, Connectors } from '../access/connectors.ts'
import type { Connection, Front } from '../access/front.ts'
import type { Observer } from '../observe/observe.ts'
import { callerDisabled, callerUnknown, type Failure } from './status.ts'

/** What of a call tells who makes it. */
export interface Call {
  readonly metadata: Metadata
  /** Address and port the connection comes from. */
  getPeer(): string
}

/**
 * Who makes a call. Asked on every call and every message of a stream, since open connections
 * outlive a right that was taken away; what a connection itself proves is worked out once for each
 * generation of the rows.
 */
export class Callers {
  readonly #connectionFrom: Front['connectionFrom']
  readonly #connectors: Connectors
  readonly #observer: Pick<Observer, 'callRefused'>

  constructor(
    front: Pick<Front, 'connectionFrom'>,
    connectors: Connectors,
    observer: Pick<Observer, 'callRefused'>,
  ) {
    this.#connectionFrom = front.connectionFrom
    this.#connectors = connectors
    this.#observer = observer
  }

  /** Changes when rows were replaced: who was admitted before is asked for again. */
  get generation(): number {
    return this.#connectors.generation
  }

  of(call: Call): Caller | Failure {
    const connection = this.#connectionFrom(call.getPeer())
    // The connection has ended meanwhile, and with it the call.
    if (connection === undefined) return callerUnknown('the connection has ended')
    const authorizations = call.metadata.get('authorization')
    const [first] = authorizations
    if (first === undefined) return this.#judged(this.#byConnection(connection))
    if (authorizations.length > 1) return this.#judged(twice)
    const admitted = this.#connectors.admit(connection.identity, String(first))
    if (admitted.kind === 'ok') connection.callers.add(admitted.caller.connector)
    return this.#judged(admitted)
  }

  #byConnection(connection: Connection): Admitted {
    const memo = connection.memo as Memo | undefined
    const { generation } = this.#connectors
    if (memo?.generation === generation) return memo.admitted
    const admitted = this.#connectors.admit(connection.identity, undefined)
    connection.memo = { generation, admitted } satisfies Memo
    return admitted
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

interface Memo {
  readonly generation: number
  readonly admitted: Admitted
}

const twice: Admitted = { kind: 'unknown', why: 'the call has more than one `authorization`' }
