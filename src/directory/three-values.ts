/**
 * False, unknown, true: what a condition over data that may be missing comes to. AND is the
 * minimum, OR the maximum, NOT the mirror image (Kleene's strong logic), so De Morgan holds.
 */
export type Tri = 0 | 1 | 2

export const F = 0
export const U = 1
export const T = 2

export function and(a: Tri, b: Tri): Tri {
  return a < b ? a : b
}

export function or(a: Tri, b: Tri): Tri {
  return a > b ? a : b
}

export function not(a: Tri): Tri {
  return (T - a) as Tri
}
