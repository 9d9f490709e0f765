import type { Operator } from './condition-schema.ts'
import { formsOf, type OperandFault, shown } from './operand.ts'
import { type Form, formLike, testOf, type ValueTest, type ValueType } from './value-type.ts'

/** Compares one value with a value or with several. */
export function valueTest(
  type: ValueType,
  operator: Operator,
  operand: Form | readonly Form[],
): ValueTest | OperandFault {
  const given = Array.isArray(operand) ? (operand as readonly Form[]) : [operand as Form]
  const wanted = formsOf(type, given)
  if ('fault' in wanted) return Array.isArray(operand) ? wanted : { ...wanted, path: [] }
  const form = formLike(type, given[0]!)
  const [first, second] = wanted
  switch (operator) {
    case 'eq':
      return testOf(form, (value) => value === first)
    case 'in': {
      const set = new Set(wanted)
      return testOf(form, (value) => set.has(value))
    }
    case 'contains':
      return testOf(form, (value) => String(value).includes(String(first)))
    case 'startsWith':
      return testOf(form, (value) => String(value).startsWith(String(first)))
    case 'endsWith':
      return testOf(form, (value) => String(value).endsWith(String(first)))
    default:
      if (typeof first !== 'number') {
        return { fault: `\`${operator}\` compares numbers, found ${shown(given[0])}`, path: [] }
      }
      return orderTest(form, operator, first, Number(second))
  }
}

function orderTest(
  form: ValueType['form'],
  operator: Operator,
  first: number,
  second: number,
): ValueTest | OperandFault {
  switch (operator) {
    case 'gt':
    case 'after':
      return testOf(form, (value) => (value as number) > first)
    case 'ge':
      return testOf(form, (value) => (value as number) >= first)
    case 'lt':
    case 'before':
      return testOf(form, (value) => (value as number) < first)
    case 'le':
      return testOf(form, (value) => (value as number) <= first)
    default:
      if (first > second)
        return { fault: '`between` is empty: its first value is the greater', path: [] }
      return testOf(form, (value) => (value as number) >= first && (value as number) <= second)
  }
}
