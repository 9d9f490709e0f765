import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { isObject, type Json, type JsonObject } from '../decision/sent-json.ts'
import { faultOfShape } from '../std/json-shape.ts'
import { bodyDepthMax, bodyNamesMax } from './limits.ts'
import { Failure } from './status.ts'

/** Lets bodies in as bytes, whatever they say they are: `mediaFault` and `readBody` judge them. */
export function acceptBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))
}

/**
 * JSON in UTF-8 as it is, and nothing else. The standard wants 400, where HTTP would have 415.
 * Asked before the body is read.
 */
export function mediaFault(
  contentType: string | undefined,
  contentEncoding: string | undefined,
): Failure | undefined {
  if ((contentEncoding ?? 'identity') !== 'identity') {
    return new Failure(400, '`Content-Encoding` is not accepted: send the body as it is')
  }
  if (contentType !== undefined && mediaType.test(contentType)) return undefined
  return new Failure(400, '`Content-Type` must be application/json')
}

/** RFC 9110 §8.3.1: parameters may follow; names compare without case. */
const mediaType = /^application\/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*"?utf-8"?[ \t]*)?;?$/i

/**
 * The object in a body. A name that stands twice counts as it stands last; names that mean
 * something to JavaScript mean nothing here, since objects are read by the names of the standard
 * alone.
 */
export function readBody(body: unknown): JsonObject | Failure {
  if (!Buffer.isBuffer(body) || body.length === 0) return new Failure(400, 'the body is empty')
  if (!isUtf8(body)) return new Failure(400, 'the body is not UTF-8')
  const fault = faultOfShape(body, bodyDepthMax, bodyNamesMax)
  if (fault !== undefined) return new Failure(400, shapeFaults[fault])
  let json: Json
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    // What the parser says of it quotes the body.
    return new Failure(400, 'the body is not valid JSON')
  }
  return isObject(json) ? json : new Failure(400, 'the body is not a JSON object')
}

const shapeFaults = {
  tooDeep: `the body is nested deeper than ${bodyDepthMax}`,
  tooManyNames: `an object in the body has more than ${bodyNamesMax} names`,
}
