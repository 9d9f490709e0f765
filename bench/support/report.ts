import { execFileSync } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'

/** One line of a bench's result, as `--json` prints it. */
type Line =
  | { readonly kind: 'header'; readonly text: string }
  | { readonly kind: 'figure'; readonly name: string; readonly text: string }
  | Ratio
  | { readonly kind: 'skipped'; readonly name: string; readonly why: string }

interface Ratio {
  readonly kind: 'ratio'
  readonly name: string
  readonly value: number
  readonly goal: number
  readonly mark: string
}

/**
 * What a bench found, printed as it is found: for people, or one JSON object a line with `--json`.
 * Ratios are oriented so that at least the goal is good. Ratios are of one run on one machine;
 * figures are not to be compared across machines.
 */
export class Report {
  readonly #json: boolean

  constructor(json = process.argv.includes('--json')) {
    this.#json = json
  }

  /** The question, and all that the answer depends on. */
  header(question: string, load: string): void {
    const cpu = cpus()
    const gigabytes = Math.round(totalmem() / 1024 ** 3)
    const machine = `${cpu.length} x ${cpu[0]?.model ?? 'unknown cpu'}, ${gigabytes} GB, Node ${process.version}`
    const busy = loadavg().map((each) => each.toFixed(2))
    this.#print({ kind: 'header', text: question })
    this.#print({ kind: 'header', text: `machine  ${machine}` })
    this.#print({ kind: 'header', text: `commit   ${commit()}` })
    this.#print({ kind: 'header', text: `load     ${load}; machine at start ${busy.join(' ')}` })
  }

  /** A measured value, in words with its unit. */
  figure(name: string, text: string): void {
    this.#print({ kind: 'figure', name, text })
  }

  /** `mark`: what it is a ratio of, where that is not the usual thing; `cpu`. */
  ratio(name: string, value: number, goal: number, mark = ''): void {
    this.#print({ kind: 'ratio', name, value, goal, mark })
  }

  skipped(name: string, why: string): void {
    this.#print({ kind: 'skipped', name, why })
  }

  #print(line: Line): void {
    process.stdout.write(`${this.#json ? JSON.stringify(line) : textOf(line)}\n`)
  }
}

function textOf(line: Line): string {
  switch (line.kind) {
    case 'header':
      return line.text
    case 'figure':
      return `${line.name.padEnd(32)} ${line.text}`
    case 'ratio':
      return `ratio ${line.name} ${significant(line.value)} ${line.goal} ${line.mark}`.trimEnd()
    case 'skipped':
      return `skipped ${line.name} ${line.why}`
  }
}

function significant(value: number): string {
  return value >= 1_000 ? value.toFixed(0) : value.toPrecision(3)
}

function commit(): string {
  const git = (...words: string[]) => execFileSync('git', words, { encoding: 'utf8' }).trim()
  try {
    const changed = git('status', '--porcelain') === '' ? '' : ' with changes'
    return `${git('rev-parse', '--short', 'HEAD')}${changed}`
  } catch {
    // A bench also runs where there is no git, from an image or an archive.
    return 'unknown'
  }
}

export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

/** The nearest rank; of an empty list NaN. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const rank = Math.ceil((percent / 100) * sorted.length)
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] ?? Number.NaN
}
