import type { Revision } from '../directory/directory.ts'

/**
 * A place in the log. Two positions are the same history only if epoch, revision and nonce agree:
 * after a restore or a failover the same revision may carry another nonce.
 */
export interface Position {
  readonly partition: number
  readonly epoch: number
  /** 0 = before the first entry. */
  readonly revision: Revision
  /** 16 hex digits, random per entry: names the entry, so that a fork is seen. */
  readonly nonce: string
}

/** The revision as callers see it: opaque, unsigned (it grants nothing), 20 characters. */
export function toToken(position: Position): string {
  const bytes = Buffer.alloc(15)
  bytes.writeUInt8(tokenLayout, 0)
  bytes.writeUInt16BE(position.partition, 1)
  bytes.writeUInt16BE(position.epoch, 3)
  bytes.writeUIntBE(position.revision, 5, 6)
  bytes.write(position.nonce.slice(0, 8), 11, 'hex')
  return bytes.toString('base64url')
}

/** What a token says, or undefined if it is none of ours. The nonce is its first 8 digits. */
export function fromToken(token: string): Position | undefined {
  if (!/^[A-Za-z0-9_-]{20}$/.test(token)) return undefined
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.readUInt8(0) !== tokenLayout) return undefined
  return {
    partition: bytes.readUInt16BE(1),
    epoch: bytes.readUInt16BE(3),
    revision: bytes.readUIntBE(5, 6),
    nonce: bytes.toString('hex', 11),
  }
}

/** First byte of every token; another value is another layout. */
const tokenLayout = 1

export function samePosition(a: Position, b: Position): boolean {
  return a.revision === b.revision && a.nonce === b.nonce && a.epoch === b.epoch
}
