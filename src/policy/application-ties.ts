import type { Endpoints, PortRange } from './endpoints.ts'
import { printIp } from './ip.ts'

/** Two applications that claim the same destinations with equal precision. */
export interface Tie {
  readonly first: string
  readonly second: string
  /** What both claim: `10.20.0.0/16`, port 22. */
  readonly what: string
}

/**
 * Wildcards with as many labels fit one host only if they are the same, and networks with one
 * prefix length one address only if they are the same: so ties are among equal endpoints.
 */
export function applicationTies(all: ReadonlyMap<string, Endpoints>): readonly Tie[] {
  const claims = new Map<string, Claim[]>()
  for (const [name, endpoints] of all) {
    const { hosts, wildcards, networks, ports } = endpoints
    const targets = new Set([
      ...hosts,
      ...wildcards.map((suffix) => `*.${suffix}`),
      ...networks.map(({ first, prefix }) => `${printIp(first)}/${prefix}`),
    ])
    for (const target of targets) {
      const ranges = ports.length === 0 ? [anyPort] : ports
      for (const range of ranges) {
        // Ranges of another width are more or less precise.
        const key = `${target} ${range.to - range.from}`
        const same = claims.get(key)
        const claim = { name, target, range, protocols: endpoints.protocols }
        if (same === undefined) claims.set(key, [claim])
        else same.push(claim)
      }
    }
  }
  const ties = new Map<string, Tie>()
  for (const same of claims.values()) {
    for (const tie of tiesAmong(same)) ties.set(`${tie.first} ${tie.second}`, tie)
  }
  return [...ties.values()]
}

interface Claim {
  readonly name: string
  readonly target: string
  readonly range: PortRange
  readonly protocols: ReadonlySet<string>
}

const anyPort: PortRange = { from: 0, to: 65_536 }

function tiesAmong(claims: Claim[]): readonly Tie[] {
  const ties: Tie[] = []
  const sorted = claims.toSorted((a, b) => a.range.from - b.range.from)
  for (const [at, claim] of sorted.entries()) {
    for (let next = at + 1; next < sorted.length && ties.length < tiesMax; next++) {
      const other = sorted[next]!
      if (other.range.from > claim.range.to) break
      if (other.name === claim.name || !shareProtocol(claim, other)) continue
      ties.push({
        first: claim.name,
        second: other.name,
        what: `${claim.target}${portText(other.range)}`,
      })
    }
  }
  return ties
}

/** More of them for one endpoint help nobody. */
const tiesMax = 20

function shareProtocol(a: Claim, b: Claim): boolean {
  if (a.protocols.size === 0 || b.protocols.size === 0) return a.protocols.size === b.protocols.size
  return !a.protocols.isDisjointFrom(b.protocols)
}

function portText(range: PortRange): string {
  return range === anyPort ? '' : `, port ${range.from}`
}
