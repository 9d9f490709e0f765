import type { z } from 'zod'
import type { Fault } from '../std/fault.ts'
import { knownKeysAt } from '../std/known-keys.ts'
import { type LocatedYaml, type Path, pathText } from '../std/located-yaml.ts'
import { didYouMean } from '../std/nearest-name.ts'
import { operatorKeys } from './condition-schema.ts'
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
  const faults = new Map<string, ShapeFault>()
  for (const issue of leading(issues)) {
    for (const fault of shapeFault(issue, [], document, schema)) {
      const { line, column, message } = fault.fault
      faults.set(`${line}:${column} ${message}`, fault)
    }
  }
  return [...faults.values()]
}

/** A key that is unknown explains what else its mapping lacks. */
function leading(issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
  const withUnknown = new Set(
    issues.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => pathText(path)),
  )
  return issues.filter(({ code, path }) => code !== 'custom' || !withUnknown.has(pathText(path)))
}

function shapeFault(
  issue: z.core.$ZodIssue,
  around: Path,
  document: LocatedYaml,
  schema: z.ZodType,
): readonly ShapeFault[] {
  const path = [...around, ...issue.path]
  const stray = strayKey(path)
  if (stray !== undefined) return [noAttribute(stray, document)]
  if (issue.code === 'unrecognized_keys') {
    const known = knownAt(schema, path)
    return issue.keys.map((key) => unknownKey(key, known, path, document))
  }
  if (issue.code === 'invalid_union') {
    // The branch that got furthest is the one which was meant.
    const meant = issue.errors.find((branch) => branch.some(isInside))
    if (meant !== undefined) {
      const unknown = meant.filter(({ code }) => code === 'unrecognized_keys')
      const told = unknown.length > 0 ? unknown : meant
      return told.flatMap((inner) => shapeFault(inner, path, document, schema))
    }
  }
  if (issue.code === 'invalid_key') {
    const message = `\`${pathText(path)}\`: ${issue.issues[0]?.message ?? issue.message}`
    return [{ path, fault: { file: document.file, ...document.placeOfKey(path), message } }]
  }
  const at = path.length === 0 ? 'the file' : `\`${pathText(path)}\``
  return [{ path, fault: document.faultAt(path, `${at}${reason(issue, path, document)}`) }]
}

/** The path to a key in conditions that cannot be an attribute, if it leads through one. */
function strayKey(path: Path): Path | undefined {
  if (!inConditions(path)) return undefined
  for (let at = 3; at < path.length; at++) {
    const key = path[at]
    if (key === 'time') return undefined
    if (key === 'all' || key === 'any' || key === 'not' || typeof key === 'number') continue
    return attributePrefix.test(String(key)) ? undefined : path.slice(0, at + 1)
  }
  return undefined
}
const attributePrefix = /^(?:user\.|claims\.|context\.|action\.|resource\.|urn:)/

function noAttribute(path: Path, document: LocatedYaml): ShapeFault {
  const key = String(path.at(-1))
  const allowed = 'write `user.…`, `claims.…` or `context.…`, or `all`, `any`, `not`, `time`'
  const hint = didYouMean(key, ['all', 'any', 'not', 'time'])
  const message = `\`${key}\` is no attribute${hint}: ${allowed}`
  return { path, fault: { file: document.file, ...document.placeOfKey(path), message } }
}

/** Below the place of the union: its value had the shape of that branch. */
function isInside(issue: z.core.$ZodIssue): boolean {
  return issue.path.length > 0 || issue.code === 'unrecognized_keys' || issue.code === 'custom'
}

function reason(issue: z.core.$ZodIssue, path: Path, document: LocatedYaml): string {
  const found = valueAt(document.value, path)
  if (found === undefined) return ` is missing: ${expectation(issue)}`
  if (issue.code === 'custom') return `: ${issue.message}`
  const options = issue.code === 'invalid_value' ? issue.values.map(String) : []
  const hint = typeof found === 'string' ? didYouMean(found, options) : ''
  return `: ${expectation(issue)}, found ${shown(found)}${hint}`
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      if (issue.origin === 'array' && issue.minimum === 1) return 'expected at least one entry'
      return `expected at least ${issue.minimum}${unitOf[issue.origin] ?? ''}`
    case 'too_big':
      return `expected at most ${issue.maximum}${unitOf[issue.origin] ?? ''}`
    case 'invalid_type':
      return `expected ${nameOf[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      if (issue.message.startsWith('Invalid')) return `expected ${issue.values.join(' or ')}`
      return issue.message
    default:
      return issue.message
  }
}

const unitOf: Readonly<Record<string, string>> = {
  array: ' entries',
  string: ' characters',
}
const nameOf: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  string: 'a string',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
}

/** In conditions the schema knows no keys: those are attributes, and keys below them operators. */
function knownAt(schema: z.ZodType, path: Path): readonly string[] {
  return inConditions(path) && path.length > 3 && path.at(-1) !== 'time'
    ? operatorKeys
    : knownKeysAt(schema, path)
}

function inConditions(path: Path): boolean {
  return path[0] === 'rules' && (path[2] === 'when' || path[2] === 'unless')
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
