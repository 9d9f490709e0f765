import { fold } from '../../directory/identity.ts'
import type { Operators } from '../condition-schema.ts'
import { type Finding, ruleFinding } from './finding.ts'
import type { LintedRule, LintedRules } from './linted-rules.ts'
import { keyName, type Part } from './rule-parts.ts'

/** Rules that no attempt can fulfil, since their conditions contradict each other. */
export function neverMatchingFindings(rules: LintedRules): readonly Finding[] {
  return rules.all.flatMap((linted) => {
    const why = contradiction(linted, rules)
    if (why === undefined) return []
    const { rule, onMissing, scope } = linted
    if (onMissing === 'skip' || scope.applications.size === 0) {
      return [ruleFinding('never-matches', rule, `\`${rule.id}\` can never match: ${why}`)]
    }
    const message = `\`${rule.id}\` matches only where something is unknown: ${why}`
    return [ruleFinding('never-matches', rule, message, { severity: 'warn' })]
  })
}

function contradiction({ parts, scope }: LintedRule, rules: LintedRules) {
  if (scope.applications.size === 0) return '`apps` means no application'
  return (
    groupContradiction(parts) ?? directoryContradiction(parts) ?? valueContradiction(parts, rules)
  )
}

function groupContradiction(parts: readonly Part[]): string | undefined {
  const none = new Set(parts.flatMap((part) => (isGroups(part, 'none') ? part.values : [])))
  for (const part of parts) {
    if (isGroups(part, 'any') && part.values.every((value) => none.has(value))) {
      return 'all groups of `any` are in `none`'
    }
    const both = isGroups(part, 'all') ? part.values.find((value) => none.has(value)) : undefined
    if (both !== undefined) return `group \`${keyName(both)}\` is in \`all\` and in \`none\``
  }
  return undefined
}

function isGroups(part: Part, by: string): part is Extract<Part, { kind: 'groups' }> {
  return part.kind === 'groups' && part.by === by
}

function directoryContradiction(parts: readonly Part[]): string | undefined {
  const sets = parts.flatMap((part) => (part.kind === 'directories' ? [part.values] : []))
  const shared = sets.reduce((all, set) => all.filter((each) => set.includes(each)), sets[0] ?? [])
  return sets.length > 1 && shared.length === 0 ? 'its directories exclude each other' : undefined
}

/** An attribute with one value cannot be two things. */
function valueContradiction(parts: readonly Part[], rules: LintedRules): string | undefined {
  const wanted = new Map<string, ReadonlySet<unknown>>()
  const bounds = new Map<string, [low: number, high: number]>()
  for (const part of parts) {
    if (part.kind !== 'attribute') continue
    const attribute = rules.attributeAt(part.key)
    // A claim may be a list, of which several values hold.
    if (attribute === undefined || attribute.multiValued) continue
    const { operators, key } = part
    const own = valuesOf(operators)
    if (own !== undefined) {
      const before = wanted.get(key)
      const both = before === undefined ? own : own.intersection(before)
      if (both.size === 0)
        return `\`${key}\` cannot be ${either(before)} and ${either(own)} at once`
      wanted.set(key, both)
    }
    const [low, high] = bounds.get(key) ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    const narrowed: [number, number] = [
      Math.max(low, numberOf(operators.gt) ?? low, numberOf(operators.ge) ?? low),
      Math.min(high, numberOf(operators.lt) ?? high, numberOf(operators.le) ?? high),
    ]
    if (narrowed[0] > narrowed[1]) return `\`${key}\` has an empty range`
    bounds.set(key, narrowed)
    const denied = operators.ne ?? operators.notIn
    const values = wanted.get(key)
    if (values !== undefined && denied !== undefined && typeof denied !== 'object') {
      if (values.size === 1 && values.has(form(denied))) {
        return `\`${key}\` is wanted and refused to be \`${denied}\``
      }
    }
  }
  return undefined
}

function valuesOf({ eq, in: among, ci, maxAge }: Operators): ReadonlySet<unknown> | undefined {
  // Case may matter or not: folded values that differ are different either way.
  if (ci !== undefined || maxAge !== undefined) return undefined
  const both = [eq === undefined || typeof eq === 'object' ? undefined : [eq], among]
  const sets = both.filter((each) => each !== undefined).map((each) => new Set(each.map(form)))
  return sets.length === 0 ? undefined : sets.reduce((a, b) => a.intersection(b))
}

function form(value: unknown): unknown {
  return typeof value === 'string' ? fold(value) : value
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function either(values: ReadonlySet<unknown> | undefined): string {
  return [...(values ?? [])].map((value) => `\`${String(value)}\``).join(' or ') || 'anything'
}
