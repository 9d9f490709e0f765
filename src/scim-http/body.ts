import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { namesMax } from '../scim/limits.ts'
import { badRequest } from '../scim/scim-error.ts'
import { faultOfShape } from '../std/json-shape.ts'
import { bodyDepthMax } from './limits.ts'

export const scimMediaType = 'application/scim+json'

/**
 * Lets bodies of JSON in and no others, as bytes beside the request, and returns what reads them
 * when it is their turn. `__proto__` and `constructor.prototype` as keys are refused, since no
 * schema has them. A key that stands twice counts as it stands last. An empty body is undefined,
 * and the route decides: Okta sends DELETE with a Content-Type and no body.
 */
export function acceptJsonBodies(
  app: FastifyInstance,
): (request: FastifyRequest) => Promise<unknown> {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>(
    [scimMediaType, 'application/json'],
    { parseAs: 'buffer' },
    (request, body, done) => {
      request.scim.sent = body
      done(null, undefined)
    },
  )
  return async (request) => {
    const { sent: body } = request.scim
    request.scim.sent = undefined
    if (body === undefined || body.length === 0) return undefined
    if (!isUtf8(body)) throw badRequest('invalidSyntax', 'the body must be UTF-8')
    const fault = faultOfShape(body, bodyDepthMax, namesMax)
    if (fault !== undefined) throw badRequest('invalidSyntax', shapeFaults[fault])
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    void parse(request, body.toString('utf8'), (error, value) =>
      error === null ? resolve(value) : reject(error),
    )
    return await promise
  }
}

const shapeFaults = {
  tooDeep: `the body must not be nested deeper than ${bodyDepthMax}`,
  tooManyNames: `an object in the body must have at most ${namesMax} names`,
}
