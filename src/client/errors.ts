/**
 * No decision could be had for a reason on this side of the wire. Never leaves the room: the
 * client turns it into a block.
 */
export class WireError extends Error {
  override readonly name = 'WireError'
  /** REQUEST: it cannot be sent. MALFORMED: what came back cannot be understood. */
  readonly code: 'REQUEST' | 'MALFORMED'

  constructor(code: 'REQUEST' | 'MALFORMED', detail: string) {
    super(detail)
    this.code = code
  }
}
