import fc from 'fast-check'
import { expect, test } from 'vitest'
import { and, F, not, or, T, type Tri, U } from '../../src/directory/three-values.ts'

const tri = fc.constantFrom<Tri>(F, U, T)

test.each([
  [F, [F, F, F], [F, U, T], T],
  [U, [F, U, U], [U, U, T], U],
  [T, [F, U, T], [T, T, T], F],
] as const)('%s with F, U and T joins as the truth table says', (a, ands, ors, nota) => {
  const others = [F, U, T] as const
  expect(others.map((b) => and(a, b))).toEqual(ands)
  expect(others.map((b) => or(a, b))).toEqual(ors)
  expect(not(a)).toBe(nota)
})

test('De Morgan holds for three values', () => {
  fc.assert(
    fc.property(tri, tri, (a, b) => {
      expect(not(and(a, b))).toBe(or(not(a), not(b)))
      expect(not(or(a, b))).toBe(and(not(a), not(b)))
    }),
  )
})
