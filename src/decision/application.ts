import type { Application, RuleSet } from '../policy/policy.ts'
import type { Attempt } from './decision.ts'

/**
 * The application of an attempt: the one named, or the most specific one at the destination. Named
 * and found must agree, so that a caller cannot borrow another application's rules.
 */
export function applicationOf(rules: RuleSet, attempt: Attempt): Application | undefined {
  const { application, destination } = attempt
  if (application === undefined) {
    return destination === undefined ? undefined : rules.applicationAt(destination)
  }
  const named = rules.applications.get(application)
  if (named === undefined || destination === undefined) return named
  return rules.applicationAt(destination) === named ? named : undefined
}
