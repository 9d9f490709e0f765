import type { Application, Facts, RuleSet, SubjectFacts } from '../policy/policy.ts'
import type { SubjectRules } from '../policy/subject-rules.ts'
import { applicationOf } from './application.ts'
import type { Attempt } from './decision.ts'
import { evaluate, type Verdict } from './evaluate.ts'
import { AttemptFacts } from './principal-facts.ts'

/** What the rules say of an attempt whose subject is found. */
export type ByRules =
  | { readonly kind: 'applicationUnknown' }
  | {
      readonly kind: 'decided'
      readonly application: Application
      readonly facts: Facts
      /** Undefined: the application does not declare the action. */
      readonly verdict: Verdict | undefined
    }

/** The application first, the most specific one; then its rules. */
export function decideByRules(
  rules: RuleSet,
  attempt: Attempt,
  subject: SubjectFacts,
  times: Pick<Facts, 'nowMs' | 'ageMs'>,
  ofSubject: SubjectRules = rules.subjectRules(subject),
): ByRules {
  const application = applicationOf(rules, attempt)
  if (application === undefined) return { kind: 'applicationUnknown' }
  const facts = new AttemptFacts(subject, attempt, application, times)
  const { action } = attempt
  const verdict = application.actions.has(action)
    ? evaluate(rules, application, action, facts, ofSubject)
    : undefined
  return { kind: 'decided', application, facts, verdict }
}
