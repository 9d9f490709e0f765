import type { Metadata } from '@grpc/grpc-js'
import type { Caller } from '../access/caller.ts'
import type { Callers as Judge } from '../access/callers.ts'
import type { Front } from '../access/front.ts'
import { callerDisabled, callerUnknown, type Failure } from './status.ts'

/** What of a call tells who makes it. */
export interface Call {
  readonly metadata: Metadata
  /** Address and port the connection comes from. */
  getPeer(): string
}

/** Who makes a call, or the status that tells why nobody may. */
export class Callers {
  readonly #connectionFrom: Front['connectionFrom']
  readonly #judge: Judge

  constructor({ connectionFrom }: Pick<Front, 'connectionFrom'>, judge: Judge) {
    this.#connectionFrom = connectionFrom
    this.#judge = judge
  }

  /** Changes when rows were replaced: who was admitted before is asked for again. */
  get generation(): number {
    return this.#judge.generation
  }

  of(call: Call): Caller | Failure {
    const sent = call.metadata.get('authorization')
    const first = sent[0] === undefined ? undefined : String(sent[0])
    const admitted = this.#judge.judge(this.#connectionFrom(call.getPeer()), first, sent.length)
    switch (admitted.kind) {
      case 'ok':
        return admitted.caller
      case 'unknown':
        return callerUnknown(admitted.why)
      case 'disabled':
        return callerDisabled(admitted.connector)
    }
  }
}
