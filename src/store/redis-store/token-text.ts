import type { TokenRecord } from '../../directory/change.ts'

/** A token as one string: a number in the order in which they were made, then the record. */
export function tokenText(number: number, token: TokenRecord): string {
  return `${number} ${JSON.stringify(token)}`
}

export function toToken(text: string): TokenRecord {
  return JSON.parse(text.slice(text.indexOf(' ') + 1)) as TokenRecord
}

export function tokenNumber(text: string): number {
  return Number.parseInt(text, 10)
}
