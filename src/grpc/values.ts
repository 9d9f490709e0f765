import { keyLengthMax, keysMax, listMax, valueLengthMax } from '../decision/attempt-limits.ts'
import type { Attempt } from '../decision/decision.ts'
import type { Violation } from '../decision/violation.ts'
import type { ValueMessage, ValuesMessage } from './messages.ts'
import type { SentValue, SentValues } from './sent-messages.ts'

type Values = Attempt['claims']
type Value = Values extends ReadonlyMap<string, infer V> ? V : never

const none: Values = new Map()

/** Claims or context: keys flat and dotted. */
export function toValues(
  field: 'claims' | 'context',
  sent: SentValues | undefined,
  violations: Violation[],
): Values {
  if (sent === undefined) return none
  if (sent.size > keysMax) {
    violations.push({ field, description: `has more than ${keysMax} keys` })
    return none
  }
  let isFit = true
  for (const [key, value] of sent) {
    const isNamed = key.length > 0 && key.length <= keyLengthMax
    const fault = isNamed ? faultOf(value) : undefined
    if (isNamed && fault === undefined) continue
    isFit = false
    if (fault !== undefined) violations.push({ field: `${field}.${key}`, description: fault })
    else violations.push({ field, description: badKey })
  }
  return isFit ? (sent as Values) : none
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

const badKey = `has a key that is empty or longer than ${keyLengthMax} characters`
const tooLong = `is longer than ${valueLengthMax} characters`

function faultOf(value: SentValue): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.length > valueLengthMax ? tooLong : undefined
    case 'number':
      return Number.isFinite(value) ? undefined : 'is not a finite number'
    case 'boolean':
      return undefined
    case 'undefined':
      return 'has no value: set one of string, number, bool, list'
    case 'symbol':
      return 'has several values: set one of string, number, bool, list'
    default:
      if (value.length > listMax) return `has more than ${listMax} entries`
      return value.some((entry) => entry.length > valueLengthMax) ? tooLong : undefined
  }
}
