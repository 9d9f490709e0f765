import type { ChangeSummary, SyncEntry } from '../directory/sync-entry.ts'

/** An entry of the sync log in words, on one line: who, what came of it, and what was odd. */
export function syncWords(entry: SyncEntry): string {
  const { operation, of, name, id, route, status, times } = entry
  const noun = of === undefined ? undefined : nouns[of]
  const who = name ?? id
  const subject = [noun, who].filter((part) => part !== undefined).join(' ')
  const asked = `${operation} ${subject === '' ? shortRoute(route) : subject}`
  const outcome = status >= 400 ? refusalWords(entry) : changeWords(entry.changes)
  const often = times > 1 ? `${times} times` : ''
  return [asked, outcome, often, ...remarkWords(entry)].filter((part) => part !== '').join('; ')
}

const nouns = { users: 'user', groups: 'group' } as const

function shortRoute(route: string): string {
  return route.replace('/scim/:directory/v2', '') || '/'
}

function refusalWords({ scimType, error }: SyncEntry): string {
  return `refused${scimType === undefined ? '' : ` (${scimType})`}: ${error ?? 'without a reason'}`
}

export function changeWords(changes: ChangeSummary | undefined): string {
  switch (changes?.what) {
    case undefined:
      return ''
    case 'nothing':
      return 'nothing changed'
    case 'created':
      return ['created', ...memberWords(changes)].join(', ')
    case 'deleted':
      return changes.active?.from === true ? 'deleted while active' : 'deleted'
    case 'changed': {
      const { active } = changes
      const names = changes.attributes.filter((name) => active === undefined || name !== 'active')
      const turned = active === undefined ? [] : [`active ${active.from} -> ${active.to}`]
      return [...turned, ...names, ...memberWords(changes)].join(', ')
    }
  }
}

function memberWords({ members }: ChangeSummary): readonly string[] {
  if (members === undefined) return []
  if (members.kind === 'replace') return [`members set to ${members.count}`]
  const { added, removed } = members
  const parts = [added > 0 ? `+${added}` : '', removed > 0 ? `-${removed}` : '']
  return [`members ${parts.filter((part) => part !== '').join(' ')}`]
}

function remarkWords({ remarks, notes }: SyncEntry): readonly string[] {
  const { coerced, assumed } = remarks
  return [
    ...notes,
    coerced.length > 0 ? `sent as text: ${coerced.join(', ')}` : '',
    assumed.length > 0 ? `not sent, taken as true: ${assumed.join(', ')}` : '',
  ]
}
