import type { Collection } from '../directory/directory.ts'
import { sameName } from '../directory/schema-registry.ts'
import { referenceIn } from './bulk-reference.ts'
import { isJsonObject, type JsonObject, property } from './json-object.ts'
import { resourceTypes } from './resource-type.ts'
import { badRequest, ScimError, wrongValue } from './scim-error.ts'

/** A bulk whose envelope can be read; what it holds may still be wrong, operation by operation. */
export interface BulkRequest {
  /** After so many errors the rest is left alone. Infinity: never. */
  readonly errorsMax: number
  readonly operations: readonly BulkOperation[]
}

export interface BulkOperation {
  /** As sent, for the answer; undefined where it is no text. A method we know is in capitals. */
  readonly method: string | undefined
  readonly bulkId: string | undefined
  readonly place: BulkPlace | undefined
  /** What is to be done there, or why that cannot be read. */
  readonly task: BulkTask | ScimError
}

/** What a path names: an endpoint, or one of its resources. */
export interface BulkPlace {
  readonly of: Collection
  /** An id, or a reference to one; empty for the endpoint itself. */
  readonly target: string
}

/** One operation, with everything that its method asks for. */
export interface BulkTask extends BulkPlace {
  readonly method: BulkMethod
  readonly data: unknown
  /** RFC 7644 §3.7: as the header If-Match of a single request. */
  readonly ifMatch: string | undefined
}
export type BulkMethod = (typeof methods)[number]

const methods = ['POST', 'PUT', 'PATCH', 'DELETE'] as const

/** Each is a write of its own, synced to disk, and all are answered within one request. */
export const bulkOperationsMax = 1_000
/**
 * Bytes of the whole: 4 KiB for each operation, and a user of an identity provider has one or two.
 * It is parsed at once, so it is less than what a group alone may have.
 */
export const bulkBytesMax = 4 * 1024 * 1024

const bulkRequestUrn = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'

/** RFC 7644 §3.7. Throws where there are no operations to be answered one by one. */
export function readBulk(body: unknown): BulkRequest {
  if (!isJsonObject(body)) throw badRequest('invalidSyntax', 'the body must be a JSON object')
  const schemas = property(body, 'schemas')
  const isBulk = (urn: unknown) => typeof urn === 'string' && sameName(urn, bulkRequestUrn)
  if (!Array.isArray(schemas) || !schemas.some(isBulk)) {
    throw badRequest('invalidSyntax', `\`schemas\` must contain \`${bulkRequestUrn}\``)
  }
  const operations = property(body, 'Operations')
  if (!Array.isArray(operations) || operations.length === 0) {
    throw badRequest('invalidSyntax', '`Operations` must be a list of at least one operation')
  }
  if (operations.length > bulkOperationsMax) {
    // RFC 7644 §3.7.4: the answer names the limit.
    const detail = `the bulk operation exceeds \`maxOperations\` (${bulkOperationsMax})`
    throw new ScimError(413, `${detail}: send the others in a further request`)
  }
  return {
    errorsMax: readErrorsMax(property(body, 'failOnErrors')),
    operations: operations.map((sent, index) => readOperation(sent, `Operations[${index}]`)),
  }
}

/** 0 is no limit: clients send it who write out a number that nobody has set. */
function readErrorsMax(sent: unknown): number {
  if (sent === undefined || sent === null || sent === 0) return Number.POSITIVE_INFINITY
  if (typeof sent === 'number' && Number.isInteger(sent) && sent > 0) return sent
  throw wrongValue('invalidValue', '`failOnErrors` must be a whole number from 0', sent)
}

function readOperation(sent: unknown, at: string): BulkOperation {
  if (!isJsonObject(sent)) {
    const task = wrongValue('invalidSyntax', `\`${at}\` must be an object`, sent)
    return { method: undefined, bulkId: undefined, place: undefined, task }
  }
  const method = property(sent, 'method')
  const known = methods.find((name) => typeof method === 'string' && sameName(name, method))
  const place = readPlace(property(sent, 'path'))
  return {
    method: known ?? text(method),
    bulkId: text(property(sent, 'bulkId')),
    place,
    task: readTask(sent, known, place, at),
  }
}

function text(sent: unknown): string | undefined {
  return typeof sent === 'string' ? sent : undefined
}

/**
 * `/Users`, `/Users/ID`, both also without the first slash. Relative to the base URL (RFC 7644
 * §3.7): an absolute one could name another directory. What else stands in a URL, such as a query,
 * dots or percent signs, is refused, so there is nothing to decode.
 */
function readPlace(sent: unknown): BulkPlace | undefined {
  if (typeof sent !== 'string') return undefined
  const path = sent.startsWith('/') ? sent.slice(1) : sent
  const slash = path.indexOf('/')
  const [endpoint, target] = slash < 0 ? [path, ''] : [path.slice(0, slash), path.slice(slash + 1)]
  const type = [resourceTypes.users, resourceTypes.groups].find(
    (candidate) => candidate.endpoint === `/${endpoint}`,
  )
  if (type === undefined) return undefined
  return referenceIn(target) !== undefined || idCharacters.test(target)
    ? { of: type.of, target }
    : undefined
}
const idCharacters = /^[A-Za-z0-9_-]*$/

function readTask(
  sent: JsonObject,
  method: BulkMethod | undefined,
  place: BulkPlace | undefined,
  at: string,
): BulkTask | ScimError {
  if (method === undefined) {
    const wanted = `\`${at}.method\` must be ${methods.join(', ')}`
    return wrongValue('invalidValue', wanted, property(sent, 'method'))
  }
  const bulkId = property(sent, 'bulkId')
  const needsBulkId = method === 'POST' || (bulkId !== undefined && bulkId !== null)
  if (needsBulkId && (typeof bulkId !== 'string' || bulkId === '')) {
    const why = method === 'POST' ? ': a POST needs one' : ''
    return wrongValue('invalidValue', `\`${at}.bulkId\` must be a text${why}`, bulkId)
  }
  if (place === undefined || (place.target === '') !== (method === 'POST')) {
    const form = method === 'POST' ? '`/Users` or `/Groups`' : 'of the form `/Users/{id}`'
    const wanted = `\`${at}.path\` of a ${method} must be ${form}, relative to the SCIM base URL`
    return wrongValue('invalidPath', wanted, property(sent, 'path'))
  }
  const data = property(sent, 'data')
  if (method !== 'DELETE' && !isJsonObject(data)) {
    return wrongValue('invalidSyntax', `\`${at}.data\` of a ${method} must be an object`, data)
  }
  const version = property(sent, 'version') ?? undefined
  if (version !== undefined && typeof version !== 'string') {
    return wrongValue('invalidValue', `\`${at}.version\` must be a text`, version)
  }
  // A resource that is to be created has no version yet.
  return { ...place, method, data, ifMatch: method === 'POST' ? undefined : version }
}
