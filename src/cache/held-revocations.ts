import type { DirectoryId, Ordinal, Revision } from '../directory/directory.ts'
import type { Entry } from '../store/entry.ts'
import type { Position } from '../store/position.ts'

/**
 * Revocations that this process has acted on and that the store has lost since, because a replica
 * without them became the primary. They stay in force: whom they were about is blocked until the
 * new history says something of that user, which it does when the identity provider sends
 * everything again.
 *
 * An entry does not tell whether it took access away, so every user that it touched counts, the
 * newly made aside.
 */
export class HeldRevocations {
  /** Users touched lately, and by which entry; the oldest first. */
  readonly #touched = new Map<string, Position>()
  /** Users were forgotten to whom an entry newer than this may have been about. */
  #forgottenUpTo: Revision = 0
  /** Up to which revision the store still has what was known of the user. */
  readonly #held = new Map<string, Revision>()
  /** As above, of everybody. */
  #allHeldUpTo: Revision = 0

  get size(): number {
    return this.#held.size
  }

  /** An entry was applied. */
  note({ effect, position }: Entry): void {
    if (effect.of === 'policy' || effect.of === 'token') return
    const { directory } = effect
    const users = effect.of === 'user' ? [effect.ordinal] : effect.users
    const isNews = effect.of === 'user' && effect.how === 'created'
    for (const ordinal of users) {
      const user = userText(directory, ordinal)
      this.#held.delete(user)
      this.#touched.delete(user)
      if (!isNews) this.#touched.set(user, position)
    }
    for (const [oldest, { revision }] of this.#touched) {
      if (this.#touched.size <= touchedMax) break
      this.#touched.delete(oldest)
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, revision)
    }
  }

  /**
   * The log is another one than was followed: what it has lost is held from now on. `sharedUpTo`:
   * the newest revision that both have; undefined: none that could be told.
   */
  holdLost(sharedUpTo: Revision | undefined): void {
    const shared = sharedUpTo ?? 0
    // Where it cannot be told what is new, only an entry of the log lets a user go.
    const heldUpTo = sharedUpTo ?? Number.MAX_SAFE_INTEGER
    for (const [user, { revision }] of this.#touched) {
      if (revision <= shared) continue
      this.#held.set(user, heldUpTo)
      this.#touched.delete(user)
    }
    // Of those that were forgotten nobody can say who they are: so everybody waits.
    if (this.#forgottenUpTo > shared) this.#allHeldUpTo = heldUpTo
  }

  /** `revision`: of the user's last change, as the store has it now. */
  isHeld(directory: DirectoryId, ordinal: Ordinal, revision: Revision): boolean {
    if (revision <= this.#allHeldUpTo) return true
    if (this.#held.size === 0) return false
    return revision <= (this.#held.get(userText(directory, ordinal)) ?? -1)
  }
}

/** ≈ 1 MB. A failover loses the writes of some seconds. */
const touchedMax = 10_000

function userText(directory: DirectoryId, ordinal: Ordinal): string {
  return `${directory}/${ordinal}`
}
