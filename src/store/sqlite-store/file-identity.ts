import { statSync } from 'node:fs'

/**
 * Whether a path still names the files that were opened. SQLite goes on with the old inode after
 * the file was renamed over or deleted, reading and writing what nobody will ever find again. The
 * write-ahead log counts as much as the file: the newest commits are only there.
 */
export class FileIdentity {
  readonly #path: string
  readonly #opened: readonly string[]

  constructor(path: string, opened = identitiesOf(path)) {
    this.#path = path
    this.#opened = opened
  }

  /** To hand to a worker. */
  get opened(): readonly string[] {
    return this.#opened
  }

  /** One line of what happened, or undefined while all is as it was opened. */
  fault(): string | undefined {
    const present = identitiesOf(this.#path)
    const at = this.#opened.findIndex((identity, index) => identity !== present[index])
    if (at < 0) return undefined
    const file = this.#path + suffixes[at]
    const what = present[at] === gone ? 'deleted or moved away' : 'replaced'
    return `\`${file}\` was ${what} while in use; put it back, or restart to use what is there now`
  }
}

const suffixes = ['', '-wal', '-shm']
const gone = 'gone'

function identitiesOf(path: string): readonly string[] {
  return suffixes.map((suffix) => {
    try {
      const stat = statSync(path + suffix, { bigint: true })
      return `${stat.dev}:${stat.ino}`
    } catch {
      // Unreadable is as good as gone: we cannot say that it is the file we opened.
      return gone
    }
  })
}
