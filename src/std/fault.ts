/** One mistake in a file that a person wrote, with its place and how to mend it. */
export interface Fault {
  readonly file: string
  /** From 1; 0 = the whole file. */
  readonly line: number
  readonly column: number
  readonly message: string
}

/** `policy.yaml:12:5: …`, one line a fault, in the order of the file. */
export function printFaults(faults: readonly Fault[]): string {
  return [...faults]
    .sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column)
    .map(({ file, line, column, message }) =>
      line === 0 ? `${file}: ${message}` : `${file}:${line}:${column}: ${message}`,
    )
    .join('\n')
}

/** The known name that was probably meant, if one is near enough to be worth saying. */
export function nearestName(found: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined
  let least = Math.max(1, Math.floor(found.length / 3)) + 1
  for (const name of known) {
    if (Math.abs(name.length - found.length) >= least) continue
    const distance = editDistance(found.toLowerCase(), name.toLowerCase())
    if (distance >= least) continue
    least = distance
    nearest = name
  }
  return nearest
}

/** ` (did you mean \`x\`?)`, or nothing. */
export function didYouMean(found: string, known: Iterable<string>): string {
  const nearest = nearestName(found, known)
  return nearest === undefined ? '' : ` (did you mean \`${nearest}\`?)`
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(previous[j]! + 1, current[j - 1]! + 1, substitution))
    }
    previous = current
  }
  return previous[b.length]!
}
