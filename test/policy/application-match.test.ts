import { expect, test } from 'vitest'
import type { Destination } from '../../src/policy/policy.ts'
import { compiled } from '../support/policies.ts'

const rules = compiled(`
version: 1
applications:
  exact: { hosts: [www.corp.example], ports: [443] }
  exact-range: { hosts: [www.corp.example], ports: ["400-500"] }
  exact-any: { hosts: [www.corp.example] }
  deep: { hosts: ["*.eu.corp.example"] }
  wide: { hosts: ["*.corp.example"] }
  umlaut: { hosts: [bücher.example] }
  host-24: { cidrs: [10.1.2.0/24] }
  net-16-tcp: { cidrs: [10.1.0.0/16], protocols: [tcp] }
  net-16: { cidrs: [10.1.0.0/16] }
  six: { cidrs: ["2001:db8::/32"] }
  both: { hosts: [db.corp.example], cidrs: [10.9.0.0/16] }
  two-ports-a: { hosts: [two.example], ports: [1] }
  two-ports-b: { hosts: [two.example], ports: [2] }
`)

test.each<[string, Destination, string | undefined]>([
  ['a named port comes before a range', { host: 'www.corp.example', port: 443 }, 'exact'],
  ['a range comes before any port', { host: 'www.corp.example', port: 401 }, 'exact-range'],
  ['any port is what remains', { host: 'www.corp.example', port: 22 }, 'exact-any'],
  [
    'hosts compare without case and trailing dot',
    { host: 'WWW.Corp.Example.', port: 443 },
    'exact',
  ],
  ['a wildcard with more labels comes first', { host: 'a.b.eu.corp.example' }, 'deep'],
  ['a wildcard takes several labels', { host: 'a.b.corp.example' }, 'wide'],
  ['a wildcard is not its own domain', { host: 'corp.example' }, undefined],
  ['a label that only ends alike is another', { host: 'xcorp.example' }, undefined],
  ['letters beyond ASCII become A-labels', { host: 'xn--bcher-kva.example' }, 'umlaut'],
  ['and are one form, in any case', { host: 'BÜCHER.example' }, 'umlaut'],
  ['the longer prefix comes first', { ip: '10.1.2.3' }, 'host-24'],
  ['a named protocol comes first', { ip: '10.1.3.3', protocol: 'TCP' }, 'net-16-tcp'],
  ['another protocol is not named', { ip: '10.1.3.3', protocol: 'udp' }, 'net-16'],
  ['an address mapped into IPv6 is IPv4', { ip: '::ffff:10.1.2.3' }, 'host-24'],
  ['an IPv6 address', { ip: '2001:DB8::1' }, 'six'],
  ['an address given as host is an address', { host: '10.1.2.3' }, 'host-24'],
  ['so is one in brackets', { host: '[2001:db8::1]' }, 'six'],
  ['host and address that contradict each other', { host: '10.1.2.3', ip: '10.1.2.4' }, undefined],
  ['leading zeros are no address and no host', { host: '010.1.2.3' }, undefined],
  ['nor are they in the address', { ip: '010.1.2.3' }, undefined],
  ['host and address that both are listed', { host: 'db.corp.example', ip: '10.9.1.1' }, 'both'],
  ['a listed host at another address', { host: 'db.corp.example', ip: '10.8.1.1' }, 'wide'],
  ['an address of which another host is asked', { host: 'x.example', ip: '10.9.1.1' }, undefined],
  ['two that fit as well, no port being said', { host: 'two.example' }, undefined],
  ['one of those, by its port', { host: 'two.example', port: 2 }, 'two-ports-b'],
  ['nothing at all', {}, undefined],
  ['a port alone', { port: 443 }, undefined],
  ['a host that is none', { host: 'a b' }, undefined],
  ['a host of a million letters', { host: 'a.'.repeat(500_000) }, undefined],
  ['a name of Object.prototype', { host: '__proto__' }, undefined],
])('%s', (_, destination, wanted) => {
  expect(rules.applicationAt(destination)?.name).toBe(wanted)
})
