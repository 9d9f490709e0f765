import { sameName } from '../directory/schema-registry.ts'
import type { BulkTask } from './bulk-request.ts'
import { isJsonObject, type JsonObject } from './json-object.ts'

/** The id of what the POST with this bulkId has created. */
export type IdOf = (bulkId: string) => string

/**
 * The bulkId in `bulkId:qwerty`, which stands for the id of what that POST creates (RFC 7644
 * §3.7.2); undefined for any other text.
 */
export function referenceIn(text: string): string | undefined {
  return text.startsWith(prefix) ? text.slice(prefix.length) : undefined
}
const prefix = 'bulkId:'

/** The bulkIds that an operation refers to, each once: in its path, its data, the paths there. */
export function referencesIn(task: BulkTask): ReadonlySet<string> {
  const found = new Set<string>()
  withIds(task, (bulkId) => {
    found.add(bulkId)
    return `${prefix}${bulkId}`
  })
  return found
}

/** The operation with ids in place of its references. What was sent stays as it is. */
export function withIds(task: BulkTask, idOf: IdOf): BulkTask {
  const { target, data, method } = task
  const walk = { idOf, isPatch: method === 'PATCH' }
  return { ...task, target: inText(target, idOf), data: inValue(data, walk, 0) }
}

interface Walk {
  readonly idOf: IdOf
  readonly isPatch: boolean
}

function inText(text: string, idOf: IdOf): string {
  const bulkId = referenceIn(text)
  return bulkId === undefined ? text : idOf(bulkId)
}

/** A value is itself where it holds no reference: a large one is not copied for nothing. */
function inValue(value: unknown, walk: Walk, depth: number): unknown {
  if (typeof value === 'string') return inText(value, walk.idOf)
  if (depth > depthMax) return value
  if (Array.isArray(value)) return inList(value, walk, depth)
  return isJsonObject(value) ? inObject(value, walk, depth) : value
}
/** No attribute lies that deep: in a PATCH, a list of complex values begins at the fourth level. */
const depthMax = 16

function inList(list: readonly unknown[], walk: Walk, depth: number): readonly unknown[] {
  const next = list.map((element) => inValue(element, walk, depth + 1))
  return next.every((element, index) => element === list[index]) ? list : next
}

function inObject(object: JsonObject, walk: Walk, depth: number): JsonObject {
  const { idOf, isPatch } = walk
  const copy = Object.create(null) as { [name: string]: unknown }
  let isSame = true
  for (const name of Object.keys(object)) {
    const value = object[name]
    const isPath = isPatch && depth === operationDepth && sameName(name, 'path')
    const next =
      isPath && typeof value === 'string' ? inPath(value, idOf) : inValue(value, walk, depth + 1)
    // A PATCH without paths has them as the names in its values.
    const key = isPatch ? inPath(name, idOf) : name
    copy[key] = next
    isSame &&= next === value && key === name
  }
  return isSame ? object : copy
}
/** `data` holds `Operations`, which hold the operations of a PATCH. */
const operationDepth = 2

/** `members[value eq "bulkId:x"]`: references are whole texts of a filter here. */
function inPath(path: string, idOf: IdOf): string {
  let [done, from] = ['', 0]
  for (let start = path.indexOf('"'); start >= 0; start = path.indexOf('"', from)) {
    const end = endOfLiteral(path, start)
    done += path.slice(from, start) + inLiteral(path.slice(start, end), idOf)
    from = end
  }
  return from === 0 ? path : done + path.slice(from)
}

/** Behind the quote that closes the text, or the end of all. */
function endOfLiteral(path: string, start: number): number {
  let at = start + 1
  while (at < path.length && path[at] !== '"') at += path[at] === '\\' ? 2 : 1
  return Math.min(at + 1, path.length)
}

function inLiteral(literal: string, idOf: IdOf): string {
  const text = textOf(literal)
  const bulkId = text === undefined ? undefined : referenceIn(text)
  return bulkId === undefined ? literal : JSON.stringify(idOf(bulkId))
}

function textOf(literal: string): string | undefined {
  try {
    return String(JSON.parse(literal))
  } catch {
    // No JSON text: whoever reads the path says what is wrong with it.
    return undefined
  }
}
