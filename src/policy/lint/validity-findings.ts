import { type Finding, ruleFinding } from './finding.ts'
import type { LintedRules } from './linted-rules.ts'

/** Rules whose time is over, or soon will be. */
export function validityFindings({ all }: LintedRules, nowMs: number): readonly Finding[] {
  return all.flatMap(({ rule, validity: { untilMs } }) => {
    const until = `\`${rule.id}\``
    if (untilMs < nowMs) {
      const message = `${until} ended on ${rule.validUntil}: it never decides any more`
      return [ruleFinding('rule-ended', rule, message)]
    }
    if (untilMs > nowMs + soonMs) return []
    return [ruleFinding('rule-ends-soon', rule, `${until} ends on ${rule.validUntil}`)]
  })
}
/** 30 days: a month's notice. */
const soonMs = 30 * 86_400_000
