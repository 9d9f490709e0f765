import type { X509Certificate } from 'node:crypto'

/** Who is at the other end of a connection, by what the connection itself proves. */
export type Identity =
  /** A certificate of the client CA, with exactly one URI among its names. */
  | { readonly kind: 'certificate'; readonly uri: string }
  /** On loopback, in plain text: whoever may log in to this machine. */
  | { readonly kind: 'local' }
  /** Nobody that the connection could tell; a token may still say who calls. */
  | { readonly kind: 'nameless'; readonly why: string }

export const local: Identity = { kind: 'local' }

/**
 * The identity in a certificate that was verified already. SPIFFE X.509-SVID §2: exactly one URI
 * SAN. Neither DNS names nor the common name count: they say where a server is, not who calls.
 */
export function identityIn(certificate: X509Certificate): Identity {
  const uris = uriNames(certificate.subjectAltName ?? '')
  if (uris.length === 1) return { kind: 'certificate', uri: uris[0]! }
  const why = uris.length === 0 ? 'no URI SAN' : 'more than one URI SAN'
  return { kind: 'nameless', why: `the certificate has ${why}` }
}

/**
 * Node prints `URI:spiffe://a/b, DNS:a.example` and quotes as JSON what could be mistaken for a
 * separator (CVE-2021-44532).
 */
function uriNames(subjectAltName: string): string[] {
  const entries = subjectAltName.matchAll(/(?:^|, )([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)
  return [...entries]
    .filter(([, type]) => type === 'URI')
    .map(([, , value = '']) => (value.startsWith('"') ? (JSON.parse(value) as string) : value))
}
