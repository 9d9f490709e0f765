import { createHash } from 'node:crypto'
import type { SubjectKey } from './store.ts'

/**
 * Names a look-up key in the log without telling whom it names: 64 bits of SHA-256, hex. The fields
 * are length-prefixed, so that two keys never share one input.
 */
export function keyHash(key: SubjectKey): string {
  const input = [key.directory, key.kind, key.value].map((part) => `${part.length}:${part}`)
  return createHash('sha256').update(input.join('')).digest('hex').slice(0, 16)
}
