import type { SyncEntry } from '../directory/sync-entry.ts'
import type { Provider } from './insight.ts'

/**
 * Who writes to a directory. No identity provider says so in a way that could be relied on: Okta
 * sends a User-Agent of its own, Entra ID has habits. Of several the one that gave itself away most
 * often.
 */
export function guessProvider(entries: readonly SyncEntry[]): Provider {
  let [okta, entra] = [0, 0]
  const habits = new Set<string>()
  for (const { userAgent = '', signs, times } of entries) {
    if (/okta/i.test(userAgent)) {
      okta += times
      continue
    }
    for (const sign of signs) habits.add(sign)
    if (signs.length > 0) entra += times
  }
  if (okta > 0 && okta >= entra) {
    return { kind: 'okta', name: 'Okta', because: 'its User-Agent says so' }
  }
  if (entra > 0) {
    const seen = [...habits].map((sign) => habitWords[sign]).join(' and ')
    return { kind: 'entra', name: 'Entra ID', because: `it ${seen}` }
  }
  return { kind: 'other', name: 'the identity provider', because: undefined }
}

const habitWords: Readonly<Record<string, string>> = {
  aadOptscim062020: 'sends the flag `aadOptscim062020`',
  'capital op': 'writes `op` as `Add` and `Replace`',
  'value as text': 'writes true, false and numbers as text',
}
