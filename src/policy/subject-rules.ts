import { T, type Tri, U } from '../directory/three-values.ts'

/**
 * What the rules come to for one subject as far as the subject alone decides: for each rule that
 * has conditions on it, whether those hold. Rules that cannot match, whatever is sent, are not
 * among them.
 */
export class SubjectRules {
  /** Ordinals of rules, ascending; two bytes each, since many subjects are in memory. */
  readonly ordinals: Uint16Array
  /** Equal keys are equal in every decision that reads nothing further of the subject. */
  readonly key: string
  /** 1 where the conditions are unknown rather than true; undefined: nowhere. */
  readonly #unknown: Uint8Array | undefined

  constructor(holds: readonly number[], mightHold: readonly number[]) {
    this.key = keyOf(holds, mightHold)
    if (mightHold.length === 0) {
      this.ordinals = Uint16Array.from(holds)
      return
    }
    this.ordinals = Uint16Array.from([...holds, ...mightHold]).sort()
    const unknown = new Set(mightHold)
    this.#unknown = Uint8Array.from(this.ordinals, (ordinal) => (unknown.has(ordinal) ? 1 : 0))
  }

  /**
   * The first place in `ordinals`, from a place on, that is not before an ordinal. Those asked for
   * one after the other mostly stand side by side, so steps are short before they grow.
   */
  placeFrom(from: number, ordinal: number): number {
    const { ordinals } = this
    const { length } = ordinals
    let low = from
    let step = 1
    while (low + step <= length && ordinals[low + step - 1]! < ordinal) {
      low += step
      step *= 2
    }
    let high = Math.min(low + step - 1, length)
    while (low < high) {
      const middle = (low + high) >> 1
      if (ordinals[middle]! < ordinal) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Of the rule at this place in `ordinals`. */
  resultAt(at: number): Tri {
    return this.#unknown?.[at] === 1 ? U : T
  }
}

/** One character an ordinal: all are below 2¹⁶. */
export function keyOf(holds: readonly number[], mightHold: readonly number[]): string {
  return mightHold.length === 0
    ? charactersOf(holds)
    : `${charactersOf(holds)}${separator}${charactersOf(mightHold)}`
}

/** No ordinal: rules are fewer. */
const separator = '\uffff'

function charactersOf(ordinals: readonly number[]): string {
  let text = ''
  for (let from = 0; from < ordinals.length; from += argumentsMax) {
    text += String.fromCharCode(...ordinals.slice(from, from + argumentsMax))
  }
  return text
}
/** Of one call: thousands would exhaust the stack. */
const argumentsMax = 1_024
