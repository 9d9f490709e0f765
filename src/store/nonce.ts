import { randomBytes, randomInt } from 'node:crypto'

/** Names an entry. Random bytes are fetched for many at once: each fetch costs 10 µs and more. */
export function newNonce(): string {
  if (spent === pool.length) {
    pool = randomBytes(8 * 256)
    spent = 0
  }
  spent += 8
  return pool.toString('hex', spent - 8, spent)
}
let pool = Buffer.alloc(0)
let spent = 0

/**
 * The first epoch of a new log. By chance, so that a revision token of another log, from which a
 * directory was moved here perhaps, is not taken for one of this.
 */
export function firstEpoch(): number {
  return randomInt(1, 2 ** 15)
}
