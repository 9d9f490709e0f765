import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate that signs itself, and so is its own CA, with its key. */
export interface SelfSigned {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: Buffer
  readonly key: Buffer
}

/** `names`: a subjectAltName as openssl reads it, such as `DNS:localhost,IP:127.0.0.1`. */
export function selfSigned(names: string): SelfSigned {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pair-'))
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const said = ['-subj', '/CN=test', '-addext', `subjectAltName=${names}`, '-days', '2']
  const files = ['-keyout', keyFile, '-out', certFile]
  execFileSync('openssl', ['req', '-x509', ...kind, ...said, ...files], { stdio: 'ignore' })
  return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) }
}
