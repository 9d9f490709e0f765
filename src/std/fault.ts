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
