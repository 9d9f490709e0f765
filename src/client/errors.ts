/**
 * No decision could be had. Never leaves the room: the client turns it into a block whose reason is
 * `WIRE_` and the code.
 */
export class WireError extends Error {
  override readonly name = 'WireError'
  /**
   * Name of a gRPC status, or: REQUEST: it cannot be sent. MALFORMED: what came back cannot be
   * understood. OVERLOADED: too much is in flight. CLIENT: this side is closed or has a bug.
   */
  readonly code: string

  constructor(code: string, detail: string) {
    super(detail)
    this.code = code
  }
}

/** A stream ended, which says nothing about any one attempt on it. */
export class StreamError extends WireError {}

/** A client cannot be made like this. Thrown by the constructor alone; the message says why. */
export class ClientOptionsError extends Error {
  override readonly name = 'ClientOptionsError'
}
