import type { DirectoryFacts, Finding, Provider } from './insight.ts'
import { examplesMax, groupsSurveyedMax } from './survey.ts'
import { countOf } from './sync-counts.ts'

/** Whether rules on groups can know who is in them. */
export function membershipFindings(facts: DirectoryFacts, provider: Provider): readonly Finding[] {
  return [
    membersNeverReceived(facts, provider),
    noGroups(facts, provider),
    groupsWithoutMembers(facts, provider),
  ].filter((finding) => finding !== undefined)
}

function membersNeverReceived(facts: DirectoryFacts, provider: Provider): Finding | undefined {
  const { counts, groups } = facts
  const { pendingMembers } = counts
  if (pendingMembers === 0) return undefined
  const inPart = groups.looked >= groupsSurveyedMax && groups.looked < counts.groups
  const where = inPart
    ? `at least ${groups.pending.length} groups (${groups.looked} of ${counts.groups} looked at)`
    : countOf(groups.pending.length, 'group')
  return {
    code: 'MEMBERS_NEVER_RECEIVED',
    severity: 'wrong',
    effect:
      `${countOf(pendingMembers, 'membership')} in ${where} name nobody who was ever ` +
      'received: rules on these groups do not reach them.',
    cause:
      'The groups are in the scope of provisioning, and some of their members are not; ' +
      'while a first cycle is still running this is as it should be.',
    remedy: {
      entra:
        'Assign the users too, not just a group that contains their group: Entra ID ' +
        'provisions direct members only. Check the scoping filters and the ' +
        'provisioning log for users who failed.',
      okta: 'Assign the users of a pushed group to the application as well, then Push Now.',
      other: 'Bring the members of these groups into the scope of provisioning.',
    }[provider.kind],
    evidence: { memberships: pendingMembers, groups: groups.pending.length },
    examples: groups.pending.slice(0, examplesMax).map(([name, count]) => `${name} (${count})`),
  }
}

function noGroups({ counts }: DirectoryFacts, provider: Provider): Finding | undefined {
  if (counts.users === 0 || counts.groups > 0) return undefined
  return {
    code: 'NO_GROUPS',
    severity: 'hint',
    effect: `${countOf(counts.users, 'user')}, and no group: a rule on a group matches nobody.`,
    cause: 'Groups may not be part of provisioning.',
    remedy: {
      entra: 'Turn the mapping of groups on, and assign groups to the application.',
      okta: 'Add groups under Push Groups.',
      other: 'Push groups, unless your rules need none.',
    }[provider.kind],
    evidence: { users: counts.users, groups: 0 },
    examples: [],
  }
}

function groupsWithoutMembers({ counts }: DirectoryFacts, provider: Provider): Finding | undefined {
  const { users, groups, memberships, pendingMembers } = counts
  if (users === 0 || groups === 0 || memberships + pendingMembers > 0) return undefined
  return {
    code: 'GROUPS_WITHOUT_MEMBERS',
    severity: 'hint',
    effect:
      `${countOf(users, 'user')}, ${countOf(groups, 'group')}, and no group has a member: ` +
      'a rule on a group matches nobody.',
    cause: 'Groups were sent without their members, or everybody has left them.',
    remedy: {
      entra: 'In the attribute mapping of groups, keep members → members.',
      okta: 'Under Push Groups, push the memberships immediately.',
      other: 'Push the memberships of the groups.',
    }[provider.kind],
    evidence: { users, groups, memberships: 0 },
    examples: [],
  }
}
