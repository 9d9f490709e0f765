import type { CheckedRule } from '../checked-policy.ts'
import type { Conditions, Operators } from '../condition-schema.ts'
import type { GroupPart, UserPart } from '../schema.ts'

/** One of the conditions of a rule, which are joined by AND. */
export type Part =
  | { readonly kind: 'directories'; readonly values: readonly string[]; readonly text: string }
  | { readonly kind: 'users'; readonly values: readonly string[]; readonly text: string }
  | {
      readonly kind: 'groups'
      readonly by: 'any' | 'all' | 'none'
      readonly values: readonly string[]
      readonly text: string
    }
  | {
      readonly kind: 'attribute'
      readonly key: string
      readonly operators: Operators
      readonly text: string
    }
  /** `not` of a mapping. */
  | { readonly kind: 'not'; readonly parts: readonly Part[]; readonly text: string }
  /** Compared by its text alone. */
  | { readonly kind: 'opaque'; readonly isClock: boolean; readonly text: string }

export function partsOf({ who = {}, when, unless }: CheckedRule): readonly Part[] {
  const parts: Part[] = []
  const { users, directories, groups = {}, filter } = who
  if (directories) {
    parts.push({
      kind: 'directories',
      values: directories,
      text: textOf('directories', directories),
    })
  }
  if (users) {
    const values = users.map(userKey)
    parts.push({ kind: 'users', values, text: textOf('users', values) })
  }
  for (const by of ['any', 'all', 'none'] as const) {
    const named = groups[by]
    if (named === undefined) continue
    const values = named.map(groupKey)
    parts.push({ kind: 'groups', by, values, text: textOf(`groups.${by}`, values) })
  }
  if (filter !== undefined) {
    parts.push({ kind: 'opaque', isClock: false, text: textOf('filter', filter) })
  }
  if (when) parts.push(...mappingParts(when))
  if (unless) parts.push(negated(unless))
  return parts
}

/** A mapping is AND, and so is `all`. */
function mappingParts(conditions: Conditions): readonly Part[] {
  return Object.entries(conditions).flatMap(([key, value]): readonly Part[] => {
    if (key === 'all') return (value as readonly Conditions[]).flatMap(mappingParts)
    if (key === 'not') return [negated(value as Conditions)]
    const text = textOf(key, value)
    if (key === 'any' || key === 'time') return [{ kind: 'opaque', isClock: key === 'time', text }]
    return [{ kind: 'attribute', key, operators: value as Operators, text }]
  })
}

function negated(conditions: Conditions): Part {
  return { kind: 'not', parts: mappingParts(conditions), text: textOf('not', conditions) }
}

/** Names fold as they compare; ids are exact, and never equal a name. */
function userKey(user: UserPart): string {
  if (typeof user === 'string') return `name ${folded(user)}`
  return 'id' in user ? `id ${user.id}` : `externalId ${user.externalId}`
}

function groupKey(group: GroupPart): string {
  return typeof group === 'string' ? `name ${folded(group)}` : `id ${group.id}`
}

/** Of a name as it stands in a rule: `name finance` and its like are for comparing alone. */
export function keyName(key: string): string {
  return key.slice(key.indexOf(' ') + 1)
}

function folded(text: string): string {
  return text.normalize('NFC').toLowerCase()
}

function textOf(key: string, value: unknown): string {
  return `${key} ${JSON.stringify(value)}`
}
