import type { Application, RuleSet } from '../policy/policy.ts'
import type { Attempt } from './decision.ts'

/** What of an attempt says what is connected to. */
export type Target = Pick<Attempt, 'application' | 'applicationType' | 'destination'>

/**
 * The application of an attempt: the one named, or the most specific one at the destination. Named
 * and found must agree, so that a caller cannot borrow another application's rules.
 */
export function applicationOf(rules: RuleSet, target: Target): Application | undefined {
  const { application, applicationType, destination } = target
  if (application === undefined) {
    return destination === undefined ? undefined : rules.applicationAt(destination)
  }
  const named = rules.applications.get(application)
  if (named === undefined) return undefined
  if (applicationType !== undefined && named.type !== applicationType) return undefined
  if (destination === undefined) return named
  return rules.applicationAt(destination) === named ? named : undefined
}
