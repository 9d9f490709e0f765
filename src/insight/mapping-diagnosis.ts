import { identityFindings } from './identity-findings.ts'
import type { Diagnosis, DirectoryFacts } from './insight.ts'
import { lifecycleFindings } from './lifecycle-findings.ts'
import { membershipFindings } from './membership-findings.ts'
import { guessProvider } from './provider.ts'
import { requestFindings } from './request-findings.ts'
import { silenceFindings } from './silence-findings.ts'

/**
 * What the facts about a directory say is wrong with the mappings and the scope at its identity
 * provider.
 */
export function diagnose(facts: DirectoryFacts): Diagnosis {
  const provider = guessProvider(facts.entries)
  const findings = [
    ...lifecycleFindings(facts, provider),
    ...identityFindings(facts, provider),
    ...membershipFindings(facts, provider),
    ...requestFindings(facts, provider),
    ...silenceFindings(facts, provider),
  ]
  const [wrong, hints] = [
    findings.filter(({ severity }) => severity === 'wrong'),
    findings.filter(({ severity }) => severity === 'hint'),
  ]
  return { provider, findings: [...wrong, ...hints] }
}
