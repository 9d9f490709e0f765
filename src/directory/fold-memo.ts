import { fold } from './identity.ts'

/**
 * Folds each text of one resource once, though a filter may compare it 64 times: text that is not
 * in normal form costs 20 µs per 1,000 characters, and one user can have 250,000.
 */
export class FoldMemo {
  readonly #folded = new Map<string, string>()

  readonly fold = (text: string): string => {
    // Where the look-up would cost as much as the work.
    if (text.length < memorableLength) return fold(text)
    const known = this.#folded.get(text)
    if (known !== undefined) return known
    const folded = fold(text)
    this.#folded.set(text, folded)
    return folded
  }

  /** Nothing of a resource outlives the look at it. */
  forget(): void {
    if (this.#folded.size > 0) this.#folded.clear()
  }
}
const memorableLength = 32
