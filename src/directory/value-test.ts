import { parseDateTime } from './date-time.ts'
import type { AttributeValue } from './directory.ts'
import type { Operand, Operator } from './filter.ts'
import { quoted } from './filter-lexer.ts'
import { fold } from './identity.ts'
import { type AttributeDefinition, sameName } from './schema-registry.ts'
import { compareText } from './text-order.ts'

/** Whether one stored value fulfils a comparison; undefined where it is not of its type. */
export type ValueTest = (value: AttributeValue) => boolean | undefined

/** Why a comparison can never be made, with the attribute's name and what it takes instead. */
export interface WrongComparison {
  readonly message: string
}

/**
 * How values of an attribute compare (RFC 7644 §3.4.2.2, table 3). Not for complex ones. `folded`
 * is `fold`, or remembers what it gave.
 */
export function valueTest(
  op: Operator,
  operand: Exclude<Operand, null>,
  { name, type, caseExact }: AttributeDefinition,
  folded: (text: string) => string = fold,
): ValueTest | WrongComparison {
  if (!operatorsOf[type].includes(op)) {
    const takes = operatorsOf[type].join(', ')
    return { message: `\`${name}\` is ${nameOfType[type]}, which takes ${takes} and pr` }
  }
  const wrongType = {
    message: `\`${name}\` is ${nameOfType[type]}, not ${quoted(String(operand))}`,
  }
  switch (type) {
    case 'boolean': {
      const wanted = typeof operand === 'string' ? booleanOf(operand) : operand
      if (typeof wanted !== 'boolean') return wrongType
      return (value) =>
        typeof value === 'boolean' ? (value === wanted) === (op === 'eq') : undefined
    }
    case 'integer':
    case 'decimal':
      if (typeof operand !== 'number') return wrongType
      return (value) => (typeof value === 'number' ? holds(op, value - operand) : undefined)
    case 'dateTime': {
      const wanted = typeof operand === 'string' ? parseDateTime(operand) : undefined
      if (wanted === undefined) return wrongType
      return (value) => {
        const instant = typeof value === 'string' ? parseDateTime(value) : undefined
        return instant === undefined ? undefined : holds(op, instant - wanted)
      }
    }
    default: {
      if (typeof operand !== 'string') return wrongType
      const form = caseExact ? exact : folded
      const wanted = form(operand)
      return (value) => (typeof value === 'string' ? textHolds(op, form(value), wanted) : undefined)
    }
  }
}

/** Entra sends booleans as the strings "True" and "False". */
export function booleanOf(text: string): boolean | undefined {
  if (sameName(text, 'true')) return true
  return sameName(text, 'false') ? false : undefined
}

function exact(text: string): string {
  return text
}

function textHolds(op: Operator, value: string, wanted: string): boolean {
  if (op === 'co') return value.includes(wanted)
  if (op === 'sw') return value.startsWith(wanted)
  if (op === 'ew') return value.endsWith(wanted)
  return holds(op, value === wanted ? 0 : compareText(value, wanted))
}

/** `sign`: below zero where the value is less than the operand. */
function holds(op: Operator, sign: number): boolean {
  switch (op) {
    case 'eq':
      return sign === 0
    case 'ne':
      return sign !== 0
    case 'gt':
      return sign > 0
    case 'ge':
      return sign >= 0
    case 'lt':
      return sign < 0
    default:
      return sign <= 0
  }
}

const equality: readonly Operator[] = ['eq', 'ne']
const ordered: readonly Operator[] = [...equality, 'gt', 'ge', 'lt', 'le']
const textual: readonly Operator[] = [...ordered, 'co', 'sw', 'ew']

/** RFC 7644 §3.4.2.2: boolean and binary have no order. What is no text has no beginning. */
const operatorsOf: Record<AttributeDefinition['type'], readonly Operator[]> = {
  string: textual,
  reference: textual,
  boolean: equality,
  binary: equality,
  decimal: ordered,
  integer: ordered,
  dateTime: ordered,
  complex: [],
}

const nameOfType: Record<AttributeDefinition['type'], string> = {
  string: 'text',
  reference: 'a reference',
  boolean: 'a boolean',
  binary: 'binary',
  decimal: 'a number',
  integer: 'an integer',
  dateTime: 'a date and time with an offset',
  complex: 'complex',
}
