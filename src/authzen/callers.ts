import type { FastifyRequest } from 'fastify'
import type { Caller } from '../access/caller.ts'
import type { Callers as Judge } from '../access/callers.ts'
import type { Front } from '../access/front.ts'
import type { Clock } from '../std/clock.ts'
import { connectionAgeMsMax } from './limits.ts'
import { callerDisabled, callerUnknown, type Failure } from './status.ts'

/** Who makes a request, or the status that tells why nobody may. */
export class Callers {
  readonly #connectionOf: Front['connectionOf']
  readonly #judge: Judge
  readonly #clock: Clock

  constructor({ connectionOf }: Pick<Front, 'connectionOf'>, judge: Judge, clock: Clock) {
    this.#connectionOf = connectionOf
    this.#judge = judge
    this.#clock = clock
  }

  /** Changes when rows were replaced: who was admitted before is asked for again. */
  get generation(): number {
    return this.#judge.generation
  }

  of({ raw }: FastifyRequest): Caller | Failure {
    const { authorization } = raw.headers
    const count = authorization === undefined ? 0 : countOf(raw.rawHeaders, 'authorization')
    const admitted = this.#judge.judge(this.#connectionOf(raw.socket), authorization, count)
    switch (admitted.kind) {
      case 'ok':
        return admitted.caller
      case 'unknown':
        return callerUnknown(admitted.why)
      case 'disabled':
        return callerDisabled(admitted.connector)
    }
  }

  /** Whether the connection of a request has been open for so long that it should be renewed. */
  isOld({ raw }: FastifyRequest): boolean {
    const connection = this.#connectionOf(raw.socket)
    if (connection === undefined) return true
    return this.#clock.monotonicMs() - connection.openedMs > connectionAgeMsMax
  }
}

/** Names and values take turns in `rawHeaders`; Node itself keeps the first of several. */
function countOf(rawHeaders: readonly string[], name: string): number {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]!.toLowerCase() === name) count += 1
  }
  return count
}
