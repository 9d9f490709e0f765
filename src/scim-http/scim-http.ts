import { type AddressInfo, isIPv6, type Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { ScimCaller } from '../access/access.ts'
import type { Tokens } from '../access/tokens.ts'
import type { Observer } from '../observe/observe.ts'
import type { Answer } from '../scim/answer.ts'
import type { Scim } from '../scim/scim.ts'
import { errorBody, ScimError } from '../scim/scim-error.ts'
import { type Clock, toDateTime } from '../std/clock.ts'
import { ListenError } from '../std/listen-error.ts'
import { internalError, scimErrorOf, sendError } from './answers.ts'
import { Authentication } from './authentication.ts'
import { acceptJsonBodies, scimMediaType } from './body.ts'
import {
  keepAliveTimeoutMs,
  paramLengthMax,
  type Rate,
  RateLimit,
  rateDefault,
  requestsPerSocketMax,
  smallBodyBytesMax,
  timeouts,
} from './limits.ts'
import { addRoutes, type Operation } from './routes.ts'
import { entriesOf, type KeepNotes, SyncLog } from './sync-log.ts'
import { type Lines, newLines, Turns } from './turns.ts'

/**
 * scim-http: SCIM over HTTP, for identity providers.
 *
 * Nothing is answered without a token of the directory in the URL: not a URL that does not exist,
 * not discovery, not a method we do not know. Every answer with a body, errors included, is
 * `application/scim+json`; whatever breaks here is a 500 that says "internal error".
 *
 * Not here: what the requests mean (scim/), whose token it is (access/).
 */
export interface ScimHttpOptions {
  readonly scim: Scim
  readonly tokens: Tokens
  readonly observer: Observer
  readonly clock: Clock
  readonly listen: ScimListen
  readonly rate?: Rate
  /** Takes the notes of the synchronisation. */
  readonly keepNotes: KeepNotes
  /** Those that have a sync log. */
  readonly directories: readonly ScimCaller['directory'][]
  readonly lines?: Lines
}

export interface ScimListen {
  readonly host: string
  /** 0 = any free one. */
  readonly port: number
  /** PEM. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer }
}

export interface ScimServer extends AsyncDisposable {
  readonly address: { readonly host: string; readonly port: number }
  /** Without a path: `http://127.0.0.1:7070`. */
  readonly url: string
  /** New connections get this certificate. */
  replaceTls(tls: { readonly cert: Buffer; readonly key: Buffer }): void
  /** Ends idle connections, answers what is in flight, refuses what comes later. */
  close(): Promise<void>
  /** Hands the newest entries of the sync log to the store now, instead of within the second. */
  flushSyncLog(): Promise<void>
}

/** What is known about a request while it is served. */
export interface ScimRequestFacts {
  caller: ScimCaller | undefined
  readonly startedMs: number
  /** The body as it came, until it is the request's turn to have it read. */
  sent: Buffer | undefined
  answer: Answer | undefined
  error: ScimError | undefined
}

declare module 'fastify' {
  interface FastifyRequest {
    scim: ScimRequestFacts
  }
  interface FastifyContextConfig {
    operation?: Operation
    /** Where it may take longer than any other. */
    timeoutMs?: number
  }
}

/** @throws {ListenError} when the address cannot be had. */
export async function serveScim(options: ScimHttpOptions): Promise<ScimServer> {
  const { scim, tokens, observer, clock, listen } = options
  const rate = new RateLimit(options.rate ?? rateDefault, clock)
  const syncLog = new SyncLog(options.keepNotes, options.directories, clock)
  const authentication = new Authentication(tokens, rate, observer, syncLog)
  const app = createServer(listen, clock, authentication)
  let closing = false

  const readBody = acceptJsonBodies(app)
  const turns = new Turns(options.lines ?? newLines(), clock)
  app.addHook('onRoute', (route) => {
    route.handler = turns.around(route.handler, readBody)
  })
  app.addHook('onRequest', async (request, reply) => {
    request.scim = newFacts(clock)
    if (closing) throw new ScimError(503, 'this server is shutting down', { retryAfterS: 1 })
    // Nobody has authenticated: a body is not waited for, not even to throw it away.
    if (hasBody(request)) reply.header('connection', 'close')
    await authentication.check(request)
    reply.removeHeader('connection')
    if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
      throw new ScimError(415, 'a compressed body is not accepted: send it as it is')
    }
  })
  const failureOf = (error: unknown): ScimError => {
    const known = scimErrorOf(error)
    if (known === undefined) observer.internalError({ room: 'scim-http', error })
    return known ?? internalError()
  }
  app.setErrorHandler((error, _request, reply) => sendError(reply, failureOf(error)))
  app.addHook('onResponse', async (request, reply) => {
    const { caller, startedMs, answer, error } = request.scim
    // Refused tokens are told by scimAuthFailed, which leaves most of a flood out.
    if (caller === undefined && reply.statusCode === 401) return
    const facts = {
      operation: request.routeOptions.config?.operation ?? 'other',
      method: request.method,
      route: request.routeOptions.url ?? 'unknown',
      status: reply.statusCode,
      durationMs: clock.monotonicMs() - startedMs,
    }
    const notes = answer?.notes ?? []
    const { directory } = caller ?? {}
    observer.scimRequest({ directory, ...facts, detail: error?.logged, notes })
    if (caller === undefined) return
    try {
      const answered = { ...facts, at: toDateTime(clock.wallMs()), tokenId: caller.tokenId }
      syncLog.add(caller.directory, ...entriesOf(request, answered))
    } catch (bug) {
      observer.internalError({ room: 'scim-http', error: bug })
    }
  })
  addRoutes(app, { scim, rate, clock, isClosing: () => closing, failureOf })

  const { host, port: wanted } = listen
  await app.listen({ host, port: wanted }).catch((cause: unknown) => {
    throw new ListenError(host, wanted, 'listen.scim.address', cause)
  })
  const { port } = app.server.address() as AddressInfo
  const scheme = listen.tls === undefined ? 'http' : 'https'
  const close = async () => {
    closing = true
    await app.close()
    turns[Symbol.dispose]()
    await syncLog.close()
  }
  return {
    address: { host: listen.host, port },
    url: `${scheme}://${isIPv6(listen.host) ? `[${listen.host}]` : listen.host}:${port}`,
    replaceTls: ({ cert, key }) => {
      if (app.server instanceof TlsServer) app.server.setSecureContext({ cert, key })
    },
    close,
    flushSyncLog: () => syncLog.flush(),
    [Symbol.asyncDispose]: close,
  }
}

function createServer(
  { tls }: ScimListen,
  clock: Clock,
  authentication: Authentication,
): FastifyInstance {
  const server = tls === undefined ? { http: timeouts } : { https: { ...timeouts, ...tls } }
  const app = fastify({
    ...server,
    logger: false,
    bodyLimit: smallBodyBytesMax,
    requestTimeout: timeouts.requestTimeout,
    keepAliveTimeout: keepAliveTimeoutMs,
    maxRequestsPerSocket: requestsPerSocketMax,
    forceCloseConnections: 'idle',
    // Ours is in the hook, since Fastify's own is not SCIM's.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: {
      maxParamLength: paramLengthMax,
      // Tenant URLs are typed by people, with and without a slash at the end.
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
    },
    clientErrorHandler: answerClientError,
    // A URL that cannot be decoded, which no hook sees.
    frameworkErrors: async (error, request, reply) => {
      request.scim = newFacts(clock)
      try {
        await authentication.check(request)
        sendError(reply, scimErrorOf(error) ?? internalError())
      } catch (refused) {
        sendError(reply, scimErrorOf(refused) ?? internalError())
      }
    },
  }) as unknown as FastifyInstance
  app.decorateRequest('scim')
  return app
}

function newFacts(clock: Clock): ScimRequestFacts {
  const startedMs = clock.monotonicMs()
  return { caller: undefined, startedMs, sent: undefined, answer: undefined, error: undefined }
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** What is no HTTP, came too slowly or is too long: there is no request yet to answer. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const { status, reason } = clientErrors[error.code ?? ''] ?? badHttp
  const body = JSON.stringify(errorBody(new ScimError(status, reason.toLowerCase())))
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    `Content-Type: ${scimMediaType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

const badHttp = { status: 400, reason: 'Bad Request' } as const
const clientErrors: Readonly<
  Record<string, { readonly status: 400 | 408 | 431; readonly reason: string }>
> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, reason: 'Request Timeout' },
  HPE_HEADER_OVERFLOW: { status: 431, reason: 'Request Header Fields Too Large' },
}
