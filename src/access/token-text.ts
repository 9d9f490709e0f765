import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** What the text of a SCIM token says. Nothing in it has been believed yet. */
export interface TokenParts {
  readonly id: string
  readonly secret: string
}

export interface NewToken extends TokenParts {
  /** `slp_<hint>_<id>_<secret>_<checksum>`: secret scanners know it by its shape. */
  readonly text: string
}

/** A token that nobody has. The hint tells a person which directory it was made for. */
export function newTokenText(directory: string): NewToken {
  const id = randomBytes(idLength / 2).toString('hex')
  const secret = randomBytes(secretBytes).toString('base64url')
  const body = `${prefix}${hintOf(directory)}_${id}_${secret}`
  return { id, secret, text: `${body}_${checksum(body)}` }
}

/** The parts of a well-formed token. A typing mistake is seen here, before any store is asked. */
export function parseTokenText(text: string): TokenParts | undefined {
  if (text.length > textLengthMax || !text.startsWith(prefix)) return undefined
  // By length and from the end: `_` also occurs within the secret.
  const bodyEnd = text.length - checksumLength - 1
  const secretAt = bodyEnd - secretLength
  const idAt = secretAt - 1 - idLength
  const hintEnd = idAt - 1
  if (hintEnd <= prefix.length) return undefined
  const body = text.slice(0, bodyEnd)
  if (text.slice(bodyEnd) !== `_${checksum(body)}`) return undefined
  if (text[secretAt - 1] !== '_' || text[hintEnd] !== '_') return undefined
  return { id: text.slice(idAt, secretAt - 1), secret: text.slice(secretAt, bodyEnd) }
}

/** What is kept of a secret. It is 256 random bits, so a slow hash would guard nothing more. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** RFC 9110 §11.1: the scheme compares without case. RFC 6750 §2.1: one space, one token. */
export function bearerOf(authorization: string): string | undefined {
  if (authorization.slice(0, scheme.length).toLowerCase() !== scheme) return undefined
  return authorization.slice(scheme.length).trim()
}
const scheme = 'bearer '

/** Stands in where no token is known, so that the comparison is made all the same. */
export const digestOfNobody = '00'.repeat(32)

function hintOf(directory: string): string {
  const hint = directory.toLowerCase().replace(/[^a-z0-9]/g, '')
  return hint === '' ? 'scim' : hint.slice(0, hintLengthMax)
}

/** CRC-32 in base 62. It is no protection, it only finds slips of the hand. */
function checksum(body: string): string {
  let rest = crc32(body)
  let text = ''
  for (let count = 0; count < checksumLength; count += 1) {
    text = base62[rest % 62] + text
    rest = Math.floor(rest / 62)
  }
  return text
}

const prefix = 'slp_'
const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const hintLengthMax = 8
const idLength = 12
const secretBytes = 32
/** 32 bytes in base64url, unpadded. */
const secretLength = 43
/** 62⁶ > 2³². */
const checksumLength = 6
const textLengthMax =
  prefix.length + hintLengthMax + 1 + idLength + 1 + secretLength + 1 + checksumLength
