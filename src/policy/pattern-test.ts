import { U } from '../directory/three-values.ts'
import type { OperandFault } from './operand.ts'
import { compileGlob, compilePattern } from './pattern.ts'
import { formLike, triOf, type ValueTest, type ValueType } from './value-type.ts'

/** `glob` and `matches`; a value that is longer than is read is unknown. */
export function patternTest(
  type: ValueType,
  operator: 'glob' | 'matches',
  text: string,
): ValueTest | OperandFault {
  const form = formLike(type, '')
  const folds = form('A') === 'a'
  const pattern =
    operator === 'matches'
      ? compilePattern(text, folds)
      : compileGlob(folds ? String(form(text)) : text)
  if ('fault' in pattern) {
    return { fault: `\`${operator}\`: ${pattern.fault} (character ${pattern.at + 1})`, path: [] }
  }
  return (value) => {
    const found = form(value)
    if (typeof found !== 'string' || found.length > matchedLengthMax) return U
    return triOf(pattern.matches(found))
  }
}

/** Longer than any name; the time that a match takes grows with it. */
const matchedLengthMax = 1_024
