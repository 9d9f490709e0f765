import type { CheckedRule } from '../checked-policy.ts'

export type Severity = 'error' | 'warn' | 'info'

/** What a check can find: numbers and words are stable, and documented in docs/policy.md. */
export const checks = {
  'shadowed-rule': { number: 1, severity: 'error' },
  'partly-shadowed-block': { number: 2, severity: 'warn' },
  'after-catch-all': { number: 3, severity: 'error' },
  'never-matches': { number: 4, severity: 'error' },
  'allows-everything': { number: 5, severity: 'error' },
  'duplicate-rule': { number: 6, severity: 'warn' },
  'group-unknown': { number: 10, severity: 'warn' },
  'group-ambiguous': { number: 10, severity: 'warn' },
  'group-empty': { number: 10, severity: 'warn' },
  'group-everybody': { number: 10, severity: 'warn' },
  'group-in-several-directories': { number: 10, severity: 'warn' },
  'application-without-rule': { number: 11, severity: 'warn' },
  'application-with-one-rule': { number: 11, severity: 'info' },
  'optional-attribute': { number: 13, severity: 'warn' },
  'deceptive-letters': { number: 14, severity: 'warn' },
  'direction-controls': { number: 14, severity: 'error' },
  'rule-ended': { number: 15, severity: 'warn' },
  'rule-ends-soon': { number: 15, severity: 'warn' },
  'filter-ne': { number: 16, severity: 'warn' },
  'whole-network': { number: 17, severity: 'warn' },
  'skipped-hour': { number: 18, severity: 'warn' },
  'unsaid-key': { number: 19, severity: 'warn' },
  'not-indexable': { number: 21, severity: 'info' },
  'id-moved': { number: 22, severity: 'info' },
  'unperformed-obligation': { number: 23, severity: 'warn' },
  'not-all-compared': { number: 1, severity: 'info' },
} as const satisfies Readonly<
  Record<string, { readonly number: number; readonly severity: Severity }>
>
export type Check = keyof typeof checks

export interface Finding {
  readonly number: number
  readonly check: Check
  readonly severity: Severity
  readonly file: string
  /** From 1; 0 = the whole policy. */
  readonly line: number
  /** Id of the rule; empty: it is about something else. */
  readonly rule: string
  /** What is found and how to mend it, in plain words. */
  readonly message: string
  /** An attempt that shows it, in words. */
  readonly witness?: string
}

/** About a rule; `severity` where it is another than the check's. */
export function ruleFinding(
  check: Check,
  { id, file, line }: Pick<CheckedRule, 'id' | 'file' | 'line'>,
  message: string,
  more: { readonly severity?: Severity; readonly witness?: string } = {},
): Finding {
  const { number, severity } = checks[check]
  return { number, check, severity, file, line, rule: id, message, ...more }
}

/** About the policy as a whole. */
export function policyFinding(
  check: Check,
  message: string,
  more: { readonly severity?: Severity } = {},
): Finding {
  const { number, severity } = checks[check]
  return { number, check, severity, file: 'policy', line: 0, rule: '', message, ...more }
}

/** `policy.yaml:12: warn 13 optional-attribute: …`, one line a finding. */
export function printFindings(findings: readonly Finding[]): string {
  return findings
    .map(({ file, line, severity, number, check, message, witness }) => {
      const place = line === 0 ? file : `${file}:${line}`
      const shown = witness === undefined ? '' : `; witness: ${witness}`
      return `${place}: ${severity} ${number} ${check}: ${message}${shown}`
    })
    .join('\n')
}
