/**
 * Lets the writers of one resource go one after the other. Nobody needs it to be right, since every
 * commit names the revision it was made from; but twenty writers who start at once would overtake
 * each other until some give up.
 */
export class WriteQueue {
  readonly #last = new Map<string, Promise<void>>()

  /** Runs when all who came before for the same key are done, whatever became of them. */
  async run<Value>(key: string, write: () => Promise<Value>): Promise<Value> {
    const before = this.#last.get(key)
    const { promise: done, resolve } = Promise.withResolvers<void>()
    this.#last.set(key, done)
    try {
      await before
      return await write()
    } finally {
      resolve()
      if (this.#last.get(key) === done) this.#last.delete(key)
    }
  }
}
