import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIp, parseNetwork, printIp } from '../../src/policy/ip.ts'
import { NetworkSet } from '../../src/policy/network-set.ts'

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:0201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['::', '::'],
  ['1::', '1::'],
  ['::192.0.2.1', '::c000:201'],
])('%s is %s', (text, wanted) => {
  expect(printIp(parseIp(text)!)).toBe(wanted)
})

test.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3.4 ',
  '+1.2.3.4',
  '1.2.3.0x4',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8',
  '12345::',
  'g::',
  '1.2.3.4::',
  '::1.2.3.4:5',
  '::01.2.3.4',
  'fe80::1%',
  '１.2.3.4',
])('`%s` is no address', (text) => {
  expect(parseIp(text)).toBeUndefined()
})

test('whatever is an address to Node is one here, and printed it is itself', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      expect(isIP(text)).not.toBe(0)
      const printed = printIp(parseIp(text)!)
      expect(parseIp(printed)).toEqual(parseIp(text))
    }),
  )
})

test('no text is an address here that is none to Node', () => {
  const letters = fc.string({ unit: fc.constantFrom(...'0125:.af%'), maxLength: 12 })
  fc.assert(
    fc.property(letters, (text) => {
      if (parseIp(text) !== undefined) expect(isIP(text)).not.toBe(0)
    }),
    { numRuns: 2_000 },
  )
})

describe('a network', () => {
  test.each([
    ['10.0.0.1/8', 'host bits (did you mean `10.0.0.0/8`?)'],
    ['2001:db8::1/32', 'host bits (did you mean `2001:db8::/32`?)'],
    ['::ffff:10.1.0.0/104', 'host bits (did you mean `10.0.0.0/8`?)'],
    ['10.0.0.0/33', 'a prefix length from 0 to 32'],
    ['10.0.0.0/08', 'a prefix length from 0 to 32'],
    ['10.0.0.0/', 'a prefix length from 0 to 32'],
    ['10.0.0', 'is no network'],
    ['fe80::%eth0/10', 'is no network'],
  ])('written %s has a fault: %s', (text, wanted) => {
    expect(parseNetwork(text)).toMatchObject({ fault: expect.stringContaining(wanted) })
  })

  test('mapped into IPv6 is the IPv4 network', () => {
    expect(parseNetwork('::ffff:10.0.0.0/104')).toEqual(parseNetwork('10.0.0.0/8'))
  })
})

test('a set of networks has what one of them has', () => {
  const network = fc
    .tuple(fc.constantFrom('10.1.2.3', '10.200.0.9', '192.0.2.1', '2001:db8::7'), fc.nat(32))
    .map(([address, prefix]) => ({ address, prefix }))
  const address = fc.constantFrom('10.1.2.3', '10.1.2.4', '11.0.0.0', '::1', '2001:db8::8')
  fc.assert(
    fc.property(fc.array(network, { maxLength: 6 }), address, (many, text) => {
      const networks = many.map(({ address, prefix }) => wholeNetwork(address, prefix))
      const inOne = networks.some((one) => new NetworkSet([one]).has(parseIp(text)!))

      expect(new NetworkSet(networks).has(parseIp(text)!)).toBe(inOne)
    }),
  )
})

/** The network of that length around an address, by way of the suggestion for host bits. */
function wholeNetwork(address: string, prefix: number) {
  const found = parseNetwork(`${address}/${prefix}`)
  if ('prefix' in found) return found
  const meant = parseNetwork(/did you mean `(.*)`/.exec(found.fault)![1]!)
  if ('fault' in meant) throw new Error(meant.fault)
  return meant
}
