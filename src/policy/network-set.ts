import { compareIp, type Ip, type Network } from './ip.ts'

/**
 * Networks, asked whether an address is inside one of them. Two networks are nested or apart, so
 * without the nested ones they are sorted ranges, and look-up is a binary search.
 */
export class NetworkSet {
  readonly #networks: readonly Network[]

  constructor(networks: Iterable<Network>) {
    const sorted = [...networks].sort((a, b) => compareIp(a.first, b.first) || a.prefix - b.prefix)
    const apart: Network[] = []
    for (const network of sorted) {
      const before = apart.at(-1)
      if (before === undefined || compareIp(network.first, before.last) > 0) apart.push(network)
    }
    this.#networks = apart
  }

  has(ip: Ip): boolean {
    let low = 0
    let high = this.#networks.length - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const network = this.#networks[middle]!
      if (compareIp(ip, network.first) < 0) high = middle - 1
      else if (compareIp(ip, network.last) > 0) low = middle + 1
      else return true
    }
    return false
  }
}
