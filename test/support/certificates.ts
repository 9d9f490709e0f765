import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate and its key, as files and as what is in them. */
export interface Pair {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: Buffer
  readonly key: Buffer
}

/** Certificates good and bad, made by the `openssl` command in a folder of their own. */
export interface Certificates extends Disposable {
  readonly folder: string
  /** Of the CA that signs for connectors and servers. */
  readonly ca: Buffer
  readonly caFile: string
  of(name: CertificateName): Pair
}

/** What is in the URI SAN of those that are good. */
export const identities = {
  berlin: 'spiffe://acme.example/gw/berlin',
  munich: 'spiffe://acme.example/gw/munich',
  comma: 'spiffe://acme.example/gw/a,b',
  quote: 'spiffe://acme.example/gw/a"b, URI:spiffe://acme.example/gw/berlin',
} as const

const { berlin, munich, comma, quote } = identities

/** How one of them is signed, and the names in it. */
interface Making {
  /** Lines of an openssl `alt_names` section. */
  readonly names?: readonly string[]
  readonly by?: 'ca' | 'stranger' | 'itself'
  /** UTC, as `openssl ca` takes them; absent: from now on. */
  readonly from?: string
  readonly until?: string
  readonly subject?: string
}

const serverNames = ['DNS.1=localhost', 'IP.1=127.0.0.1']
/** Object identifier of a Windows user name (UPN), a name of another kind. */
const userPrincipal = '1.3.6.1.4.1.311.20.2.3'
const makings = {
  server: { names: serverNames },
  nextServer: { names: serverNames },
  expiredServer: { names: serverNames, from: '20200101000000Z', until: '20210101000000Z' },
  earlyServer: { names: serverNames, from: '20900101000000Z', until: '20910101000000Z' },
  /** Not where tests listen, though of a name that clients may send in place of an address. */
  elsewhere: { names: ['DNS.1=sallyport.invalid', 'IP.1=127.0.0.2'] },
  berlin: { names: [`URI.1=${berlin}`] },
  munich: { names: [`URI.1=${munich}`] },
  berlinWithDns: { names: [`URI.1=${berlin}`, 'DNS.1=gw.acme.example'] },
  comma: { names: [`URI.1=${comma}`] },
  quote: { names: [`URI.1=${quote.replace('"', '\\"')}`] },
  twoUris: { names: [`URI.1=${berlin}`, `URI.2=${munich}`] },
  sameUriTwice: { names: [`URI.1=${berlin}`, `URI.2=${berlin}`] },
  commonName: { subject: `/CN=${berlin.replaceAll('/', '\\/')}` },
  dnsOnly: { names: ['DNS.1=gw.acme.example'] },
  dnsDisguised: { names: [`DNS.1=gw.acme.example, URI:${berlin}`] },
  otherNameDisguised: { names: [`otherName.1=${userPrincipal};UTF8:ann, URI:${berlin}`] },
  mailDisguised: { names: [`email.1=ann@acme.example, URI:${berlin}`] },
  selfSigned: { names: [`URI.1=${berlin}`], by: 'itself' },
  otherCa: { names: [`URI.1=${berlin}`], by: 'stranger' },
  expired: { names: [`URI.1=${berlin}`], from: '20200101000000Z', until: '20210101000000Z' },
  notYetValid: { names: [`URI.1=${berlin}`], from: '20900101000000Z', until: '20910101000000Z' },
} as const satisfies Record<string, Making>
export type CertificateName = keyof typeof makings

/** Made when first asked for: a process of openssl takes some 10 ms. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-certificates-'))
  const path = (name: string) => join(folder, name)
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const made = new Map<CertificateName, Pair>()
  const authorities = new Set<string>()
  writeFileSync(path('index.txt'), '')
  writeFileSync(path('serial'), '7A')

  function authority(name: string): readonly string[] {
    const files = ['-CA', `${name}.crt`, '-CAkey', `${name}.key`]
    if (authorities.has(name)) return files
    authorities.add(name)
    // Strangers have the same name: only the signature tells them apart.
    const out = ['-keyout', `${name}.key`, '-out', `${name}.crt`, '-days', '30']
    const basic = ['-addext', 'basicConstraints=critical,CA:TRUE']
    openssl('req', '-x509', ...newKey, ...out, '-subj', '/CN=ca', ...basic)
    return files
  }

  function make(name: CertificateName): Pair {
    const { names, by = 'ca', from, until, subject = `/CN=${name}` }: Making = makings[name]
    const [config, key, cert] = [`${name}.cnf`, `${name}.key`, `${name}.crt`] as const
    writeFileSync(path(config), configText(names))
    const fresh = [...newKey, '-keyout', key, '-subj', subject, '-config', config]
    const signed = by === 'itself' ? [] : authority(by)
    if (from === undefined || until === undefined) {
      const extensions = ['-extensions', 'v3', '-days', '30', '-out', cert]
      openssl('req', '-x509', ...fresh, ...extensions, ...signed)
    } else {
      openssl('req', ...fresh, '-out', `${name}.csr`)
      const dates = ['-startdate', from, '-enddate', until]
      const by = ['-cert', 'ca.crt', '-keyfile', 'ca.key', '-notext', '-batch']
      openssl('ca', '-config', config, ...by, ...dates, '-in', `${name}.csr`, '-out', cert)
    }
    const [certFile, keyFile] = [path(cert), path(key)]
    return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) }
  }

  authority('ca')
  return {
    folder,
    ca: readFileSync(path('ca.crt')),
    caFile: path('ca.crt'),
    of: (name) => {
      const pair = made.get(name) ?? make(name)
      made.set(name, pair)
      return pair
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function configText(names: readonly string[] | undefined): string {
  return [
    '[req]',
    'distinguished_name = subject',
    '[subject]',
    '[ca]',
    'default_ca = house',
    '[house]',
    'database = index.txt',
    'new_certs_dir = .',
    'serial = serial',
    'default_md = sha256',
    'policy = anything',
    'x509_extensions = v3',
    'unique_subject = no',
    '[anything]',
    'commonName = supplied',
    '[v3]',
    'basicConstraints = critical,CA:FALSE',
    ...(names === undefined ? [] : ['subjectAltName = @names', '[names]', ...names]),
    '',
  ].join('\n')
}
