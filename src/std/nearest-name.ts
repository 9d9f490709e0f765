/** The known name that was most likely meant, in any case; undefined where none is near. */
export function nearestName(found: string, known: Iterable<string>): string | undefined {
  if (found.length > nameLengthMax) return undefined
  const wanted = found.toLowerCase()
  let nearest: string | undefined
  // More than a third of the letters wrong is another word.
  let least = Math.ceil(found.length / 3) + 1
  for (const name of known) {
    if (Math.abs(name.length - found.length) >= least) continue
    const edits = editsBetween(wanted, name.toLowerCase())
    if (edits < least) [nearest, least] = [name, edits]
  }
  return nearest
}

/** ` (did you mean \`x\`?)`, or nothing. */
export function didYouMean(found: string, known: Iterable<string>): string {
  const nearest = nearestName(found, known)
  return nearest === undefined ? '' : ` (did you mean \`${nearest}\`?)`
}

/** Longer than any name a person types; the comparison below is quadratic. */
const nameLengthMax = 128

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
