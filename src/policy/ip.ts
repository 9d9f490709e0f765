/**
 * An IP address as four words of 32 bits, the most significant first; of IPv4 the first is the
 * address. IPv4 mapped into IPv6 (`::ffff:a.b.c.d`) is IPv4, so that nobody slips past a network
 * by writing an address the other way.
 */
export interface Ip {
  readonly family: 4 | 6
  readonly words: readonly [number, number, number, number]
}

export interface Network {
  readonly first: Ip
  readonly last: Ip
  readonly prefix: number
}

/** Undefined: no address. Leading zeros in octets are refused, a zone id is dropped. */
export function parseIp(text: string): Ip | undefined {
  // 45 characters is the longest address; a zone id is the name of an interface.
  if (text.length > 45 + 1 + 32) return undefined
  if (!text.includes(':')) return v4(text)
  const zone = text.indexOf('%')
  if (zone < 0) return v6(text)
  return zoneId.test(text.slice(zone + 1)) ? v6(text.slice(0, zone)) : undefined
}

/** The name of a network interface. */
const zoneId = /^[0-9a-zA-Z_.:-]+$/

/** `10.0.0.0/8`; an address alone is a network of one. */
export function parseNetwork(text: string): Network | { readonly fault: string } {
  const slash = text.indexOf('/')
  const ip = parseIp(slash < 0 ? text : text.slice(0, slash))
  if (ip === undefined || text.includes('%')) {
    return { fault: `${quote(text)} is no network: write one such as \`10.0.0.0/8\`` }
  }
  // `::ffff:10.0.0.0/104` is 10.0.0.0/8: the prefix counts 96 bits that the address lost.
  const lost = ip.family === 4 && text.includes(':') ? 96 : 0
  const bits = ip.family === 4 ? 32 : 128
  const prefix = slash < 0 ? bits : number(text.slice(slash + 1)) - lost
  if (!(prefix >= 0 && prefix <= bits)) {
    return { fault: `${quote(text)} needs a prefix length from ${lost} to ${bits + lost}` }
  }
  const network = networkOf(ip, prefix)
  if (compareIp(network.first, ip) === 0) return network
  const meant = `${printIp(network.first)}/${prefix}`
  return { fault: `${quote(text)} has host bits (did you mean \`${meant}\`?)` }
}

/** The network of that prefix length which the address is in. */
export function networkOf(ip: Ip, prefix: number): Network {
  const first = ip.words.map((word, at) => (word & mask(prefix, at)) >>> 0)
  const last = ip.words.map((word, at) => (word | ~mask(prefix, at)) >>> 0)
  if (ip.family === 4) last.fill(0, 1)
  return { first: ipOf(ip.family, first), last: ipOf(ip.family, last), prefix }
}

/** IPv4 before IPv6, then by number. */
export function compareIp(a: Ip, b: Ip): number {
  if (a.family !== b.family) return a.family - b.family
  for (let at = 0; at < 4; at++) {
    const difference = a.words[at]! - b.words[at]!
    if (difference !== 0) return difference
  }
  return 0
}

export function printIp({ family, words }: Ip): string {
  if (family === 4) return [24, 16, 8, 0].map((shift) => (words[0] >>> shift) & 255).join('.')
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]).map((g) => g.toString(16))
  const zeros = longestZeros(groups)
  if (zeros.length < 2) return groups.join(':')
  const after = groups.slice(zeros.at + zeros.length)
  return `${groups.slice(0, zeros.at).join(':')}::${after.join(':')}`
}

/** RFC 5952 §4.2.3: the longest run of zeros is the one that is shortened, the first of equals. */
function longestZeros(groups: readonly string[]): { readonly at: number; readonly length: number } {
  let best = { at: 0, length: 0 }
  for (let at = 0; at < groups.length; at++) {
    let length = 0
    while (groups[at + length] === '0') length++
    if (length > best.length) best = { at, length }
  }
  return best
}

function v4(text: string): Ip | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let word = 0
  for (const part of parts) {
    const octet = number(part)
    if (!(octet <= 255)) return undefined
    word = word * 256 + octet
  }
  return ipOf(4, [word, 0, 0, 0])
}

function v6(text: string): Ip | undefined {
  const gap = text.indexOf('::')
  if (gap >= 0 && text.includes('::', gap + 1)) return undefined
  const head = groupsOf(gap < 0 ? text : text.slice(0, gap), gap < 0)
  const tail = gap < 0 ? [] : groupsOf(text.slice(gap + 2), true)
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (gap < 0 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...new Array<number>(Math.max(0, missing)).fill(0), ...tail]
  const words = [0, 2, 4, 6].map((at) => groups[at]! * 0x10000 + groups[at + 1]!)
  const mapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff
  return mapped ? ipOf(4, [words[3]!, 0, 0, 0]) : ipOf(6, words)
}

function groupsOf(text: string, atEnd: boolean): readonly number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [at, part] of parts.entries()) {
    if (part.includes('.')) {
      const dotted = atEnd && at === parts.length - 1 ? v4(part) : undefined
      if (dotted === undefined) return undefined
      groups.push(dotted.words[0] >>> 16, dotted.words[0] & 0xffff)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
      groups.push(Number.parseInt(part, 16))
    }
  }
  return groups
}

/** Decimal without leading zeros, which some readers take for octal; NaN if it is anything else. */
function number(text: string): number {
  if (text.length === 0 || text.length > 3 || (text.length > 1 && text[0] === '0'))
    return Number.NaN
  let value = 0
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

function mask(prefix: number, word: number): number {
  const bits = Math.min(32, Math.max(0, prefix - 32 * word))
  return bits === 0 ? 0 : -1 << (32 - bits)
}

function ipOf(family: 4 | 6, words: readonly number[]): Ip {
  return { family, words: [words[0]!, words[1]!, words[2]!, words[3]!] }
}

function quote(text: string): string {
  return `\`${text.slice(0, 64)}\``
}
