/** Fails loudly on our own mistakes. Never for input: that gets an error naming its field. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message)
}

/** The end of a `switch` over a closed union: a new variant must be handled to compile. */
export function unreachable(value: never): never {
  throw new AssertionFailed(`unexpected variant ${JSON.stringify(value)}`)
}

/** A bug of ours, which no caller can mend: the outermost wrapper logs it, says "internal". */
export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed'
}
