/**
 * Which groups were too large to send back when their members were last read. Reading 100,000
 * members takes 400 ms, 50 times as long as adding one, only to find that they are too many to
 * answer with. A group that has shrunk since is still answered with 204, which is as right
 * (RFC 7644 §3.5.2), until somebody reads it.
 */
export class LargeGroups {
  readonly #ids = new Set<string>()

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** Told whenever the members of a group have been read. */
  note(id: string, members: number): void {
    if (members <= groupAnswerMembersMax) this.#ids.delete(id)
    else if (this.#ids.size < idsMax) this.#ids.add(id)
  }
}

/** Entra wants no large groups back, the RFC and conformance suites want small ones. */
export const groupAnswerMembersMax = 200
/** Nobody has that many large groups. Those beyond are merely read each time. */
const idsMax = 10_000
