/** What a verb ends with, so that scripts can tell an answer from a failure. */
export const exit = {
  fine: 0,
  /** The answer is no: block, a fault in a checked file. */
  no: 1,
  misuse: 2,
  /** Something could not be reached, read or loaded. */
  failed: 3,
} as const
export type ExitCode = (typeof exit)[keyof typeof exit]

/** An answer for people or, with `--json`, for programs. */
export function print(json: boolean, value: unknown, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : text}\n`)
}

export function complain(text: string): void {
  process.stderr.write(`${text}\n`)
}
