import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js'
import type { Observer } from '../observe/observe.ts'
import { Failure, internalError } from './status.ts'

/** Sends the one answer of a call; a second one is dropped. */
export type Answering<Response> = (reply: Response | Failure) => void

/**
 * The wrapper of every unary handler. Nothing a handler throws or rejects with escapes it: an
 * unhandled rejection ends the process, and grpc-js sends the text of what is thrown to the caller.
 * What goes wrong after the handler has returned is told by `fail`.
 */
export function guarded<Request, Response>(
  observer: Pick<Observer, 'internalError'>,
  handle: (
    call: ServerUnaryCall<Request, Response>,
    answer: Answering<Response>,
    fail: (error: unknown) => void,
  ) => void | Promise<void>,
  /** What the caller is told of a bug. */
  failure: () => Failure = internalError,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    let answered = false
    const answer = (reply: Response | Failure): void => {
      if (answered) return
      answered = true
      if (reply instanceof Failure) callback(reply)
      else callback(null, reply)
    }
    const failed = (error: unknown): void => {
      try {
        observer.internalError({ room: 'grpc', error })
      } finally {
        answer(failure())
      }
    }
    try {
      handle(call, answer, failed)?.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}
