import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'

/**
 * One SQLite connection with its prepared statements. It hands out whole results only, never an
 * iterator: an unfinished one pins its snapshot, and later reads then silently see the past.
 */
export class Connection implements Disposable {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #columnStatements = new Map<string, StatementSync>()

  constructor(path: string, mode: 'read' | 'write', busyMs: number) {
    // `mode=rw`: without it, a file that has gone would be replaced by an empty one.
    const url = pathToFileURL(path)
    url.search = mode === 'read' ? '?mode=ro' : '?mode=rw'
    this.#database = new DatabaseSync(url, { readOnly: mode === 'read', timeout: busyMs })
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.prepare(sql).get(...values) as Row | undefined
  }

  /** As `get`, its columns as a list: making an object of them is a fifth of a short read. */
  columns<Columns>(sql: string): Columns | undefined {
    const known = this.#columnStatements.get(sql)
    if (known !== undefined) return known.get() as Columns | undefined
    const statement = this.#database.prepare(sql)
    statement.setReturnArrays(true)
    this.#columnStatements.set(sql, statement)
    return statement.get() as Columns | undefined
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.prepare(sql).all(...values) as Row[]
  }

  /** The number of rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.prepare(sql).run(...values).changes)
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  /** Several reads as one moment saw them. Nothing stays open, whatever is thrown. */
  snapshot<Result>(read: () => Result): Result {
    this.run('BEGIN')
    try {
      return read()
    } finally {
      if (this.isTransaction) this.run('COMMIT')
    }
  }

  get isTransaction(): boolean {
    return this.#database.isTransaction
  }

  prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close()
  }
}

/** What SQLite says went wrong, as one line. */
export function faultText(error: unknown): string {
  const { errcode, message } = error as { errcode?: number; message?: string }
  if (errcode === undefined) return message ?? String(error)
  return faults[errcode & 0xff] ?? `${message} (SQLite error ${errcode})`
}

const faults: Readonly<Record<number, string>> = {
  5: 'another process is writing to the file',
  8: 'the file cannot be written to',
  10: 'the disk reports an error',
  11: 'the file is damaged',
  13: 'the disk is full',
  14: 'the file cannot be opened',
  26: 'the file is not a database',
}

/** Whether another process kept the file locked for too long. */
export function isBusy(error: unknown): boolean {
  const { errcode } = error as { errcode?: number }
  return errcode !== undefined && (errcode & 0xff) === 5
}

/** Whether an error spoils just the statement, not the file, the disk or the memory under it. */
export function spoilsOneStatement(error: unknown): boolean {
  const { errcode } = error as { errcode?: number }
  return errcode === undefined || statementFaults.has(errcode & 0xff)
}

/** ERROR, TOOBIG, CONSTRAINT, MISMATCH, RANGE. */
const statementFaults: ReadonlySet<number> = new Set([1, 18, 19, 20, 25])
