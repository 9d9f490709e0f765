import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { JsonObject } from '../decision/sent-json.ts'
import type { Observer } from '../observe/observe.ts'
import { assert } from '../std/assert.ts'
import { traceOf } from '../std/trace-context.ts'
import type { Asking } from './asked.ts'
import { mediaFault, readBody } from './body.ts'
import type { Searched } from './convert.ts'
import type { Evaluations } from './evaluation.ts'
import { refuse, sendFailure, sendJson } from './http.ts'
import { batchBytesMax, bodyBytesMax } from './limits.ts'
import { metadataOf, metadataPaths, paths } from './metadata.ts'
import type { Searches } from './search.ts'
import { badRequest, Failure, internalError } from './status.ts'

export interface RouteParts {
  readonly evaluations: Evaluations
  readonly searches: Searches
  /** The public one. */
  readonly url: string
  readonly obligationTypes: readonly string[]
  readonly observer: Pick<Observer, 'internalError'>
}

/** All URLs there are. A known URL answers other methods with 405, an unknown one with 404. */
export function addRoutes(app: FastifyInstance, parts: RouteParts): void {
  const { evaluations, searches, url, obligationTypes, observer } = parts

  const evaluate: Handler = (body, asking, reply) => {
    const answer = (sent: object | Failure) => void sendAnswer(reply, sent)
    evaluations.one(body, asking, answer, (error) => {
      observer.internalError({ room: 'authzen', error })
      if (!reply.sent) sendFailure(reply, internalError())
    })
    return undefined
  }
  addPost(app, paths.evaluation, bodyBytesMax, evaluate)
  addPost(app, paths.evaluations, batchBytesMax, (body, asking, reply) => {
    const { evaluations: items = [] } = body
    if (!Array.isArray(items)) {
      const fault = { field: 'evaluations', description: 'is not a list' }
      sendFailure(reply, badRequest([fault]))
      return undefined
    }
    if (items.length === 0) return evaluate(body, asking, reply)
    return evaluations.many(items, body, asking)
  })
  const search = (searched: Searched) => (body: JsonObject, asking: Asking) =>
    searches.find(searched, body, asking)
  addPost(app, paths.subjectSearch, bodyBytesMax, search('subject'))
  addPost(app, paths.resourceSearch, bodyBytesMax, search('resource'))
  addPost(app, paths.actionSearch, bodyBytesMax, search('action'))

  const metadata = metadataOf(url, obligationTypes)
  for (const path of metadataPaths(url)) {
    app.get(path, { config: { isPublic: true } }, (_, reply) => sendJson(reply, metadata))
    refuseOthers(app, path, 'GET')
  }
}

/** Answers by itself through `reply`, or with what it returns. */
type Handler = (
  body: JsonObject,
  asking: Asking,
  reply: FastifyReply,
) => Promise<object | Failure> | undefined

function addPost(app: FastifyInstance, path: string, bodyLimit: number, handle: Handler): void {
  const onRequest = (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    const { 'content-type': type, 'content-encoding': encoding } = request.headers
    const fault = mediaFault(type, encoding)
    if (fault === undefined) done()
    else refuse(request, reply, fault)
  }
  app.post(path, { bodyLimit, onRequest }, (request, reply) => {
    const body = readBody(request.body)
    if (body instanceof Failure) return sendFailure(reply, body)
    const answer = handle(body, askingOf(request), reply)
    return answer?.then((sent) => sendAnswer(reply, sent))
  })
  refuseOthers(app, path, 'POST')
}

function sendAnswer(reply: FastifyReply, answer: object | Failure): FastifyReply {
  return answer instanceof Failure ? sendFailure(reply, answer) : sendJson(reply, answer)
}

function refuseOthers(app: FastifyInstance, url: string, allow: 'GET' | 'POST'): void {
  const method = app.supportedMethods.filter((each) => each !== allow)
  // In a hook, so that whatever body comes with it is not looked at.
  const onRequest = (request: FastifyRequest, reply: FastifyReply) => {
    const message = `${request.method} is not possible here: ${allow} is`
    refuse(request, reply, new Failure(405, message, { allow }))
  }
  app.route({ method, url, onRequest, handler: (_, reply) => reply })
}

function askingOf({ authzenCaller: caller, headers }: FastifyRequest): Asking {
  assert(caller !== undefined, 'a handler ran without a caller')
  const { traceparent } = headers
  return { caller, trace: typeof traceparent === 'string' ? traceOf(traceparent) : undefined }
}
