/** How much one front takes on before it refuses connections. */
export interface FrontLimits {
  readonly connectionsMax: number
  readonly acceptsPerSecondMax: number
  readonly handshakesMax: number
  readonly handshakesPerAddressMax: number
  readonly connectionsPerIdentityMax: number
  readonly firstBytesMs: number
}
export const standardLimits: FrontLimits = {
  // An idle connection costs 21 KB in plain text: this many stay below 350 MB.
  connectionsMax: 16_384,
  // Reconnecting is the dear part of an attack: what is above waits for the client's next try.
  acceptsPerSecondMax: 2_000,
  // A full handshake takes some 2.5 ms of a core: a second's worth and little more.
  handshakesMax: 512,
  // Half: whoever begins them slowly from one address keeps nobody else out.
  handshakesPerAddressMax: 256,
  // A gateway needs one, some have one a core and replace them without a gap.
  connectionsPerIdentityMax: 256,
  // Both HTTP versions begin with the client: for the handshake, and again for what comes first.
  firstBytesMs: 5_000,
}
