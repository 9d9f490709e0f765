import { shown } from './json-object.ts'

/**
 * A request that cannot be served, in the words of RFC 7644 §3.12. Nothing has been changed. The
 * message is for the administrator of the identity provider: it names the field and the fix.
 */
export class ScimError extends Error {
  override readonly name = 'ScimError'
  readonly code = 'SCIM_REQUEST_REFUSED'
  readonly status: ScimStatus
  readonly scimType: ScimType | undefined
  /** Whole seconds: the only form of Retry-After that Okta reads. */
  readonly retryAfterS: number | undefined
  /** The message without what the client sent: values are somebody's data and stay out of logs. */
  readonly logged: string
  /** The resource that was to be changed, as people know it. Whoever has read it says so. */
  resourceName: string | undefined

  constructor(status: ScimStatus, detail: string, more: ScimErrorFacts = {}) {
    super(`${detail}${more.echo ?? ''}`, { cause: more.cause })
    this.logged = more.logged ?? detail
    this.status = status
    this.scimType = more.scimType
    this.retryAfterS = more.retryAfterS
  }
}

export type ScimStatus =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 408
  | 409
  | 412
  | 413
  | 414
  | 415
  | 429
  | 431
  | 500
  | 501
  | 503

export type ScimType =
  | 'invalidFilter'
  | 'tooMany'
  | 'uniqueness'
  | 'mutability'
  | 'invalidSyntax'
  | 'invalidPath'
  | 'noTarget'
  | 'invalidValue'
  // RFC 9865 §2.1. Its `expiredCursor` is never said: a cursor of ours does not expire.
  | 'invalidCursor'
  | 'invalidCount'

interface ScimErrorFacts {
  readonly scimType?: ScimType
  readonly retryAfterS?: number
  readonly cause?: unknown
  /** The end of the message, which repeats what the client sent. */
  readonly echo?: string
  /** What the log says instead of the message without its echo. */
  readonly logged?: string
}

/** RFC 7644 §3.12, table 9: what a 400 is about. */
export function badRequest(scimType: ScimType, detail: string): ScimError {
  return new ScimError(400, detail, { scimType })
}

/** A 400 for a value that is not what is `wanted`. */
export function wrongValue(scimType: ScimType, wanted: string, sent: unknown): ScimError {
  return new ScimError(400, wanted, { scimType, echo: `, not ${shown(sent)}` })
}

/** A 400 about a text that cannot be read; what is wrong with it may quote it. */
export function unreadable(scimType: ScimType, place: string, fault: string): ScimError {
  const logged = `${place} cannot be read`
  return new ScimError(400, place, { scimType, echo: `: ${fault}`, logged })
}

/** Also for what belongs to another directory: nobody learns that it exists. */
export function notFound(detail: string): ScimError {
  return new ScimError(404, detail)
}

export function unavailable(cause: unknown): ScimError {
  const detail = 'the directory store cannot be reached now: repeat the request, it is safe to'
  return new ScimError(503, detail, { retryAfterS: retryAfterUnavailableS, cause })
}

/** A store comes back within seconds or needs a person; Okta would wait five minutes without it. */
const retryAfterUnavailableS = 5

/** The body of an error answer. A further key fails conformance suites. */
export function errorBody(error: ScimError): Record<string, unknown> {
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    // RFC 7644 §3.12: a string, though JSON has numbers.
    status: String(error.status),
    ...(error.scimType !== undefined && { scimType: error.scimType }),
    detail: error.message,
  }
}
