import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { bulkBytesMax, readBulk } from '../scim/bulk-request.ts'
import type { Discovery } from '../scim/discovery.ts'
import type { Asked, Scim } from '../scim/scim.ts'
import { badRequest, ScimError } from '../scim/scim-error.ts'
import type { SearchRequest } from '../scim/search.ts'
import { assert } from '../std/assert.ts'
import type { Clock } from '../std/clock.ts'
import { sendAnswer } from './answers.ts'
import {
  bodyBytesMax,
  bulkHandlerTimeoutMs,
  bulkMsMax,
  type RateLimit,
  smallBodyBytesMax,
} from './limits.ts'

/** Of every directory. The directory is checked against the token before any handler runs. */
const base = '/scim/:directory/v2'

/** What a handler does, as it is counted. */
export type Operation =
  | 'create'
  | 'get'
  | 'list'
  | 'replace'
  | 'patch'
  | 'delete'
  | 'bulk'
  | 'discover'
  | 'other'

interface Route {
  readonly operation: Operation
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>
  /** Where it may take longer than any other. */
  readonly timeoutMs?: number
}
type Routes = Partial<Record<HTTPMethods, Route>>

export interface RouteParts {
  readonly scim: Scim
  readonly rate: RateLimit
  readonly clock: Clock
  /** Whether what can wait for another server should. */
  readonly isClosing: () => boolean
  /** What a failure is to the client. Tells the observer where that is "internal error". */
  readonly failureOf: (error: unknown) => ScimError
}

/** All URLs there are. A known URL answers other methods with 405, an unknown one with 404. */
export function addRoutes(app: FastifyInstance, parts: RouteParts): void {
  const { scim } = parts
  for (const [of, url, bodyLimit] of [
    ['users', `${base}/Users`, smallBodyBytesMax],
    ['groups', `${base}/Groups`, bodyBytesMax],
  ] as const) {
    addUrl(app, url, bodyLimit, {
      GET: route('list', async (request, reply) =>
        sendAnswer(reply, await scim.list(of, directoryOf(request), queryOf(request))),
      ),
      POST: route('create', async (request, reply) => {
        const answer = await scim.create(of, directoryOf(request), request.body, askedOf(request))
        return sendAnswer(reply, answer)
      }),
    })
    addUrl(app, `${url}/.search`, smallBodyBytesMax, {
      POST: route('list', async (request, reply) =>
        sendAnswer(reply, await scim.list(of, directoryOf(request), searchBody(request))),
      ),
    })
    addUrl(app, `${url}/:id`, bodyLimit, {
      GET: route('get', async (request, reply) => {
        const answer = await scim.get(of, directoryOf(request), idOf(request), askedOf(request))
        return sendAnswer(reply, answer)
      }),
      PUT: route('replace', async (request, reply) => {
        const [directory, id] = [directoryOf(request), idOf(request)]
        const answer = await scim.replace(of, directory, id, request.body, askedOf(request))
        return sendAnswer(reply, answer)
      }),
      PATCH: route('patch', async (request, reply) => {
        const [directory, id] = [directoryOf(request), idOf(request)]
        const answer = await scim.patch(of, directory, id, request.body, askedOf(request))
        return sendAnswer(reply, answer)
      }),
      DELETE: route('delete', async (request, reply) => {
        const answer = await scim.delete(of, directoryOf(request), idOf(request), askedOf(request))
        return sendAnswer(reply, answer)
      }),
    })
  }
  addRootSearch(app, scim)
  addBulk(app, parts)
  addDiscovery(app, scim)
  // RFC 7644 §3.11: optional, and a token is no user.
  app.all(`${base}/Me`, { config: { operation: 'other' } }, () => {
    throw new ScimError(501, '`/Me` is not served here')
  })
  // Within a directory, so that the directory in the URL is checked on these too.
  for (const url of ['/scim/:directory', '/scim/:directory/*']) {
    app.all(url, { config: { operation: 'other' } }, notFoundHere)
  }
  app.setNotFoundHandler(notFoundHere)
}

/** RFC 7644 §3.7. */
function addBulk(app: FastifyInstance, parts: RouteParts): void {
  const { scim, rate, clock, isClosing, failureOf } = parts
  const { operation, handler } = route('bulk', async (request, reply) => {
    const directory = directoryOf(request)
    const bulk = readBulk(request.body)
    // Otherwise it would be the way around the limit.
    const waitS = rate.takeFurther(directory, bulk.operations.length - 1)
    if (waitS !== undefined) {
      const detail = 'too many requests for this directory: each operation counts as one'
      throw new ScimError(429, detail, { retryAfterS: waitS })
    }
    const endMs = request.scim.startedMs + bulkMsMax
    const isOver = () => isClosing() || clock.monotonicMs() >= endMs
    return sendAnswer(reply, await scim.bulk(directory, bulk, { isOver, failureOf }))
  })
  const POST = { operation, handler, timeoutMs: bulkHandlerTimeoutMs }
  addUrl(app, `${base}/Bulk`, bulkBytesMax, { POST })
}

/** RFC 7644 §3.4.2.1 and §3.4.3: over all resource types at once. */
function addRootSearch(app: FastifyInstance, scim: Scim): void {
  addUrl(app, base, smallBodyBytesMax, {
    GET: route('list', async (request, reply) =>
      sendAnswer(reply, await scim.listAll(directoryOf(request), queryOf(request))),
    ),
  })
  addUrl(app, `${base}/.search`, smallBodyBytesMax, {
    POST: route('list', async (request, reply) =>
      sendAnswer(reply, await scim.listAll(directoryOf(request), searchBody(request))),
    ),
  })
}

function addDiscovery(app: FastifyInstance, scim: Scim): void {
  const serve = (what: Discovery['what']) =>
    route('discover', async (request, reply) => {
      // RFC 7644 §4.
      if (queryOf(request).filter !== undefined) {
        throw new ScimError(403, `\`/${what}\` takes no filter`)
      }
      const { id } = request.params as { readonly id?: string }
      const named = id === undefined ? { what } : { what, named: id }
      return sendAnswer(reply, scim.discover(directoryOf(request), named))
    })
  addUrl(app, `${base}/ServiceProviderConfig`, smallBodyBytesMax, {
    GET: serve('ServiceProviderConfig'),
  })
  for (const what of ['Schemas', 'ResourceTypes'] as const) {
    addUrl(app, `${base}/${what}`, smallBodyBytesMax, { GET: serve(what) })
    addUrl(app, `${base}/${what}/:id`, smallBodyBytesMax, { GET: serve(what) })
  }
}

function addUrl(app: FastifyInstance, url: string, bodyLimit: number, routes: Routes): void {
  const methods = Object.keys(routes) as HTTPMethods[]
  for (const method of methods) {
    const { handler, ...config } = routes[method]!
    app.route({ method, url, bodyLimit, handler, config })
  }
  const allow = methods.join(', ')
  const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header('allow', allow)
    throw new ScimError(405, `${request.method} is not possible here: ${allow} are`)
  }
  const others = app.supportedMethods.filter((method) => !methods.includes(method as HTTPMethods))
  // In a hook, so that whatever body comes with it is not looked at.
  const config = { operation: 'other' } as const
  app.route({ method: others, url, config, onRequest: refuse, handler: refuse })
}

function route(operation: Operation, handler: Route['handler']): Route {
  return { operation, handler }
}

function notFoundHere(): never {
  throw new ScimError(404, 'there is nothing at this URL')
}

/** From the token, which has been checked against the URL. */
function directoryOf(request: FastifyRequest) {
  const { caller } = request.scim
  assert(caller !== undefined, 'a handler ran without authentication')
  return caller.directory
}

function idOf(request: FastifyRequest): string {
  return (request.params as { readonly id: string }).id
}

function askedOf(request: FastifyRequest): Asked {
  const { attributes, excludedAttributes } = queryOf(request)
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers
  return { attributes, excludedAttributes, ifMatch, ifNoneMatch }
}

/** The parameters that we know. Others are ignored: Entra sends `aadOptscim062020`. */
function queryOf(request: FastifyRequest): SearchRequest {
  const query = request.query as Readonly<Record<string, unknown>>
  for (const name of searchParameters) {
    if (!Array.isArray(query[name])) continue
    throw badRequest('invalidSyntax', `\`${name}\` stands more than once in the URL`)
  }
  return query
}

const searchParameters = [
  ...['filter', 'sortBy', 'sortOrder', 'startIndex', 'count', 'cursor'],
  ...['attributes', 'excludedAttributes'],
] as const

/** RFC 7644 §3.4.3. */
function searchBody(request: FastifyRequest): SearchRequest {
  const body = request.body as SearchRequest & { readonly schemas?: unknown }
  const urn = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest'
  if (Array.isArray(body?.schemas) && body.schemas.includes(urn)) return body
  throw badRequest('invalidSyntax', `\`schemas\` must contain \`${urn}\``)
}
