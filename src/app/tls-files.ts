import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { GatewayListen, HttpListen } from '../config/config.ts'

/** A certificate or key cannot be used. Mend the file; nothing was started. */
export class TlsFileError extends Error {
  override readonly name = 'TlsFileError'
  readonly code = 'TLS_FILE_INVALID'

  constructor(setting: string, file: string, fault: string) {
    super(`\`${setting}\`: \`${file}\` ${fault}`)
  }
}

/** PEM that goes together. */
export interface PemTls {
  readonly cert: Buffer
  readonly key: Buffer
  readonly clientCa: Buffer | undefined
  /** When the certificate becomes valid and when it ends, in ms since 1970. */
  readonly startsMs: number
  readonly expiresMs: number
}

export interface PemListen {
  readonly host: string
  readonly port: number
  readonly tls?: PemTls
}

/** Files of a listener. */
type TlsFiles = NonNullable<HttpListen['tls'] | GatewayListen['tls']>

/** Reads what a listener needs, and says before it listens what is wrong with it. */
export async function readListen(
  listen: HttpListen | GatewayListen,
  setting: string,
): Promise<PemListen> {
  const { host, port, tls } = listen
  return tls === undefined ? { host, port } : { host, port, tls: await readTls(tls, setting) }
}

/** @throws {TlsFileError} for the first file that cannot be used. */
export async function readTls(files: TlsFiles, setting: string): Promise<PemTls> {
  const ca = 'clientCa' in files ? files.clientCa : undefined
  const cert = await readPem(`${setting}.cert`, files.cert)
  const key = await readPem(`${setting}.key`, files.key)
  const clientCa = ca === undefined ? undefined : await readPem(`${setting}.clientCa`, ca)
  const certificate = parse(`${setting}.cert`, files.cert, () => new X509Certificate(cert))
  const privateKey = parse(`${setting}.key`, files.key, () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TlsFileError(`${setting}.key`, files.key, `does not belong to \`${files.cert}\``)
  }
  if (ca !== undefined && clientCa !== undefined) {
    parse(`${setting}.clientCa`, ca, () => certificatesIn(clientCa))
  }
  // What no field shows, such as a chain that breaks off, is found by building what will be used.
  parse(`${setting}.cert`, files.cert, () => createSecureContext({ cert, key, ca: clientCa }))
  const { validFrom, validTo } = certificate
  return { cert, key, clientCa, startsMs: Date.parse(validFrom), expiresMs: Date.parse(validTo) }
}

/** All of them: of a bundle OpenSSL leaves out what it cannot read, and all behind it. */
function certificatesIn(pem: Buffer): readonly X509Certificate[] {
  const blocks = pem.toString('latin1').split(beginning)
  const [first = '', ...others] = blocks.filter((block) => beginning.test(block))
  return [first, ...others].map((block) => new X509Certificate(block))
}
const beginning = /(?=-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----)/

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
