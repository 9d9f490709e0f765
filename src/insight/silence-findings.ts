import type { DirectoryFacts, Finding, Provider } from './insight.ts'
import { countOf } from './sync-counts.ts'

/** Whether the identity provider still comes at all. */
export function silenceFindings(facts: DirectoryFacts, provider: Provider): readonly Finding[] {
  return [providerSilent(facts, provider), tokensRefused(facts)].filter(
    (finding) => finding !== undefined,
  )
}

function providerSilent(facts: DirectoryFacts, provider: Provider): Finding | undefined {
  const { newestToken, scimSync, nowMs, counts } = facts
  if (newestToken === undefined || !scimSync) return undefined
  // A token that was only just made has not been used yet, and that is no silence.
  const instants = [lastRequestOf(facts), counts.lastWrite, newestToken]
  const heardMs = Math.max(...instants.map((at) => (at === undefined ? 0 : Date.parse(at))))
  const isEntra = provider.kind === 'entra'
  const silentMs = nowMs - heardMs
  if (silentMs <= (isEntra ? entraSilenceMs : silenceMs)) return undefined
  const hours = Math.floor(silentMs / hourMs)
  return {
    code: 'PROVIDER_SILENT',
    severity: isEntra ? 'wrong' : 'hint',
    effect:
      `No request has come for ${countOf(hours, 'hour')} while a token lives: whoever ` +
      'left since is still let in.',
    cause: isEntra
      ? 'Entra ID begins a cycle every 40 minutes, unless provisioning is stopped or in quarantine.'
      : 'Providers that send only changes may have had none; or they cannot reach this server.',
    remedy: {
      entra:
        'Open Provisioning in the Entra admin center: start it, or read why it is in ' +
        'quarantine; then Test Connection.',
      okta: 'In Okta, test the API credentials of the application, and look at its failed tasks.',
      other: 'Test the connection at the identity provider.',
    }[provider.kind],
    evidence: { hours },
    examples: [],
    last: new Date(heardMs).toISOString(),
  }
}

const hourMs = 3_600_000
/** Four cycles of Entra ID. */
const entraSilenceMs = 3 * hourMs
/** Two weeks without a single change happen in small companies only. */
const silenceMs = 14 * 24 * hourMs

function tokensRefused({ tally, entries }: DirectoryFacts): Finding | undefined {
  const { refused, refusedAt } = tally
  const accepted = entries.at(-1)?.at
  if (refusedAt === undefined || (accepted !== undefined && accepted >= refusedAt)) return undefined
  return {
    code: 'TOKENS_REFUSED',
    severity: 'hint',
    effect:
      `${countOf(refused, 'request')} had no valid token, and none has been accepted ` +
      'since: nothing arrives.',
    cause: 'The token was revoked, has expired, or was not copied whole; or a stranger tries.',
    remedy:
      'Compare with `sallyport token list`; make a new one with `sallyport token ' +
      'create --replace`.',
    evidence: { requests: refused },
    examples: [],
    last: refusedAt,
  }
}

function lastRequestOf({ entries }: DirectoryFacts): string | undefined {
  return entries.at(-1)?.at
}
