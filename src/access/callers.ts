import type { Observer } from '../observe/observe.ts'
import type { Admitted, Connectors } from './connectors.ts'
import type { Connection } from './front.ts'

/**
 * Who makes a call over a connection of a front. Asked on every call, and on every message of a
 * stream, since open connections outlive a right that was taken away; what a connection itself
 * proves is worked out once for each generation of the rows.
 */
export class Callers {
  readonly #connectors: Connectors
  readonly #observer: Pick<Observer, 'callRefused'>

  constructor(connectors: Connectors, observer: Pick<Observer, 'callRefused'>) {
    this.#connectors = connectors
    this.#observer = observer
  }

  /** Changes when rows were replaced: who was admitted before is asked for again. */
  get generation(): number {
    return this.#connectors.generation
  }

  /**
   * `authorization`: the first that was sent, of `count`. Of several nobody can say which one a
   * proxy on the way has judged.
   */
  judge(
    connection: Connection | undefined,
    authorization: string | undefined,
    count: number,
  ): Admitted {
    const admitted = this.#admit(connection, authorization, count)
    if (admitted.kind === 'unknown') {
      this.#observer.callRefused({ connector: '', why: admitted.why })
    } else if (admitted.kind === 'disabled') {
      this.#observer.callRefused({ connector: admitted.connector, why: 'disabled' })
    }
    return admitted
  }

  #admit(
    connection: Connection | undefined,
    authorization: string | undefined,
    count: number,
  ): Admitted {
    // The connection has ended meanwhile, and with it the call.
    if (connection === undefined) return ended
    if (authorization === undefined) return this.#byConnection(connection)
    if (count > 1) return twice
    const admitted = this.#connectors.admit(connection.identity, authorization)
    if (admitted.kind === 'ok') connection.callers.add(admitted.caller.connector)
    return admitted
  }

  #byConnection(connection: Connection): Admitted {
    const { generation } = this.#connectors
    if (connection.byItself?.generation !== generation) {
      const admitted = this.#connectors.admit(connection.identity, undefined)
      connection.byItself = { generation, admitted }
    }
    return connection.byItself.admitted
  }
}

const ended: Admitted = { kind: 'unknown', why: 'the connection has ended' }
const twice: Admitted = { kind: 'unknown', why: 'the call has more than one `authorization`' }
