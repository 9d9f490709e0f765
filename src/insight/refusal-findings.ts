import { fold } from '../directory/identity.ts'
import type { SyncEntry } from '../directory/sync-entry.ts'
import type { DirectoryFacts, Finding, Provider } from './insight.ts'
import { countOf, namesOf, recentEntries, requestsIn, spanOf } from './sync-counts.ts'

/** One request that was refused, and the same again, with nothing that succeeded since. */
interface Failure {
  readonly first: SyncEntry
  readonly entries: SyncEntry[]
}

/**
 * Requests that are repeated and refused for ever, or are not repeated though they were refused:
 * each is a user or a group that the identity provider cannot bring up to date, and who should have
 * been deactivated by it is let in. One that succeeded later, by whatever request, is over.
 */
export function refusalFindings(facts: DirectoryFacts, provider: Provider): readonly Finding[] {
  const again = openFailures(recentEntries(facts))
    .filter(({ first, entries }) => isFinal(first, provider) || requestsIn(entries) >= timesMin)
    .sort((a, b) => requestsIn(b.entries) - requestsIn(a.entries))
  const findings = again.slice(0, shownMax).map((failure) => findingOf(failure, provider))
  const rest = again.slice(shownMax)
  return rest.length === 0 ? findings : [...findings, restOf(rest, facts)]
}

/** Twice may be an accident between two cycles. */
const timesMin = 3
/** Each has its own cause; who has mended so many looks again. */
const shownMax = 5

function openFailures(entries: readonly SyncEntry[]): readonly Failure[] {
  const open = new Map<string, Failure>()
  for (const entry of entries) {
    if (isRefusal(entry)) {
      const { operation, of, id, name, route, status, scimType, error } = entry
      const about = id ?? (name === undefined ? route : fold(name))
      const key = JSON.stringify([operation, of, about, status, scimType, error])
      const failure = open.get(key)
      if (failure === undefined) open.set(key, { first: entry, entries: [entry] })
      else failure.entries.push(entry)
    } else if (entry.status < 400 && !entry.quiet) {
      for (const [key, { first }] of open) if (sameResource(first, entry)) open.delete(key)
    }
  }
  return [...open.values()]
}

/** Waiting mends what is unavailable or too fast, and who deletes twice has what they want. */
function isRefusal({ status, operation }: SyncEntry): boolean {
  if (status < 400 || status === 429 || status === 503) return false
  return !(status === 404 && operation === 'delete')
}

/** Okta does not repeat what was answered with a 400, so it never fails a third time. */
function isFinal({ status }: SyncEntry, { kind }: Provider): boolean {
  return kind === 'okta' && status === 400
}

function sameResource(a: SyncEntry, b: SyncEntry): boolean {
  if (a.of !== b.of) return false
  if (a.id !== undefined) return a.id === b.id
  return a.name !== undefined && b.name !== undefined && fold(a.name) === fold(b.name)
}

function findingOf({ first, entries }: Failure, provider: Provider): Finding {
  const requests = requestsIn(entries)
  const { operation, of, name, id, route, status, scimType, error } = first
  const who = name ?? id
  const subject = of === undefined ? '' : ` a ${of === 'users' ? 'user' : 'group'}`
  const about = who === undefined ? ` (${route})` : ` \`${who}\``
  const kind = scimType === undefined ? '' : ` ${scimType}`
  return {
    code: 'REQUEST_REFUSED',
    severity: 'wrong',
    effect:
      `To ${operation}${subject}${about} has failed ${countOf(requests, 'time')} since ` +
      `${first.at}: here nothing of it is up to date.`,
    cause: `The answer is ${status}${kind}: ${error ?? 'without a reason'}.`,
    remedy: remedyFor(first, provider),
    evidence: { requests, status },
    examples: namesOf(entries),
    ...spanOf(entries),
  }
}

function remedyFor({ status, of, name, error = '' }: SyncEntry, provider: Provider): string {
  switch (status) {
    case 409:
      return of === 'groups'
        ? 'Two groups of the identity provider have this displayName: rename one of them.'
        : 'Two people of the identity provider have this name, or one was made here by ' +
            `another way: see \`sallyport directory show ${name ?? 'NAME'}\`, and rename ` +
            'or remove one.'
    case 404:
      return {
        entra: 'Entra ID remembers an id that is gone here: choose Restart provisioning.',
        okta:
          'Okta remembers an id that is gone here: unlink the group, or unassign the ' +
          'user, and push again.',
        other: 'The identity provider remembers an id that is gone here: have it match anew.',
      }[provider.kind]
    case 400: {
      const attribute = /`([^`]+)`/.exec(error)?.[1]
      const correct =
        attribute === undefined
          ? 'Correct the mapping that sends this.'
          : `Correct what is sent as \`${attribute}\` at ${provider.name}: its mapping, ` +
            'or the value at the source.'
      return provider.kind === 'okta'
        ? `${correct} Then push it again: Okta does not repeat what was refused with a 400.`
        : correct
    }
    case 403:
      return 'Turn `scimSync` of the directory on in the config, or pause provisioning.'
    case 500:
      return 'This is a fault of Sallyport: the log of the process has its trace.'
    default:
      return 'Mend what the answer says.'
  }
}

function restOf(rest: readonly Failure[], { directory }: DirectoryFacts): Finding {
  const entries = rest.flatMap((failure) => failure.entries)
  return {
    code: 'REQUEST_REFUSED',
    severity: 'wrong',
    effect:
      `${countOf(rest.length, 'further request')} fail${rest.length === 1 ? 's' : ''} ` +
      'again and again.',
    cause: 'Each has a cause of its own.',
    remedy: `See \`sallyport directory log ${directory} --failed\`.`,
    evidence: { failures: rest.length, requests: requestsIn(entries) },
    examples: namesOf(entries),
  }
}
