import { fold } from '../directory/identity.ts'
import type { Endpoints } from './endpoints.ts'
import { hostForm } from './host.ts'
import { compareIp, type Ip, networkOf, parseIp, printIp } from './ip.ts'
import type { Destination } from './policy.ts'

/**
 * Which application is at a destination: exact host, then wildcard with more labels, then network
 * with the longer prefix; among those a named port before a narrower range before any port; then a
 * named protocol.
 *
 * What a destination does not say is not asked. If it names both a host and an address, then an
 * application that lists both kinds must list both. Two that fit equally well are none; only a
 * destination without port or protocol can meet that, since a file with a tie is refused.
 */
export class ApplicationMatch<Application> {
  readonly #hosts = new Map<string, Place<Application>[]>()
  readonly #wildcards = new Map<string, Place<Application>[]>()
  /** The longest prefix first. */
  readonly #lengths: PrefixLength<Application>[] = []

  add(application: Application, endpoints: Endpoints): void {
    const place = { application, endpoints }
    for (const host of endpoints.hosts) add(this.#hosts, host, place)
    for (const suffix of endpoints.wildcards) add(this.#wildcards, suffix, place)
    for (const { first, prefix } of endpoints.networks) {
      add(this.#length(first.family, prefix).networks, printIp(first), place)
    }
  }

  #length(family: 4 | 6, prefix: number): PrefixLength<Application> {
    const known = this.#lengths.find((each) => each.family === family && each.prefix === prefix)
    if (known !== undefined) return known
    const length = { family, prefix, networks: new Map() }
    this.#lengths.push(length)
    this.#lengths.sort((a, b) => b.prefix - a.prefix)
    return length
  }

  at(destination: Destination): Application | undefined {
    const asked = askedOf(destination, this.#hosts)
    if (asked === undefined) return undefined
    const found = this.#byHost(asked) ?? this.#byAddress(asked)
    return found === 'tied' ? undefined : found?.application
  }

  #byHost(asked: Asked): Found<Application> {
    const { host } = asked
    if (host === undefined) return undefined
    const exact = best(this.#hosts.get(host), asked, listsAddress)
    if (exact !== undefined) return exact
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const wild = best(this.#wildcards.get(host.slice(dot + 1)), asked, listsAddress)
      if (wild !== undefined) return wild
    }
    return undefined
  }

  #byAddress(asked: Asked): Found<Application> {
    const { ip } = asked
    if (ip === undefined) return undefined
    for (const { family, prefix, networks } of this.#lengths) {
      if (family !== ip.family) continue
      const found = best(networks.get(printIp(networkOf(ip, prefix).first)), asked, listsNoHost)
      if (found !== undefined) return found
    }
    return undefined
  }
}

interface Place<Application> {
  readonly application: Application
  readonly endpoints: Endpoints
}
interface PrefixLength<Application> {
  readonly family: 4 | 6
  readonly prefix: number
  readonly networks: Map<string, Place<Application>[]>
}
type Found<Application> = Place<Application> | 'tied' | undefined

/** A destination in the form in which it is looked up. */
interface Asked {
  readonly host: string | undefined
  readonly ip: Ip | undefined
  readonly port: number | undefined
  readonly protocol: string | undefined
}

/**
 * Undefined: it says nothing that could be looked up, or contradicts itself. A host that a file
 * lists is no address and has its form already, which is what most destinations name.
 */
function askedOf(
  { host, ip, port, protocol }: Destination,
  listed: ReadonlyMap<string, unknown>,
): Asked | undefined {
  const address = ip === undefined ? undefined : parseIp(ip)
  if (ip !== undefined && address === undefined) return undefined
  const rest = { port, protocol: protocol === undefined ? undefined : fold(protocol) }
  if (host === undefined) return address && { host: undefined, ip: address, ...rest }
  if (listed.has(host)) return { host, ip: address, ...rest }
  const literal = parseIp(host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host)
  if (literal !== undefined) {
    if (address !== undefined && compareIp(address, literal) !== 0) return undefined
    return { host: undefined, ip: literal, ...rest }
  }
  const name = hostForm(host)
  return name === undefined ? undefined : { host: name, ip: address, ...rest }
}

function best<Application>(
  places: readonly Place<Application>[] | undefined,
  asked: Asked,
  agrees: (endpoints: Endpoints, asked: Asked) => boolean,
): Found<Application> {
  let found: Found<Application>
  let least = Number.POSITIVE_INFINITY
  for (const place of places ?? []) {
    const rank = rankOf(place.endpoints, asked)
    if (rank > least || rank === noRank || !agrees(place.endpoints, asked)) continue
    if (rank < least) found = place
    else if (typeof found === 'object' && found.application !== place.application) found = 'tied'
    least = rank
  }
  return found
}

const noRank = Number.POSITIVE_INFINITY
/** Wider than any range of ports. */
const anyPort = 65_536

/** Less is more specific: the width of the ports, then whether the protocol is named. */
function rankOf({ ports, protocols }: Endpoints, { port, protocol }: Asked): number {
  let width = 0
  if (port !== undefined) {
    width = ports.length === 0 ? anyPort : noRank
    for (const { from, to } of ports) {
      if (port >= from && port <= to) width = Math.min(width, to - from)
    }
  }
  if (protocol === undefined) return width * 2
  if (protocols.size === 0) return width * 2 + 1
  return protocols.has(protocol) ? width * 2 : noRank
}

function listsAddress({ networks }: Endpoints, { ip }: Asked): boolean {
  if (ip === undefined || networks.length === 0) return true
  return networks.some(({ first, last }) => compareIp(first, ip) <= 0 && compareIp(ip, last) <= 0)
}

/** One that lists the host as well was found by it. */
function listsNoHost({ hosts, wildcards }: Endpoints, { host }: Asked): boolean {
  return host === undefined || hosts.length + wildcards.length === 0
}

function add<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}
