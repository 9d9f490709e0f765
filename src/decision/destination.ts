import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { domainToASCII } from 'node:url'
import { fold } from '../directory/identity.ts'
import type { Attempt } from './decision.ts'
import type { Violation } from './violation.ts'

/** As it came over a wire; empty and 0 are the same as left out. */
export interface SentDestination {
  readonly host?: string | undefined
  readonly ip?: string | undefined
  readonly port?: number | undefined
  readonly protocol?: string | undefined
}

/**
 * Where the connection goes, every part in the one form it is matched, explained and logged in:
 * reading it in two ways would be two answers.
 */
export function toDestination(
  sent: SentDestination,
  violations: Violation[],
): Attempt['destination'] {
  const host = hostOf(sent.host, violations)
  let ip = ipOf(sent.ip, violations)
  const literal = host !== undefined && isAddress(host) ? host : undefined
  if (literal !== undefined) {
    if (ip !== undefined && ip !== literal) {
      const description = 'is another address than `destination.ip`: send one of them'
      violations.push({ field: 'destination.host', description })
    }
    ip = literal
  }
  if (!sent.host && !sent.ip) {
    const description = 'is missing: a destination has a host or an ip'
    violations.push({ field: 'destination.host', description })
  }
  const port = sent.port ?? 0
  if (port > portMax) {
    violations.push({ field: 'destination.port', description: 'is not from 1 to 65535' })
  }
  const protocol = sent.protocol ?? ''
  if (protocol !== '' && !protocols.has(protocol)) {
    violations.push({ field: 'destination.protocol', description: 'is not tcp, udp or icmp' })
  }
  const destination: { -readonly [part in keyof Destination]: Destination[part] } = {}
  if (host !== undefined && literal === undefined) destination.host = host
  if (ip !== undefined) destination.ip = ip
  if (port !== 0) destination.port = port
  if (protocol !== '') destination.protocol = protocol
  return destination
}

/**
 * RFC 3986 §3.2: `host`, `host:443`, `10.1.2.3:22`, `[::1]:443`, and a bare `::1`. With any other
 * port, 0 too, the whole is no host: a destination whose port is left out is at every port.
 */
export function splitAuthority(text: string): { host: string; port: number | undefined } {
  const [, host = text, port] = /^(\[[^\]]*\]|[^:]*)(?::([1-9]\d{0,4}))?$/.exec(text) ?? []
  return { host, port: port === undefined ? undefined : Number(port) }
}

type Destination = NonNullable<Attempt['destination']>

const portMax = 65_535
const protocols: ReadonlySet<string> = new Set(['tcp', 'udp', 'icmp'])

function hostOf(text: string | undefined, violations: Violation[]): string | undefined {
  if (!text) return undefined
  const host = canonicalHost(text)
  if (host === undefined) {
    const description = 'is no host name: labels of letters, digits, - and _, at most 253 long'
    violations.push({ field: 'destination.host', description })
  }
  return host
}

function ipOf(text: string | undefined, violations: Violation[]): string | undefined {
  if (!text) return undefined
  const ip = canonicalIp(text)
  if (ip === undefined) {
    violations.push({ field: 'destination.ip', description: 'is no IPv4 or IPv6 address' })
  }
  return ip
}

/** RFC 1035 §2.3.4 counts 255 octets, which leaves 253 characters. */
const hostLengthMax = 253
const asciiHost = /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/
/** Canonical already, and its last label begins with a letter, so it is no address. */
const commonHost = /^(?:[a-z0-9_-]{1,63}\.)*[a-z][a-z0-9_-]{0,62}$/
const unicodeHost = /^[a-z0-9_.\u0080-\u{10ffff}-]+$/u

/** Lower case, A-labels, no trailing dot; of an address its own canonical form. */
export function canonicalHost(text: string): string | undefined {
  if (text.length > hostLengthMax + 1) return undefined
  // Nearly every host arrives like this, on every call.
  if (commonHost.test(text)) return text.length <= hostLengthMax ? text : undefined
  const folded = fold(text.endsWith('.') ? text.slice(0, -1) : text)
  const literal = canonicalIp(/^\[.*\]$/.test(folded) ? folded.slice(1, -1) : folded)
  if (literal !== undefined) return literal
  if (asciiHost.test(folded)) return isName(folded) ? folded : undefined
  // `domainToASCII` reads a URL's host: it would take `a/b` for `a`.
  if (!unicodeHost.test(folded)) return undefined
  // UTS 46; empty means refused.
  const labels = domainToASCII(folded)
  return isIPv4(labels) || (asciiHost.test(labels) && isName(labels)) ? labels : undefined
}

/** A last label of digits is a number to some resolvers, and so another address: `010.0.0.1`. */
function isName(host: string): boolean {
  const last = host.slice(host.lastIndexOf('.') + 1)
  return host.length <= hostLengthMax && !/^(0x[0-9a-f]*|[0-9]+)$/.test(last)
}

function isAddress(host: string): boolean {
  return isIPv4(host) || host.includes(':')
}

/** Longest text of an IPv6 address with an embedded IPv4 one, and a zone of 16 characters. */
const ipLengthMax = 62

/**
 * RFC 5952 form. A zone (`fe80::1%eth0`) names an interface of the caller's machine: dropped. An
 * IPv4-mapped address (`::ffff:10.1.2.3`) is the IPv4 address, or a CIDR would miss it.
 */
export function canonicalIp(text: string): string | undefined {
  if (text.length > ipLengthMax) return undefined
  if (isIPv4(text)) return text
  const zone = text.indexOf('%')
  const bare = zone < 0 ? text : text.slice(0, zone)
  if (!isIPv6(bare)) return undefined
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' })
  const mapped = address.startsWith(mappedPrefix) ? address.slice(mappedPrefix.length) : ''
  return isIPv4(mapped) ? mapped : address
}

const mappedPrefix = '::ffff:'
