import type { SyncEntry } from '../directory/sync-entry.ts'
import type { DirectoryFacts, Finding, Provider } from './insight.ts'
import { refusalFindings } from './refusal-findings.ts'
import { examplesMax } from './survey.ts'
import { countOf, recentEntries, requestsIn, spanOf } from './sync-counts.ts'

/** Whether what the identity provider sends arrives, and is taken as it was meant. */
export function requestFindings(facts: DirectoryFacts, provider: Provider): readonly Finding[] {
  return [
    ...refusalFindings(facts, provider),
    unavailable(facts),
    throttled(facts),
    attributesIgnored(facts, provider),
  ].filter((finding) => finding !== undefined)
}

function attributesIgnored(facts: DirectoryFacts, provider: Provider): Finding | undefined {
  const entries = recentEntries(facts).filter(({ remarks }) => remarks.ignored.length > 0)
  const requests = new Map<string, number>()
  for (const { remarks, times } of entries) {
    for (const name of remarks.ignored) requests.set(name, (requests.get(name) ?? 0) + times)
  }
  if (requests.size === 0) return undefined
  const byNumber = [...requests].sort(([, a], [, b]) => b - a)
  return {
    code: 'ATTRIBUTES_IGNORED',
    severity: 'hint',
    effect:
      `${countOf(requests.size, 'attribute')} sent in ` +
      `${countOf(requestsIn(entries), 'request')} went nowhere: conditions on them are ` +
      'unknown.',
    cause: 'No schema of this directory has attributes of these names.',
    remedy:
      'Declare them under `schemas` in the config, or take their mappings out at ' +
      `${provider.name}.`,
    evidence: { attributes: requests.size, requests: requestsIn(entries) },
    examples: byNumber.slice(0, examplesMax).map(([name, count]) => `${name} (${count})`),
    ...spanOf(entries),
  }
}

function unavailable(facts: DirectoryFacts): Finding | undefined {
  const entries = lately(facts, 503)
  if (entries.length === 0) return undefined
  return {
    code: 'REQUESTS_UNAVAILABLE',
    severity: 'wrong',
    effect:
      `${countOf(requestsIn(entries), 'request')} could not be served in the last day: ` +
      'what they were to change came late or has not come.',
    cause: 'The store could not be reached or took too long, or this server was stopping.',
    remedy: 'Run `sallyport doctor`. The identity provider repeats such requests by itself.',
    evidence: { requests: requestsIn(entries) },
    examples: [],
    ...spanOf(entries),
  }
}

function throttled(facts: DirectoryFacts): Finding | undefined {
  const entries = lately(facts, 429)
  if (entries.length === 0) return undefined
  return {
    code: 'REQUESTS_THROTTLED',
    severity: 'hint',
    effect:
      `${countOf(requestsIn(entries), 'request')} came too fast in the last day and ` +
      'were put off: changes arrive later than they could.',
    cause: 'More came than `limits.scimPerDirectory` lets through; a healthy provider stays below.',
    remedy:
      'See in `sallyport directory log` whether one request is repeated without end; ' +
      'raise the limit otherwise.',
    evidence: { requests: requestsIn(entries) },
    examples: [],
    ...spanOf(entries),
  }
}

/** What is further back has been mended or forgotten. */
function lately(facts: DirectoryFacts, status: number): readonly SyncEntry[] {
  return recentEntries(facts).filter(
    (entry) => entry.status === status && facts.nowMs - Date.parse(entry.at) <= dayMs,
  )
}
const dayMs = 86_400_000
