import { type Finding, policyFinding } from './finding.ts'
import type { LintedRules } from './linted-rules.ts'

/** Applications that no rule, or just one, can decide about. */
export function applicationFindings(rules: LintedRules): readonly Finding[] {
  return rules.policy.applications.flatMap(({ name }, at) => {
    const scopes = rules.scopesOf(at)
    const count = scopes.reduce((sum, scope) => sum + scope.rules.length, 0)
    if (count === 0) {
      const message = `no rule is about application \`${name}\`, so it is always blocked`
      return [policyFinding('application-without-rule', message)]
    }
    if (count > 1) return []
    const message = [
      `\`${scopes[0]!.rules[0]!.rule.id}\` alone decides about application \`${name}\``,
    ].join(' ')
    return [policyFinding('application-with-one-rule', message)]
  })
}
