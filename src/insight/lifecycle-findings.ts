import type { DirectoryFacts, Finding, Provider } from './insight.ts'
import { countOf, namesOf, recentEntries, spanOf } from './sync-counts.ts'

/** Whether whoever leaves is deactivated, so that decisions block. */
export function lifecycleFindings(facts: DirectoryFacts, provider: Provider): readonly Finding[] {
  return [
    activeUsersDeleted(facts, provider),
    activeNotSent(facts, provider),
    nobodyInactive(facts),
  ].filter((finding) => finding !== undefined)
}

function activeUsersDeleted(facts: DirectoryFacts, provider: Provider): Finding | undefined {
  const deletions = recentEntries(facts).filter(
    ({ of, changes }) => of === 'users' && changes?.what === 'deleted',
  )
  const active = deletions.filter(({ changes }) => changes?.active?.from === true)
  if (active.length === 0) return undefined
  const isEntra = provider.kind === 'entra'
  return {
    code: 'ACTIVE_USERS_DELETED',
    severity: isEntra ? 'wrong' : 'hint',
    effect:
      `${active.length} of ${countOf(deletions.length, 'deleted user')} had not been ` +
      'deactivated first, so decisions let them in until the deletion.',
    cause: isEntra
      ? 'Entra ID deletes 30 days after somebody left, and deactivates at once only ' +
        'what IsSoftDeleted tells it to: the mapping of `active` probably takes ' +
        'accountEnabled, by which users who are removed from the scope are never ' +
        'deactivated.'
      : 'Whoever leaves is deleted instead of deactivated, which may come days later.',
    remedy: {
      entra:
        `In the attribute mapping of users, set ${isSoftDeletedMapping}, then restart ` +
        'provisioning. A single user whom an administrator deleted for good at once is ' +
        'no fault.',
      okta:
        'Okta deactivates and never deletes users: turn on Deactivate Users, and find ' +
        'out who else deletes.',
      other:
        'Have `active` set to false as soon as somebody leaves, and let the deletion ' +
        'come later.',
    }[provider.kind],
    evidence: { deleted: deletions.length, deletedWhileActive: active.length },
    examples: namesOf(active),
    ...spanOf(active),
  }
}

/** As it is typed into the mapping of Entra ID, in the words of its documentation. */
const isSoftDeletedMapping = 'Switch([IsSoftDeleted], , "False", "True", "True", "False") → active'

function activeNotSent(facts: DirectoryFacts, provider: Provider): Finding | undefined {
  const created = recentEntries(facts).filter(
    ({ of, changes }) => of === 'users' && changes?.what === 'created',
  )
  const without = created.filter(({ remarks }) => remarks.assumed.includes('active'))
  if (without.length === 0 || isEverInactive(facts)) return undefined
  return {
    code: 'ACTIVE_NOT_SENT',
    severity: 'wrong',
    effect:
      `${without.length} of ${countOf(created.length, 'new user')} came without ` +
      '`active` and count as active, and no request that is still known has changed it: ' +
      'whoever leaves is still let in.',
    cause: 'No mapping sends `active`.',
    remedy: {
      entra: `In the attribute mapping of users, add ${isSoftDeletedMapping}.`,
      okta: 'Under Provisioning, To App, turn on Deactivate Users.',
      other: 'Map whether somebody may sign in to `active`.',
    }[provider.kind],
    evidence: { created: created.length, createdWithoutActive: without.length },
    examples: namesOf(without),
    ...spanOf(without),
  }
}

function nobodyInactive(facts: DirectoryFacts): Finding | undefined {
  const { counts, users, nowMs } = facts
  const { oldest } = users
  if (oldest === undefined || counts.users <= usersMin || isEverInactive(facts)) return undefined
  const days = Math.floor((nowMs - Date.parse(oldest)) / dayMs)
  if (days <= daysMin) return undefined
  return {
    code: 'NOBODY_INACTIVE',
    severity: 'hint',
    effect:
      `None of ${counts.users} users is inactive after ${days} days, and no request ` +
      'that is still known deactivated one: leavers may not be deactivated at all.',
    cause: 'It may be that nobody left; or that the mapping of `active` never changes.',
    remedy:
      'Deactivate a test user at the identity provider, and see it arrive with ' +
      '`sallyport directory log`.',
    evidence: { users: counts.users, inactive: 0, days },
    examples: [],
  }
}

/** Whether anybody is inactive, or is known to have been made or found so. */
function isEverInactive({ counts, entries }: DirectoryFacts): boolean {
  if (counts.activeUsers < counts.users) return true
  return entries.some(
    ({ changes }) => changes?.active?.from === false || changes?.active?.to === false,
  )
}

const dayMs = 86_400_000
/** Longer than any holiday, so that in a company of some size somebody has left by then. */
const daysMin = 45
const usersMin = 50
