/** Where to listen. Port 0 takes a free one. */
export interface Listen {
  readonly host: string
  readonly port: number
}

/** `[::1]:7070` or `localhost:7070`, already checked for its form. */
export function splitAddress(address: string): Listen {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  return { host, port: Number(address.slice(colon + 1)) }
}
