import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { Caller } from '../access/caller.ts'
import type { Observer } from '../observe/observe.ts'
import { acceptBodies, mediaFault } from './body.ts'
import type { Callers } from './callers.ts'
import { bodyBytesMax, keepAliveTimeoutMs, timeouts } from './limits.ts'
import { Failure, internalError } from './status.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whoever was admitted; undefined on what everybody may ask. */
    authzenCaller: Caller | undefined
    /** Of the rows that it was admitted by. */
    authzenGeneration: number
  }
  interface FastifyContextConfig {
    /** Answered without a caller that is known. */
    isPublic?: boolean
  }
}

/** Fastify over sockets that somebody else has accepted. */
export interface Http {
  readonly app: FastifyInstance
  /** Emit `connection` with a socket that is through with TLS. */
  readonly server: Server
  /** Ends idle connections, and every other one with the answer that is under way. */
  close(): void
}

export interface HttpParts {
  readonly callers: Callers
  readonly observer: Pick<Observer, 'internalError'>
}

export function createHttp({ callers, observer }: HttpParts): Http {
  let closing = false
  let server: Server | undefined
  const admit = (request: FastifyRequest): Failure | undefined => {
    request.authzenGeneration = callers.generation
    const caller = callers.of(request)
    if (caller instanceof Failure) return caller
    request.authzenCaller = caller
    return undefined
  }
  const judge = (request: FastifyRequest, reply: FastifyReply): Failure | undefined => {
    echoRequestId(request, reply)
    if (callers.isOld(request)) reply.header('connection', 'close')
    if (request.routeOptions.config?.isPublic === true) return undefined
    return admit(request)
  }
  const app = fastify({
    serverFactory: (handler) => {
      server = createServer({ ...timeouts, keepAliveTimeout: keepAliveTimeoutMs }, handler)
      return server
    },
    logger: false,
    bodyLimit: bodyBytesMax,
    // Ours closes connections one by one, so that what is under way is answered.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    clientErrorHandler: answerClientError,
    // A URL that cannot be decoded, which no hook sees.
    frameworkErrors: (_, request, reply) => {
      sendFailure(reply, judge(request, reply) ?? notFound)
    },
  })
  app.decorateRequest('authzenCaller')
  app.decorateRequest('authzenGeneration', 0)
  acceptBodies(app)
  app.addHook('onRequest', (request, reply, done) => {
    const failure = judge(request, reply)
    if (failure === undefined) done()
    else refuse(request, reply, failure)
  })
  // The body may have taken seconds, and a right may have been taken away meanwhile.
  app.addHook('preHandler', (request, reply, done) => {
    const { authzenCaller, authzenGeneration } = request
    const isAsJudged = authzenCaller === undefined || authzenGeneration === callers.generation
    const failure = isAsJudged ? undefined : admit(request)
    if (failure === undefined) done()
    else sendFailure(reply, failure)
  })
  app.addHook('onSend', (_, reply, payload, done) => {
    if (closing) reply.header('connection', 'close')
    done(null, payload)
  })
  app.setNotFoundHandler((_, reply) => sendFailure(reply, notFound))
  app.setErrorHandler((error: FastifyError, _, reply) => {
    const known = failureIn(error)
    if (known === undefined) observer.internalError({ room: 'authzen', error })
    return sendFailure(reply, known ?? internalError())
  })
  // Node looks after slow requests once it listens, which this one never does by itself.
  server!.emit('listening')
  return {
    app: app as unknown as FastifyInstance,
    server: server!,
    close: () => {
      closing = true
      // Also ends the watch over slow requests.
      server!.close()
      server!.closeIdleConnections()
    },
  }
}

/** Of what is refused by its head the body is not read, not even to throw it away. */
export function refuse(request: FastifyRequest, reply: FastifyReply, failure: Failure): void {
  if (hasBody(request)) reply.header('connection', 'close')
  sendFailure(reply, failure)
}

export function sendFailure(reply: FastifyReply, failure: Failure): FastifyReply {
  const { status, message, headers } = failure
  return reply
    .code(status)
    .headers({ ...headers, 'x-content-type-options': 'nosniff' })
    .type('text/plain; charset=utf-8')
    .send(message)
}

/** Fastify's own serializer would add a charset, which JSON does not have (RFC 8259 §11). */
export function sendJson(reply: FastifyReply, body: object): FastifyReply {
  return reply.header('content-type', 'application/json').serializer(JSON.stringify).send(body)
}

const notFound = new Failure(404, 'there is nothing at this URL')

function echoRequestId(request: FastifyRequest, reply: FastifyReply): void {
  const id = request.headers['x-request-id']
  if (id !== undefined) reply.header('x-request-id', id)
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Undefined: a bug of ours. */
function failureIn({ code }: { readonly code?: string }): Failure | undefined {
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Failure(413, 'the body is too large')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return mediaFault(undefined, undefined)
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new Failure(400, 'the body is not as long as Content-Length says')
    case 'ECONNRESET':
      // The connection broke while the body came in: nobody reads the answer.
      return new Failure(400, 'the body is incomplete')
    default:
      return undefined
  }
}

/** What is no HTTP, came too slowly or is too long: there is no request yet to answer. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const { status, reason } = clientErrors[error.code ?? ''] ?? badHttp
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${reason.length}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${reason.toLowerCase()}`)
}

const badHttp = { status: 400, reason: 'Bad Request' } as const
const clientErrors: Readonly<
  Record<string, { readonly status: 400 | 408 | 431; readonly reason: string }>
> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, reason: 'Request Timeout' },
  HPE_HEADER_OVERFLOW: { status: 431, reason: 'Request Header Fields Too Large' },
}
