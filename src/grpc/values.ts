import { keyLengthMax, keysMax, listMax, valueLengthMax } from '../decision/attempt-limits.ts'
import type { Attempt } from '../decision/decision.ts'
import type { Violation } from '../decision/violation.ts'
import type { ValueMessage, ValuesMessage } from './messages.ts'

type Values = Attempt['claims']
type Value = Values extends ReadonlyMap<string, infer V> ? V : never

const none: Values = new Map()

/** Claims or context: keys flat and dotted. */
export function toValues(
  field: 'claims' | 'context',
  message: ValuesMessage | undefined,
  violations: Violation[],
): Values {
  if (message === undefined) return none
  const keys = Object.keys(message)
  if (keys.length > keysMax) {
    violations.push({ field, description: `has more than ${keysMax} keys` })
    return none
  }
  const values = new Map<string, Value>()
  for (const key of keys) {
    const value = toValue(message[key]!)
    if (key.length === 0 || key.length > keyLengthMax) {
      const description = `has a key that is empty or longer than ${keyLengthMax} characters`
      violations.push({ field, description })
    } else if (value instanceof Fault) {
      violations.push({ field: `${field}.${key}`, description: value.description })
    } else values.set(key, value)
  }
  return values
}

/** The way back: what an obligation tells the gateway. */
export function toValuesMessage(values: Values): ValuesMessage {
  return Object.fromEntries([...values].map(([key, value]) => [key, toValueMessage(value)]))
}

function toValueMessage(value: Value): ValueMessage {
  switch (typeof value) {
    case 'string':
      return { string: value }
    case 'number':
      return { number: value }
    case 'boolean':
      return { bool: value }
    default:
      return { list: { values: value } }
  }
}

class Fault {
  readonly description: string
  constructor(description: string) {
    this.description = description
  }
}

const kindless = new Fault('has no value: set one of string, number, bool, list')
const ambiguous = new Fault('has several values: set one of string, number, bool, list')
const infinite = new Fault('is not a finite number')
const tooLong = new Fault(`is longer than ${valueLengthMax} characters`)
const tooMany = new Fault(`has more than ${listMax} entries`)

function toValue(message: ValueMessage): Value | Fault {
  const { string, number, bool, list } = message
  const kinds =
    (string === undefined ? 0 : 1) +
    (number === undefined ? 0 : 1) +
    (bool === undefined ? 0 : 1) +
    (list === undefined ? 0 : 1)
  if (kinds === 0) return kindless
  if (kinds > 1) return ambiguous
  if (string !== undefined) return string.length > valueLengthMax ? tooLong : string
  if (number !== undefined) return Number.isFinite(number) ? number : infinite
  if (bool !== undefined) return bool
  const entries = list?.values ?? []
  if (entries.length > listMax) return tooMany
  return entries.some((entry) => entry.length > valueLengthMax) ? tooLong : entries
}
