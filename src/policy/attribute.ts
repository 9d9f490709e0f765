import { F, T, type Tri, U } from '../directory/three-values.ts'
import type { Facts } from './policy.ts'
import type { ValueTest, ValueType } from './value-type.ts'

/** Something a condition can be about, found and typed once. */
export interface Attribute {
  readonly type: ValueType
  readonly multiValued: boolean
  readonly readsDirectory: boolean
  /** Whether its values are kept out of explanations. */
  readonly isSecret: boolean
  /** Top-level key of the user's document that it reads. */
  readonly documentKey: string | undefined
  /** Whether some value fulfils the test; unknown where there is none. */
  some(facts: Facts, test: ValueTest): Tri
  /** Whether there is a value at all. */
  exists(facts: Facts): Tri
  /** How many values there are; undefined where that cannot be known, or there is none. */
  count(facts: Facts): number | undefined
  /** All values; undefined = the directory may not be used. */
  values(facts: Facts): readonly unknown[] | undefined
}

export type FoundAttribute = Attribute | { readonly fault: string }

/** Three values from what a value test says of each of several. */
export function someOf(values: readonly unknown[], test: ValueTest): Tri {
  let result: Tri = values.length === 0 ? U : F
  for (let at = 0; at < values.length; at++) {
    const one = test(values[at])
    if (one === T) return T
    if (one > result) result = one
  }
  return result
}
