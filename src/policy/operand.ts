import { didYouMean } from '../std/nearest-name.ts'
import { type Form, formLike, type ValueType } from './value-type.ts'

/** What is wrong with an operand; `path` leads from the operator to the value. */
export interface OperandFault {
  readonly fault: string
  readonly path: readonly PropertyKey[]
}

/** Values in the form in which they compare. */
export function formsOf(
  type: ValueType,
  given: readonly unknown[],
): readonly Form[] | OperandFault {
  const forms: Form[] = []
  for (const [at, value] of given.entries()) {
    const form = formLike(type, given[0] as Form)(value)
    if (form === undefined) return { fault: wrongValue(type, value, given[0]), path: [at] }
    forms.push(form)
  }
  return forms
}

function wrongValue(type: ValueType, value: unknown, first: unknown): string {
  if (type.isOpen && value !== first) {
    return `values are of one type: ${shown(first)} is a ${typeof first}, ${shown(value)} is not`
  }
  const hint = type.values && typeof value === 'string' ? didYouMean(value, type.values) : ''
  return `expected ${type.name}, found ${shown(value)}${hint}`
}

/** A value in a message. */
export function shown(value: unknown): string {
  return typeof value === 'string'
    ? `the string ${JSON.stringify(value.slice(0, 64))}`
    : `\`${String(value)}\``
}
