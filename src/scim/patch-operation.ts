import { sameName } from '../directory/schema-registry.ts'
import { isJsonObject, property } from './json-object.ts'
import { badRequest, wrongValue } from './scim-error.ts'

/** One operation of a PATCH, well formed. Its path and value have not been looked at. */
export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove'
  /** Undefined: the names stand in the value. */
  readonly path: string | undefined
  readonly value: unknown
  /** How errors name it: `Operations[2]`. */
  readonly place: string
}

export const patchUrn = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

/**
 * Operations in one request. Entra sends up to 40 on a user and one per changed attribute; each may
 * go through a list, so a body of 16 MiB must not hold a million.
 */
export const patchOperationsMax = 1_000

/** RFC 7644 §3.5.2. Entra writes `op` as `Add`, `Replace` and `Remove`. */
export function readPatch(body: unknown): readonly PatchOperation[] {
  if (!isJsonObject(body)) throw badRequest('invalidSyntax', 'the body must be a JSON object')
  const schemas = property(body, 'schemas')
  const isPatch = (urn: unknown) => typeof urn === 'string' && sameName(urn, patchUrn)
  if (!Array.isArray(schemas) || !schemas.some(isPatch)) {
    throw badRequest('invalidSyntax', `\`schemas\` must contain \`${patchUrn}\``)
  }
  const operations = property(body, 'Operations')
  if (!Array.isArray(operations) || operations.length === 0) {
    throw badRequest('invalidSyntax', '`Operations` must be a list of at least one operation')
  }
  if (operations.length > patchOperationsMax) {
    const detail = `\`Operations\` must be at most ${patchOperationsMax}, not ${operations.length}`
    throw badRequest('invalidValue', `${detail}: send the others in a further request`)
  }
  return operations.map((operation, index) => readOperation(operation, `Operations[${index}]`))
}

function readOperation(sent: unknown, place: string): PatchOperation {
  if (!isJsonObject(sent)) {
    throw wrongValue('invalidSyntax', `\`${place}\` must be an object`, sent)
  }
  const name = property(sent, 'op')
  const op = operators.find((known) => typeof name === 'string' && sameName(known, name))
  if (op === undefined) {
    const detail = `\`${place}.op\` must be add, replace or remove`
    throw wrongValue('invalidSyntax', detail, name)
  }
  const path = property(sent, 'path')
  const value = property(sent, 'value')
  const isAbsent = path === undefined || path === null || path === ''
  if (!isAbsent && typeof path !== 'string') {
    throw wrongValue('invalidPath', `\`${place}.path\` must be a string`, path)
  }
  if (op === 'remove' && isAbsent) {
    // RFC 7644 §3.5.2.2.
    throw badRequest('noTarget', `\`${place}\`: remove needs a \`path\``)
  }
  if (op !== 'remove' && value === undefined) {
    throw badRequest('invalidValue', `\`${place}\`: ${op} needs a \`value\``)
  }
  if (isAbsent && op !== 'remove' && !isJsonObject(value)) {
    const detail = `\`${place}.value\` must be an object where there is no \`path\``
    throw wrongValue('invalidValue', detail, value)
  }
  return { op, path: isAbsent ? undefined : path, value, place }
}

const operators = ['add', 'replace', 'remove'] as const
