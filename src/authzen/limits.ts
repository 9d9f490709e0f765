/** Largest body of a request about one decision, and of a search: claims and a device report. */
export const bodyBytesMax = 64 * 1024
/** Of a batch: as much as a gRPC message. */
export const batchBytesMax = 512 * 1024
/** Nesting in a body: what recurses further down must not overflow. */
export const bodyDepthMax = 32
/** Names of one object in a body: more than 64 values can need. */
export const bodyNamesMax = 1_024

/**
 * Milliseconds for the headers, and for the whole request. Node looks at both only every so often,
 * and `requestTimeout` alone would let a slow body live for 90 seconds.
 */
export const timeouts = {
  headersTimeout: 3_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 500,
} as const
/** Between two requests on one connection: a gateway asks again soon, a handshake is dear. */
export const keepAliveTimeoutMs = 60_000
/** A connection is renewed after that: its certificate is judged anew, and load moves. */
export const connectionAgeMsMax = 10 * 60_000

/** Results on a page of a search, unless said. */
export const pageLimitDefault = 100
/** More than that is taken for that: a page is some 100 KB. */
export const pageLimitMax = 1_000
/** Looked at for one page, whatever is found: half a second of reading at the most. */
export const candidatesMax = 20_000
/** Milliseconds after which a page ends where it is. */
export const pageMsMax = 1_000
/** Read in one go: ≈ 3 ms of the thread that decides. */
export const candidatesReadMax = 200
/** Decided in one go: 5 ms where none was ever asked about under 10,000 rules. */
export const candidatesDecidedMax = 50

/** Each search takes 10 ms of the thread whenever it is its turn. */
export const searchLine = { atOnce: 2, atOncePerKey: 1, waitingPerKeyMax: 32 } as const
/** Whoever waits longer for a turn is told to come again. */
export const searchWaitMsMax = 2_000
