import { type ServiceError, status } from '@grpc/grpc-js'
import { type Clock, systemClock } from '../std/clock.ts'
import type { Channel } from './channel.ts'
import { WireError } from './errors.ts'
import type { Method } from './service.ts'

/** One call of its own, with what is left of the time. Rejects with what kept it from an answer. */
export function callUnary<Response>(
  { client, metadata, calls }: Channel,
  { path, responseDeserialize }: Method<Response>,
  { body, dueMs }: { readonly body: Uint8Array; readonly dueMs: number },
  clock: Clock,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const leftMs = dueMs - clock.monotonicMs()
    if (leftMs <= 0) throw new WireError('DEADLINE_EXCEEDED', 'the time for it was over')
    // grpc-js wants an instant of the wall clock it sees itself.
    const options = { deadline: systemClock.wallMs() + leftMs }
    const done = (error: ServiceError | null, response?: Response) => {
      calls.delete(call)
      if (response === undefined) reject(errorOf(error))
      else resolve(response)
    }
    const call = client.makeUnaryRequest(
      path,
      asTheyAre,
      responseDeserialize,
      body,
      metadata,
      options,
      done,
    )
    calls.add(call)
  })
}

/** A status that gRPC does not know is UNKNOWN: it comes from the other side, whatever it means. */
function errorOf(error: ServiceError | null): WireError {
  const name = error === null ? undefined : status[error.code]
  return new WireError(name ?? 'UNKNOWN', error?.details ?? error?.message ?? 'no answer')
}

/** Requests are bytes already. */
export function asTheyAre(body: Uint8Array): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.length)
}
