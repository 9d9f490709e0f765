import { didYouMean } from '../std/nearest-name.ts'
import type { Path } from './conditions.ts'
import { hostForm } from './host.ts'
import { type Network, parseIp, parseNetwork } from './ip.ts'
import type { ApplicationPart } from './schema.ts'

/** Where an application is, in the form in which destinations are looked up. */
export interface Endpoints {
  /** Exact names. */
  readonly hosts: readonly string[]
  /** What follows `*.`. */
  readonly wildcards: readonly string[]
  readonly networks: readonly Network[]
  /** None: any port. */
  readonly ports: readonly PortRange[]
  /** None: any protocol. */
  readonly protocols: ReadonlySet<string>
}
export interface PortRange {
  readonly from: number
  readonly to: number
}

/** `fault` is told what is wrong, with the path below the application. */
export function endpointsOf(
  application: ApplicationPart,
  fault: (path: Path, message: string) => void,
): Endpoints {
  const { hosts = [], cidrs = [], ports = [], protocols = [] } = application
  if (hosts.length + cidrs.length === 0 && ports.length + protocols.length > 0) {
    const part = ports.length > 0 ? 'ports' : 'protocols'
    fault([part], `\`${part}\` without \`hosts\` or \`cidrs\` are nowhere: add one of them`)
  }
  const exact: string[] = []
  const wildcards: string[] = []
  for (const [at, text] of hosts.entries()) {
    const wild = text.startsWith('*.')
    const host = hostForm(wild ? text.slice(2) : text)
    if (host === undefined) fault(['hosts', at], noHost(text))
    else (wild ? wildcards : exact).push(host)
  }
  const networks = cidrs.flatMap((text, at) => {
    const network = parseNetwork(text)
    if (!('fault' in network)) return [network]
    fault(['cidrs', at], network.fault)
    return []
  })
  const ranges = ports.flatMap((port, at) => {
    const range = portRange(port)
    if (range === undefined)
      fault(['ports', at], `\`${port}\` is no port: write 443, or a range such as "8000-8099"`)
    return range ?? []
  })
  return { hosts: exact, wildcards, networks, ports: ranges, protocols: new Set(protocols) }
}

function noHost(text: string): string {
  const shown = text.slice(0, 64)
  if (parseIp(text) !== undefined) return `\`${shown}\` is an address: write it under \`cidrs\``
  if (text.includes('*')) {
    return `\`${shown}\` is no host name: \`*.\` stands at the beginning and nowhere else`
  }
  return `\`${shown}\` is no host name`
}

function portRange(port: number | string): PortRange | undefined {
  if (typeof port === 'number') return { from: port, to: port }
  const match = /^([1-9][0-9]{0,4})-([1-9][0-9]{0,4})$/.exec(port)
  const [from, to] = [Number(match?.[1]), Number(match?.[2])]
  return from <= to && to <= 65_535 ? { from, to } : undefined
}

/** For a name that no application has. */
export function noApplication(name: string, known: ReadonlySet<string>): string {
  const there = known.size === 0 ? '; none are declared' : ''
  return `no application \`${name}\`${didYouMean(name, known)}${there}`
}
