import { fold } from './identity.ts'

/** The candidate that `name` was most likely meant to be; undefined where none is near. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  if (name.length > nameLengthMax) return undefined
  const wanted = fold(name)
  let best: string | undefined
  // More than a third of the letters wrong is another word.
  let bestEdits = Math.ceil(name.length / 3) + 1
  for (const candidate of candidates) {
    const edits = editsBetween(wanted, fold(candidate))
    if (edits < bestEdits) [best, bestEdits] = [candidate, edits]
  }
  return best
}

/** Longer than any attribute of RFC 7643; the comparison below is quadratic. */
const nameLengthMax = 64

/** Insertions, deletions, replacements and swaps of neighbours that turn one into the other. */
function editsBetween(a: string, b: string): number {
  let above: readonly number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? above[j - 2]! + 1 : replaced
      next.push(Math.min(replaced, swapped, row[j]! + 1, next[j - 1]! + 1))
    }
    above = row
    row = next
  }
  return row[b.length]!
}
