import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { HttpListen } from '../config/config.ts'

/** A certificate or key cannot be used. Mend the file; nothing was started. */
export class TlsFileError extends Error {
  override readonly name = 'TlsFileError'
  readonly code = 'TLS_FILE_INVALID'

  constructor(setting: string, file: string, fault: string) {
    super(`\`${setting}\`: \`${file}\` ${fault}`)
  }
}

export interface PemListen {
  readonly host: string
  readonly port: number
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer }
}

/** Reads what a listener needs, and says before it listens what is wrong with it. */
export async function readListen(listen: HttpListen, setting: string): Promise<PemListen> {
  const { host, port, tls } = listen
  if (tls === undefined) return { host, port }
  const cert = await readPem(`${setting}.cert`, tls.cert)
  const key = await readPem(`${setting}.key`, tls.key)
  const certificate = parse(`${setting}.cert`, tls.cert, () => new X509Certificate(cert))
  const privateKey = parse(`${setting}.key`, tls.key, () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TlsFileError(`${setting}.key`, tls.key, `does not belong to \`${tls.cert}\``)
  }
  return { host, port, tls: { cert, key } }
}

async function readPem(setting: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new TlsFileError(setting, file, `cannot be read (${code})`)
  }
}

function parse<Parsed>(setting: string, file: string, read: () => Parsed): Parsed {
  try {
    return read()
  } catch {
    // What OpenSSL says of a file it cannot read helps nobody.
    throw new TlsFileError(setting, file, 'is no PEM file of the expected kind')
  }
}
