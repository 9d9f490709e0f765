import type { ClientDecision } from './answers.ts'

/** Types of obligations that a gateway performs. */
export type Performs = 'all' | ReadonlySet<string>

/**
 * The decision as it is for this gateway: who cannot perform an obligation of an allow must not let
 * in (AuthZEN obligations draft). All of them are still named: the others are performed.
 */
export function asPerformed(decision: ClientDecision, performs: Performs): ClientDecision {
  if (!decision.allowed || performs === 'all') return decision
  const cannot = decision.obligations.find(({ type }) => !performs.has(type))
  if (cannot === undefined) return decision
  const message = `this gateway cannot perform \`${cannot.type}\`, which access asks for`
  return { ...decision, effect: 'block', allowed: false, message }
}
