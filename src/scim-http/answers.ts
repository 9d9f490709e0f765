import type { FastifyError, FastifyReply } from 'fastify'
import { type Answer, statusOf } from '../scim/answer.ts'
import { bulkBytesMax } from '../scim/bulk-request.ts'
import { JsonText } from '../scim/list-response.ts'
import { badRequest, errorBody, ScimError } from '../scim/scim-error.ts'
import { scimMediaType } from './body.ts'

/** Sends what the room scim answered. RFC 7644 §3.14: the version is also the ETag. */
export async function sendAnswer(reply: FastifyReply, answer: Answer): Promise<FastifyReply> {
  reply.request.scim.answer = answer
  reply.code(statusOf(answer))
  if (answer.kind === 'notModified') return reply.header('etag', answer.etag).send()
  if (answer.etag !== undefined) reply.header('etag', answer.etag)
  if (answer.revision !== undefined) reply.header('x-directory-revision', answer.revision)
  if (answer.kind === 'empty') return reply.send()
  if (answer.location !== undefined) reply.header('location', answer.location)
  if (answer.retryAfterS !== undefined) reply.header('retry-after', String(answer.retryAfterS))
  return sendJson(reply, answer.body)
}

export function sendError(reply: FastifyReply, error: ScimError): FastifyReply {
  reply.request.scim.error = error
  if (error.status === 401) reply.header('www-authenticate', 'Bearer realm="sallyport"')
  if (error.retryAfterS !== undefined) reply.header('retry-after', String(error.retryAfterS))
  return sendJson(reply.code(error.status), errorBody(error))
}

function sendJson(reply: FastifyReply, body: unknown): FastifyReply {
  const text = body instanceof JsonText ? body.text : JSON.stringify(body)
  // As bytes: to text, Fastify would add a charset, which JSON does not have (RFC 8259 §11).
  return reply.header('content-type', scimMediaType).send(Buffer.from(text))
}

/** What a failure is to the client; undefined: a bug of ours, of which it learns nothing. */
export function scimErrorOf(error: unknown): ScimError | undefined {
  if (error instanceof ScimError) return error
  switch ((error as Partial<FastifyError> | null)?.code) {
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return badRequest('invalidSyntax', 'the body is not valid JSON')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return badRequest('invalidSyntax', 'the body is not as long as Content-Length says')
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ScimError(413, bodyTooLarge)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ScimError(415, `the Content-Type must be ${scimMediaType} or application/json`)
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new ScimError(404, 'there is nothing at this URL')
    default:
      // The connection broke while the body came in: nobody reads the answer.
      return (error as NodeJS.ErrnoException | null)?.code === 'ECONNRESET'
        ? badRequest('invalidSyntax', 'the body is incomplete')
        : undefined
  }
}

/** RFC 7644 §3.7.4: of a bulk, by the name of the limit. */
const bodyTooLarge =
  `the body is too large: 1 MiB for a user, 16 MiB for a group, ` +
  `\`maxPayloadSize\` (${bulkBytesMax}) for a bulk`

export function internalError(): ScimError {
  return new ScimError(500, 'internal error')
}
