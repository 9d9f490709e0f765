/**
 * The newest revision known, so that no later answer is older, whichever server gives it. Tokens
 * are opaque: which of two is newer is known in two ways only. A server that was asked for at
 * least this revision vouches for what it answers, and one stream never goes back. An answer of
 * neither kind is left alone: it may be older.
 */
export class RevisionMemory {
  #revision: string | undefined
  #source: object | undefined

  get revision(): string | undefined {
    return this.#revision
  }

  /** `asked`: what the answer was asked to be no older than; `source`: the stream it came on. */
  note(revision: string, asked: string | undefined, source: object | undefined): void {
    if (revision === '') return
    const isFirst = this.#revision === undefined
    const isSameStream = source !== undefined && source === this.#source
    if (!(isFirst || isSameStream || asked === this.#revision)) return
    this.#revision = revision
    this.#source = source
  }

  /** The history it belongs to was lost: nobody can answer for it. True if it was the newest. */
  forget(revision: string): boolean {
    if (this.#revision !== revision) return false
    this.#revision = undefined
    this.#source = undefined
    return true
  }
}
