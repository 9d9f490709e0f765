import { WireError } from './errors.ts'
import { frameBytesMax } from './frame.ts'
import { decisionMethods } from './service.ts'

export interface CheckRequest {
  /** Exactly one of user, id and externalId. `user` is the SCIM userName. */
  readonly user?: string
  readonly id?: string
  readonly externalId?: string
  /** The directory's id; without it the user name's domain decides. */
  readonly directory?: string
  /** An application's name, or where the connection goes; with both they must agree. */
  readonly app?: string
  readonly host?: string
  readonly ip?: string
  readonly port?: number
  readonly protocol?: string
  /** Default `connect`. */
  readonly action?: string
  /** Nested objects become dotted keys: `{ posture: { firewall: true } }`. */
  readonly claims?: ClientValues
  readonly context?: ClientValues
  /** A revision seen earlier: the answer is not older than it. */
  readonly minRevision?: string
  /** Until when an answer is waited for, at most a minute. Default: the client's. */
  readonly timeoutMs?: number
}
export interface ClientValues {
  readonly [key: string]: ClientValue
}
/** Null and undefined are left out, so that the server finds the key missing. */
export type ClientValue =
  | string
  | number
  | boolean
  | readonly string[]
  | ClientValues
  | null
  | undefined

/** The request as it is sent. @throws {WireError} when it has no unambiguous form. */
export function encodeRequest(request: CheckRequest): Uint8Array {
  const body = decisionMethods.Check.requestSerialize(toRequest(request))
  if (body.length <= bodyBytesMax) return body
  throw new WireError('REQUEST', `it takes ${body.length} bytes, ${bodyBytesMax} are the most`)
}

/** A frame takes it together with its id, its length and a revision. */
const bodyBytesMax = frameBytesMax - 1024

/** @throws {WireError} unless it is a time that can be waited. */
export function timeoutOf({ timeoutMs }: CheckRequest, standardMs: number): number {
  if (timeoutMs === undefined) return standardMs
  if (timeoutMs > 0 && timeoutMs <= timeoutMsMax) return timeoutMs
  throw new WireError('REQUEST', `\`timeoutMs\` is not from 1 to ${timeoutMsMax}`)
}

/** Nobody waits longer for a connection; and a timer takes no more than 24 days. */
export const timeoutMsMax = 60_000

function toRequest(request: CheckRequest): object {
  const { user, id, externalId, directory, app, host, ip, port, protocol } = request
  const names = [user, id, externalId].filter((name) => name !== undefined)
  if (names.length !== 1) {
    throw new WireError('REQUEST', 'name the subject by exactly one of user, id, externalId')
  }
  const somewhere = [host, ip, port, protocol].some((part) => part !== undefined)
  return {
    subject: {
      ...(user !== undefined && { user_name: user }),
      ...(id !== undefined && { id }),
      ...(externalId !== undefined && { external_id: externalId }),
      ...(directory !== undefined && { directory }),
    },
    ...(app !== undefined && { application: app }),
    ...(somewhere && { destination: { host, ip, port: wholePort(port), protocol } }),
    ...(request.action !== undefined && { action: request.action }),
    ...(request.claims && { claims: flatten('claims', request.claims) }),
    ...(request.context && { context: flatten('context', request.context) }),
    ...(request.minRevision !== undefined && { min_revision: request.minRevision }),
  }
}

/** The encoder wraps around at 2³², which would make another port of it. */
function wholePort(port: number | undefined): number | undefined {
  if (port === undefined || (Number.isInteger(port) && port >= 0 && port <= portMax)) return port
  throw new WireError('REQUEST', '`port` is not from 1 to 65535')
}
const portMax = 65_535

/** Deeper is a mistake or a cycle. */
const depthMax = 8

/** Nested objects to dotted keys. A key that comes out twice has two values: refused. */
function flatten(field: string, values: ClientValues): Record<string, object> {
  const flat: Record<string, object> = Object.create(null)
  const add = (prefix: string, nested: ClientValues, depth: number): void => {
    if (depth > depthMax) {
      throw new WireError('REQUEST', `\`${field}\` nests more than ${depthMax} levels`)
    }
    for (const [name, value] of Object.entries(nested)) {
      // `{ a: { 'b.c': 1 } }` and `{ a: { b: { c: 1 } } }` would become the same key.
      if (depth > 0 && name.includes('.')) {
        throw new WireError('REQUEST', `\`${field}\`: nested key \`${name}\` contains a dot`)
      }
      const key = `${prefix}${name}`
      if (value === null || value === undefined) continue
      if (isNested(value)) add(`${key}.`, value, depth + 1)
      else if (key in flat) throw new WireError('REQUEST', `\`${field}.${key}\` is given twice`)
      else flat[key] = toValue(`${field}.${key}`, value)
    }
  }
  add('', values, 0)
  return flat
}

function isNested(value: ClientValue): value is ClientValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function toValue(key: string, value: Exclude<ClientValue, ClientValues | null>): object {
  switch (typeof value) {
    case 'string':
      return { string: value }
    case 'number':
      return { number: value }
    case 'boolean':
      return { bool: value }
    default:
  }
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) {
    return { list: { values: value } }
  }
  const wanted = 'string, number, boolean, list of strings or object of these'
  throw new WireError('REQUEST', `\`${key}\` is no ${wanted}`)
}
