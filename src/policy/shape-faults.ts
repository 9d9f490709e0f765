import type { z } from 'zod'
import type { Fault } from '../std/fault.ts'
import { knownKeysAt } from '../std/known-keys.ts'
import { type LocatedYaml, type Path, pathText } from '../std/located-yaml.ts'
import { didYouMean } from '../std/nearest-name.ts'
import { operatorNames } from './condition-schema.ts'
import { documentDepthMax } from './limits.ts'

/** A fault, and which part of the file it spoils. */
export interface ShapeFault {
  readonly fault: Fault
  readonly path: Path
}

/** What the schema found wrong, in words that name the field and the fix. */
export function shapeFaults(
  issues: readonly z.core.$ZodIssue[],
  document: LocatedYaml,
  schema: z.ZodType,
): readonly ShapeFault[] {
  return issues.flatMap((issue) => shapeFault(issue, [], document, schema))
}

function shapeFault(
  issue: z.core.$ZodIssue,
  around: Path,
  document: LocatedYaml,
  schema: z.ZodType,
): readonly ShapeFault[] {
  const path = [...around, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    const known = knownAt(schema, path)
    return issue.keys.map((key) => unknownKey(key, known, path, document))
  }
  if (issue.code === 'invalid_union') {
    // The branch that got furthest is the one which was meant.
    const meant = issue.errors.find((branch) => branch.some(isInside))
    if (meant !== undefined) {
      return meant.flatMap((inner) => shapeFault(inner, path, document, schema))
    }
  }
  if (issue.code === 'invalid_key') {
    const message = `\`${pathText(path)}\`: ${issue.issues[0]?.message ?? issue.message}`
    return [{ path, fault: { file: document.file, ...document.placeOfKey(path), message } }]
  }
  const at = path.length === 0 ? 'the file' : `\`${pathText(path)}\``
  return [{ path, fault: document.faultAt(path, `${at}${reason(issue, path, document)}`) }]
}

/** Below the place of the union: its value had the shape of that branch. */
function isInside(issue: z.core.$ZodIssue): boolean {
  return issue.path.length > 0 || issue.code === 'unrecognized_keys' || issue.code === 'custom'
}

function reason(issue: z.core.$ZodIssue, path: Path, document: LocatedYaml): string {
  const found = valueAt(document.value, path)
  const text = issue.message.replace(/^Invalid (input|option): /, '').replace(/, received .*$/, '')
  const message = `${text.charAt(0).toLowerCase()}${text.slice(1)}`
  if (found === undefined) return ` is missing: ${message}`
  const options = issue.code === 'invalid_value' ? issue.values.map(String) : []
  const hint = typeof found === 'string' ? didYouMean(found, options) : ''
  return `: ${message}, found ${shown(found)}${hint}`
}

/** In conditions the schema knows no keys: those are attributes, and keys below them operators. */
function knownAt(schema: z.ZodType, path: Path): readonly string[] {
  const inConditions = path[0] === 'rules' && (path[2] === 'when' || path[2] === 'unless')
  return inConditions && path.length > 3 ? operatorNames : knownKeysAt(schema, path)
}

function unknownKey(
  key: string,
  known: readonly string[],
  around: Path,
  document: LocatedYaml,
): ShapeFault {
  const path = [...around, key]
  const allowed = known.length === 0 ? '' : `; known here: ${known.join(', ')}`
  const message = `\`${pathText(path)}\` is unknown${didYouMean(key, known)}${allowed}`
  return { path, fault: { file: document.file, ...document.placeOfKey(path), message } }
}

/**
 * What must not even reach the schema: a key `__proto__`, which it would drop in silence, so that a
 * condition went missing; and nesting without bound.
 */
export function structureFaults(document: LocatedYaml): readonly Fault[] {
  const faults: Fault[] = []
  const walk = (value: unknown, path: Path): void => {
    if (typeof value !== 'object' || value === null) return
    if (path.length >= documentDepthMax) {
      faults.push(document.faultAt(path, `nested more than ${documentDepthMax} deep`))
      return
    }
    if (!Array.isArray(value) && Object.hasOwn(value, '__proto__')) {
      const place = document.placeOfKey([...path, '__proto__'])
      faults.push({ file: document.file, ...place, message: '`__proto__` is no name here' })
    }
    for (const [key, each] of Object.entries(value)) {
      walk(each, [...path, Array.isArray(value) ? Number(key) : key])
    }
  }
  walk(document.value, [])
  return faults
}

function valueAt(value: unknown, path: Path): unknown {
  let found = value
  for (const part of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined
    found = (found as Record<PropertyKey, unknown>)[part]
  }
  return found
}

function shown(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  return typeof value === 'string'
    ? `the string ${JSON.stringify(value.slice(0, 64))}`
    : `\`${String(value)}\``
}
