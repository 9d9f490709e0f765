import type { CheckedPolicy, CheckedRule } from '../checked-policy.ts'
import { type Finding, ruleFinding } from './finding.ts'
import type { LintedRule, LintedRules } from './linted-rules.ts'
import type { Part } from './rule-parts.ts'

/** What one gateway may say and can do; a name covers the dotted ones below it. */
export interface Gateway {
  readonly id: string
  readonly context: Names
  readonly claims: Names
  /** Types of obligations that it performs. */
  readonly obligations: Names
}
type Names = 'all' | readonly string[]

/** What no gateway may say, and what some cannot perform. Without gateways nothing is known. */
export function gatewayFindings(
  rules: LintedRules,
  gateways: readonly Gateway[],
): readonly Finding[] {
  if (gateways.length === 0) return []
  return [
    ...rules.all.flatMap((linted) => unsaid(linted, gateways)),
    ...unperformed(rules.policy, gateways),
  ]
}

/** A condition on it is unknown for ever: an allow rule never matches, a block rule always may. */
function unsaid({ rule, parts }: LintedRule, gateways: readonly Gateway[]): readonly Finding[] {
  const keys = new Set(sentKeys(parts))
  return [...keys].flatMap((key) => {
    const [channel = '', ...path] = key.split('.')
    const name = path.join('.')
    const kind = channel === 'claims' ? 'claims' : 'context'
    if (gateways.some((gateway) => covers(gateway[kind], name))) return []
    const effect = rule.effect === 'allow' ? 'never matches' : 'is unknown, and so matches'
    const so = `so a condition on it ${effect}`
    const message = `\`${rule.id}\`: no connector may send \`${key}\`, ${so}`
    return [ruleFinding('unsaid-key', rule, message)]
  })
}

function sentKeys(parts: readonly Part[]): readonly string[] {
  return parts.flatMap((part) => {
    if (part.kind === 'not') return sentKeys(part.parts)
    return part.kind === 'attribute' && /^(context|claims)\./.test(part.key) ? [part.key] : []
  })
}

function covers(names: Names, key: string): boolean {
  return names === 'all' || names.some((name) => key === name || key.startsWith(`${name}.`))
}

/** To a gateway that cannot perform an obligation, an allow goes out as block. */
function unperformed({ rules }: CheckedPolicy, gateways: readonly Gateway[]): readonly Finding[] {
  const deciding = rules.filter(({ enabled, mode }) => enabled && mode === 'enforce')
  return deciding.flatMap((rule) =>
    obligationTypes(rule).flatMap((type) => {
      const cannot = gateways.filter(
        ({ obligations }) => obligations !== 'all' && !obligations.includes(type),
      )
      if (rule.effect === 'block' || cannot.length === 0) return []
      const some = cannot.slice(0, namedMax).map(({ id }) => `\`${id}\``)
      const more = cannot.length > namedMax ? ` and ${cannot.length - namedMax} more` : ''
      const who = `${some.join(', ')}${more}`
      const message = `\`${rule.id}\`: ${who} cannot perform \`${type}\`, and will block`
      return [ruleFinding('unperformed-obligation', rule, message)]
    }),
  )
}
const namedMax = 3

function obligationTypes({ obligations = [] }: CheckedRule): readonly string[] {
  return [...new Set(obligations.map(({ type }) => type))]
}
