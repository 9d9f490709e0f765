import { Metadata, status } from '@grpc/grpc-js'
import type { Refusal } from '../decision/decision.ts'
import type { Violation } from '../decision/violation.ts'
import { unreachable } from '../std/assert.ts'
import { type AnyMessage, encodeDetail, encodeStatus, type StatusMessage } from './messages.ts'

/**
 * A call that ends without a decision. What the status codes mean to a caller is in the table of
 * the public documentation; the details are `google.rpc` messages in `grpc-status-details-bin`.
 */
export class Failure {
  readonly code: status
  readonly details: string
  readonly metadata: Metadata
  readonly #attached: readonly AnyMessage[]

  constructor(code: status, details: string, ...attached: readonly AnyMessage[]) {
    this.code = code
    this.#attached = attached
    // grpc-js percent-encodes this with `encodeURI`, which throws on half a surrogate pair.
    this.details = details.toWellFormed()
    this.metadata = new Metadata()
    if (attached.length === 0) return
    const encoded = encodeStatus({ code, message: this.details, details: attached })
    this.metadata.set('grpc-status-details-bin', encoded)
  }

  /** `google.rpc.Status`, for one item of a batch or stream. */
  get message(): StatusMessage {
    return { code: this.code, message: this.details, details: this.#attached }
  }
}

/** 32 violations of 400 bytes stay below the 16 KB that clients accept as trailers. */
const violationsMax = 32
const fieldLengthMax = 120

/** Everything wrong with a request at once. */
export function invalidArgument(violations: readonly Violation[]): Failure {
  const shown = violations.slice(0, violationsMax).map(({ field, description }) => ({
    field: field.slice(0, fieldLengthMax).toWellFormed(),
    description,
  }))
  const first = shown[0]
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : ''
  const details = first ? `\`${first.field}\` ${first.description}${more}` : 'invalid request'
  return new Failure(
    status.INVALID_ARGUMENT,
    details,
    encodeDetail('BadRequest', { field_violations: shown }),
  )
}

/** How soon a follower is likely to have caught up. */
const retryDelayMs = 100

export function failureOf(refusal: Refusal): Failure {
  switch (refusal.kind) {
    case 'revision-malformed':
      return invalidArgument([
        { field: 'min_revision', description: 'is no revision: send back one from an answer' },
      ])
    case 'revision-not-reached':
      return new Failure(
        status.UNAVAILABLE,
        '`min_revision` is not reached yet: retry',
        retryInfo(),
      )
    case 'revision-lost':
      return new Failure(
        status.FAILED_PRECONDITION,
        '`min_revision` belongs to a history that was lost: forget it and ask without',
        errorInfo('REVISION_LOST'),
      )
    default:
      return unreachable(refusal)
  }
}

/** The gateway itself is unknown; `why` tells what it lacks. */
export function callerUnknown(why: string): Failure {
  return new Failure(status.UNAUTHENTICATED, why, errorInfo('CONNECTOR_UNKNOWN'))
}

export function callerDisabled(connector: string): Failure {
  return new Failure(
    status.PERMISSION_DENIED,
    `connector \`${connector}\` is disabled`,
    errorInfo('CONNECTOR_DISABLED'),
  )
}

export function applicationNotAllowed(): Failure {
  return new Failure(
    status.PERMISSION_DENIED,
    'this connector may not ask about this application',
    errorInfo('APPLICATION_NOT_ALLOWED'),
  )
}

export function explainNotAllowed(): Failure {
  return new Failure(
    status.PERMISSION_DENIED,
    'this connector may not ask why: set `explain: true` in its row',
    errorInfo('EXPLAIN_NOT_ALLOWED'),
  )
}

/** Too much is under way; asking again at once would make it worse (gRFC A6: pushback). */
export function overloaded(): Failure {
  const failure = new Failure(
    status.RESOURCE_EXHAUSTED,
    'too many decisions are under way',
    retryInfo(),
  )
  failure.metadata.set('grpc-retry-pushback-ms', String(retryDelayMs))
  return failure
}

/** No decision can be had of this server now: it stops, or cannot cope. */
export function unavailable(): Failure {
  return new Failure(status.UNAVAILABLE, 'no decision here now: ask another server', retryInfo())
}

export function deadlineExceeded(): Failure {
  return new Failure(status.DEADLINE_EXCEEDED, 'the deadline passed before the call was read')
}

/** A bug, ours or a dependency's. The log has it; the caller learns no more than this. */
export function internalError(): Failure {
  return new Failure(status.INTERNAL, 'internal error')
}

function retryInfo(): AnyMessage {
  return encodeDetail('RetryInfo', { retry_delay: { nanos: retryDelayMs * 1_000_000 } })
}

function errorInfo(reason: string): AnyMessage {
  return encodeDetail('ErrorInfo', { reason, domain: 'sallyport' })
}
