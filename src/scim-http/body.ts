import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { namesMax } from '../scim/limits.ts'
import { badRequest } from '../scim/scim-error.ts'
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

/**
 * Before parsing: 16 million brackets would parse, into a gigabyte, and a million names in one
 * object take more than a second.
 */
export function faultOfShape(
  json: Uint8Array,
  depthMax: number,
  namesPerObjectMax: number,
): 'tooDeep' | 'tooManyNames' | undefined {
  const names: number[] = [0]
  let depth = 0
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at]
    if (byte === quote) {
      at = endOfString(json, at)
    } else if (byte === openBracket || byte === openBrace) {
      depth += 1
      if (depth > depthMax) return 'tooDeep'
      names[depth] = 0
    } else if (byte === closeBracket || byte === closeBrace) {
      depth -= 1
    } else if (byte === colon) {
      names[depth] = (names[depth] ?? 0) + 1
      if (names[depth]! > namesPerObjectMax) return 'tooManyNames'
    }
  }
  return undefined
}

/** Where the quote that closes the string stands. */
function endOfString(json: Uint8Array, start: number): number {
  let at = start + 1
  while (at < json.length && json[at] !== quote) at += json[at] === backslash ? 2 : 1
  return at
}

const shapeFaults = {
  tooDeep: `the body must not be nested deeper than ${bodyDepthMax}`,
  tooManyNames: `an object in the body must have at most ${namesMax} names`,
}
const quote = 0x22
const colon = 0x3a
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
