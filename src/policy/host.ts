import { domainToASCII } from 'node:url'
import { fold } from '../directory/identity.ts'
import { hostLengthMax } from './limits.ts'

/**
 * The one form in which host names compare: lower case, A-labels, no trailing dot. Undefined: no
 * host name. IP literals are none; ask `parseIp` first.
 */
export function hostForm(text: string): string | undefined {
  if (text.length === 0 || text.length > hostLengthMax + 1) return undefined
  const ascii = isAscii(text) ? text : domainToASCII(text)
  const folded = fold(ascii)
  const host = folded.endsWith('.') ? folded.slice(0, -1) : folded
  if (host.length > hostLengthMax || !hostName.test(host)) return undefined
  // A last label of digits is a number to some resolvers and so an address: `010.0.0.1`.
  const last = host.slice(host.lastIndexOf('.') + 1)
  return numberLabel.test(last) ? undefined : host
}

// Each class is followed by what it does not hold, so there is one way to match.
const hostName = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/
const numberLabel = /^(?:0x[0-9a-f]*|[0-9]+)$/

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false
  return true
}
