import { X509Certificate } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { identityIn } from '../../src/access/peer-identity.ts'
import { type CertificateName, identities, makeCertificates } from '../support/certificates.ts'

const certificates = makeCertificates()
afterAll(() => certificates[Symbol.dispose]())

const identityOf = (name: CertificateName) =>
  identityIn(new X509Certificate(certificates.of(name).cert))

describe('a certificate', () => {
  test.each([
    ['berlin', identities.berlin],
    ['berlinWithDns', identities.berlin],
    ['comma', identities.comma],
    ['quote', identities.quote],
  ] as const)('%s says who it is by its one URI SAN, letter by letter', (name, uri) => {
    expect(identityOf(name)).toEqual({ kind: 'certificate', uri })
  })

  test.each([
    ['commonName', 'no URI SAN'],
    ['dnsOnly', 'no URI SAN'],
    ['dnsDisguised', 'no URI SAN'],
    ['mailDisguised', 'no URI SAN'],
    ['otherNameDisguised', 'no URI SAN'],
    ['twoUris', 'more than one URI SAN'],
    ['sameUriTwice', 'more than one URI SAN'],
  ] as const)('%s says nobody, and why: %s', (name, why) => {
    expect(identityOf(name)).toEqual({ kind: 'nameless', why: `the certificate has ${why}` })
  })
})
