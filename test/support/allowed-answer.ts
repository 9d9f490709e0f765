import type { Answer } from '../../src/decision/decision.ts'

/** An allow with something in every field, for decision points that answer as told. */
export const allowed: Answer = {
  kind: 'answer',
  effect: 'allow',
  reason: 'RULE',
  rule: 'finance-payroll',
  application: 'payroll',
  message: '',
  obligations: [],
  unknown: [],
  stale: false,
  cacheableForMs: 30_000,
  subjectId: '2819c223-7f76-453a-919d-413861904646',
  decisionId: 'd-1',
  world: { revision: 'r7', ageMs: 12, policyVersion: 'v1' },
}
