import type { CheckRequest, ClientValue, ClientValues } from './client.ts'
import { WireError } from './errors.ts'

/** The message for a request. @throws {WireError} when it has no unambiguous form. */
export function toRequest(request: CheckRequest): object {
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
