import type { Values } from '../policy/policy.ts'
import { keyLengthMax, keysMax, listMax, valueLengthMax } from './attempt-limits.ts'
import type { Violation } from './violation.ts'

export type Json = string | number | boolean | null | undefined | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

type Value = Values extends ReadonlyMap<string, infer V> ? V : never

/** Deeper than any claim or device report; the parser was bounded before. */
const depthMax = 8

/**
 * A JSON object as claims, context or properties: nested objects become dotted keys. What rules
 * cannot read (null, lists of anything but text) is left out, so that conditions on it are unknown.
 * A key that contains a dot could be mistaken for a nested one: it is refused, and so is what is
 * too large. Names that are `reserved` are for others to read.
 */
export function flattenJson(
  field: string,
  json: JsonObject,
  violations: Violation[],
  reserved: ReadonlySet<string> = none,
): Values {
  const flat = new Map<string, Value>()
  let refused = 0
  const refuse = (key: string, description: string) => {
    refused += 1
    violations.push({ field: key === '' ? field : `${field}.${key}`, description })
  }
  const add = (prefix: string, object: JsonObject, depth: number): void => {
    if (depth > depthMax) return void refuse(prefix.slice(0, -1), 'is nested too deep')
    for (const [name, sent] of Object.entries(object)) {
      // Enough is known to be wrong.
      if (flat.size > keysMax || refused > keysMax) return
      if (depth === 1 && reserved.has(name)) continue
      const key = `${prefix}${name}`
      if (name.includes('.')) refuse(key, 'is a key with a dot: nest it instead')
      else if (name === '' || key.length > keyLengthMax) {
        refuse(prefix.slice(0, -1), `has a key that is empty or longer than ${keyLengthMax}`)
      } else if (isObject(sent)) add(`${key}.`, sent, depth + 1)
      else {
        const value = sentValue(sent)
        if (value instanceof TooLarge) refuse(key, value.description)
        else if (value !== undefined) flat.set(key, value)
      }
    }
  }
  add('', json, 1)
  if (flat.size > keysMax) refuse('', `has more than ${keysMax} keys`)
  return flat
}

const none: ReadonlySet<string> = new Set()

export type Flatten = typeof flattenJson

/** Reads each object once, however many attempts of a batch share it. */
export function flattenOnce(): Flatten {
  const read = new Map<JsonObject, { readonly values: Values; readonly faults: Violation[] }>()
  return (field, json, violations, reserved) => {
    let known = read.get(json)
    if (known === undefined) {
      const faults: Violation[] = []
      known = { values: flattenJson(field, json, faults, reserved), faults }
      read.set(json, known)
    }
    violations.push(...known.faults)
    return known.values
  }
}

export function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

class TooLarge {
  readonly description: string
  constructor(description: string) {
    this.description = description
  }
}
const tooLong = new TooLarge(`is longer than ${valueLengthMax} characters`)
const tooMany = new TooLarge(`has more than ${listMax} entries`)

function sentValue(sent: Json): Value | TooLarge | undefined {
  switch (typeof sent) {
    case 'string':
      return sent.length > valueLengthMax ? tooLong : sent
    case 'number':
      return Number.isFinite(sent) ? sent : undefined
    case 'boolean':
      return sent
    default:
  }
  if (!Array.isArray(sent)) return undefined
  if (!sent.every((entry): entry is string => typeof entry === 'string')) return undefined
  if (sent.length > listMax) return tooMany
  return sent.some((entry) => entry.length > valueLengthMax) ? tooLong : sent
}
