/** Numbers that look random and are the same for the same seed. */
export interface RandomSource {
  /** From 0 to below `end`. */
  below(end: number): number
}

/** mulberry32. */
export function randomSource(seed: number): RandomSource {
  let state = seed >>> 0
  return {
    below: (end) => {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end)
    },
  }
}
