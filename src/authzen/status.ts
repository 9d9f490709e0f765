import type { Refusal } from '../decision/decision.ts'
import type { Violation } from '../decision/violation.ts'
import { unreachable } from '../std/assert.ts'

/**
 * A call that ends without a decision. The body is `message`, as plain text. Codes beyond the 400,
 * 401, 403 and 500 of the standard are HTTP's own.
 */
export class Failure {
  readonly status: number
  readonly message: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    this.status = status
    this.message = message
    this.headers = headers
  }
}

/** Whoever reads the message has the request at hand: the first few tell enough. */
const violationsMax = 8
/** A key that a caller has made up can be as long as its body. */
const fieldLengthMax = 120

/** Everything wrong with a request at once. */
export function badRequest(violations: readonly Violation[]): Failure {
  const shown = violations.slice(0, violationsMax).map(({ field, description }) => {
    return `\`${field.slice(0, fieldLengthMax)}\` ${description}`
  })
  const more = violations.length - shown.length
  if (more > 0) shown.push(`and ${more} more`)
  return new Failure(400, shown.join('; '))
}

export function failureOf(refusal: Refusal): Failure {
  switch (refusal.kind) {
    case 'revision-malformed':
      return badRequest([
        { field: 'context.min_revision', description: 'is no revision: send one from an answer' },
      ])
    case 'revision-not-reached':
      return new Failure(503, '`context.min_revision` is not reached yet: retry', retryAfter)
    case 'revision-lost':
      // Retrying cannot help, and the standard has no code of its own for it.
      return new Failure(
        412,
        '`context.min_revision` belongs to a history that was lost: forget it and ask without',
      )
    default:
      return unreachable(refusal)
  }
}

/** Seconds: the shortest that can be said. */
const retryAfter = { 'retry-after': '1' }

/** The gateway itself is unknown; `why` tells what it lacks. */
export function callerUnknown(why: string): Failure {
  return new Failure(401, why, { 'www-authenticate': 'Bearer' })
}

export function callerDisabled(connector: string): Failure {
  return new Failure(403, `connector \`${connector}\` is disabled`)
}

export function applicationNotAllowed(): Failure {
  return new Failure(403, 'this connector may not ask about this application')
}

export function searchNotAllowed(): Failure {
  return new Failure(403, 'this connector may not search: set `search: true` in its row')
}

/** Too much is under way. */
export function overloaded(): Failure {
  return new Failure(503, 'too much is under way: ask again, or another server', retryAfter)
}

/** What a search would find cannot be told: an empty answer would say that it is nothing. */
export function notSearchable(why: string): Failure {
  return new Failure(503, `nothing can be searched now: ${why}`, retryAfter)
}

/** A bug, ours or a dependency's. The log has it; the caller learns no more than this. */
export function internalError(): Failure {
  return new Failure(500, 'internal error')
}
