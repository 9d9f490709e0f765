import { and, F, not, T, type Tri, U } from '../directory/three-values.ts'
import type { Attribute } from './attribute.ts'
import type { Operator } from './condition-schema.ts'
import { formsOf, type OperandFault } from './operand.ts'
import type { Test } from './operators.ts'
import { type Form, formLike, testOf, triOf, type ValueTest } from './value-type.ts'

/** Compares all values of an attribute with a set. */
export function setTest(
  attribute: Attribute,
  operator: Operator,
  operand: readonly Form[],
): Test | OperandFault {
  const wanted = formsOf(attribute.type, operand)
  if ('fault' in wanted) return wanted
  const form = formLike(attribute.type, operand[0]!)
  const set = new Set(wanted)
  const inside = testOf(form, (value) => set.has(value))
  switch (operator) {
    case 'any':
      return (facts) => attribute.some(facts, inside)
    case 'none':
      return (facts) => not(attribute.some(facts, inside))
    case 'subsetOf': {
      const outside: ValueTest = (value) => not(inside(value))
      return (facts) => not(attribute.some(facts, outside))
    }
    default: {
      const each = wanted.map((one) => testOf(form, (value) => value === one))
      return (facts) => {
        let result: Tri = T
        for (let at = 0; at < each.length && result !== F; at++) {
          result = and(result, attribute.some(facts, each[at]!))
        }
        return result
      }
    }
  }
}

export interface Sizes {
  readonly eq?: number | undefined
  readonly gt?: number | undefined
  readonly ge?: number | undefined
  readonly lt?: number | undefined
  readonly le?: number | undefined
}

/** How many values there are; of none, as of a value that is not there, it is unknown. */
export function sizeTest(attribute: Attribute, sizes: Sizes): Test {
  const { eq, gt, ge, lt, le } = sizes
  const least = Math.max(eq ?? 0, ge ?? 0, (gt ?? -1) + 1)
  const most = Math.min(eq ?? Infinity, le ?? Infinity, (lt ?? Infinity) - 1)
  return (facts) => {
    const count = attribute.count(facts)
    return count === undefined ? U : triOf(count >= least && count <= most)
  }
}
