import type { TimeSlice } from './time-slice.ts'

/** Sorted like `toSorted`, ties in the order they came, without holding the thread throughout. */
export async function sortedInSlices<Item>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number,
  turn: TimeSlice,
): Promise<readonly Item[]> {
  let runs: (readonly Item[])[] = []
  for (let from = 0; from < items.length; from += runLength) {
    if (turn.isOver()) await turn.next()
    runs.push(items.slice(from, from + runLength).sort(compare))
  }
  while (runs.length > 1) {
    const longer: (readonly Item[])[] = []
    for (let at = 0; at < runs.length; at += 2) {
      longer.push(await merged(runs[at]!, runs[at + 1] ?? [], compare, turn))
    }
    runs = longer
  }
  return runs[0] ?? []
}

/** So many are sorted or merged between two looks at the clock: some milliseconds at most. */
const runLength = 1_000

async function merged<Item>(
  left: readonly Item[],
  right: readonly Item[],
  compare: (a: Item, b: Item) => number,
  turn: TimeSlice,
): Promise<readonly Item[]> {
  const both: Item[] = []
  let [l, r] = [0, 0]
  while (l < left.length || r < right.length) {
    if (both.length % runLength === 0 && turn.isOver()) await turn.next()
    const isLeft = r === right.length || (l < left.length && compare(left[l]!, right[r]!) <= 0)
    both.push(isLeft ? left[l++]! : right[r++]!)
  }
  return both
}
