import { type Finding, policyFinding } from './finding.ts'
import type { LintedRules } from './linted-rules.ts'

/** Applications that no rule, or just one, can decide about. */
export function applicationFindings({ policy, ofApplication }: LintedRules): readonly Finding[] {
  return policy.applications.flatMap(({ name }, at) => {
    const rules = ofApplication[at]!
    if (rules.length === 0) {
      const message = `no rule is about application \`${name}\`, so it is always blocked`
      return [policyFinding('application-without-rule', message)]
    }
    if (rules.length > 1) return []
    const message = `\`${rules[0]!.rule.id}\` alone decides about application \`${name}\``
    return [policyFinding('application-with-one-rule', message)]
  })
}
