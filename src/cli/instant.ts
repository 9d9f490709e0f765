/** The instant that a person typed (RFC 3339), or undefined where it is none. */
export function instantOf(text: string): Temporal.Instant | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined
  try {
    return Temporal.Instant.from(text)
  } catch {
    // The 31st of February has the right shape and is no instant.
    return undefined
  }
}
