import type { Vocabulary } from '../attribute-at.ts'
import type { CheckedPolicy } from '../checked-policy.ts'
import { applicationFindings } from './application-findings.ts'
import type { Finding } from './finding.ts'
import { type Gateway, gatewayFindings } from './gateway-findings.ts'
import { letterFindings } from './letters.ts'
import { LintedRules } from './linted-rules.ts'
import { neverMatchingFindings } from './never-matching.ts'
import { ruleFindings } from './rule-findings.ts'
import { shadowingFindings } from './shadowing.ts'
import { validityFindings } from './validity-findings.ts'

/**
 * lint: what is valid and yet probably not meant.
 *
 * A pure function of a checked policy. What it says is true: where it cannot prove that a rule is
 * shadowed or contradicts itself, it says nothing. Each finding has a number, a word, a severity,
 * its place, plain words and the fix.
 *
 * Not here: faults, for which a file is refused (../read.ts); what depends on who is in the
 * directory (insight/).
 */
export interface LintOptions {
  readonly vocabulary: Vocabulary
  readonly nowMs: number
  /** The version before, for rules whose id now means something else. */
  readonly previous?: CheckedPolicy | undefined
  /** Who asks; empty: nobody has said. */
  readonly gateways?: readonly Gateway[]
}

/** Findings in the order of the file; errors refuse a publish. */
export function lintPolicy(policy: CheckedPolicy, options: LintOptions): readonly Finding[] {
  const rules = new LintedRules(policy, options.vocabulary)
  const findings = [
    ...shadowingFindings(rules),
    ...neverMatchingFindings(rules),
    ...ruleFindings(rules, options),
    ...applicationFindings(rules),
    ...letterFindings(policy),
    ...gatewayFindings(rules, options.gateways ?? []),
    ...validityFindings(rules, options.nowMs),
  ]
  return findings.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line)
}
