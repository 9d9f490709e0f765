import type { DirectoryFacts, Finding, Provider } from './insight.ts'
import { examplesMax } from './survey.ts'
import { countOf } from './sync-counts.ts'

/** Whether users can be found under the names that gateways ask for. */
export function identityFindings(facts: DirectoryFacts, provider: Provider): readonly Finding[] {
  return [
    userNameDomain(facts, provider),
    externalIdShared(facts, provider),
    externalIdMissing(facts, provider),
    externalIdNoObjectId(facts, provider),
  ].filter((finding) => finding !== undefined)
}

function userNameDomain(facts: DirectoryFacts, provider: Provider): Finding | undefined {
  const { foreignDomains, unfindable } = facts.users
  const users = foreignDomains.reduce((sum, [, count]) => sum + count, 0)
  if (users === 0) return undefined
  const domains = facts.domains.map((domain) => `\`${domain}\``).join(', ')
  const effect =
    unfindable > 0
      ? `${unfindable} of ${seen(facts)} are not found by their user name unless the ` +
        'gateway names the directory: decisions about them block.'
      : `${users} of ${seen(facts)} are found only because this directory is the ` +
        'default: their domain is none of its own.'
  return {
    code: 'USER_NAME_DOMAIN',
    severity: unfindable > 0 ? 'wrong' : 'hint',
    effect,
    cause: `\`domains\` of the directory says ${domains || 'none'}; user names come with others.`,
    remedy: {
      entra:
        'If gateways ask for another name, map that one to `userName` ' +
        '(userPrincipalName may be the onmicrosoft.com name; mail is not). Else add ' +
        'the domain to `domains` in the config.',
      okta:
        'If gateways ask for another name, change the application username format. ' +
        'Else add the domain to `domains` in the config.',
      other:
        'Map the name that gateways ask for to `userName`, or add the domain to ' +
        '`domains` in the config.',
    }[provider.kind],
    evidence: { users, usersNotFound: unfindable, domains: foreignDomains.length },
    examples: foreignDomains
      .slice(0, examplesMax)
      .map(([domain, count]) => `${domain.slice(0, domainLengthMax)} (${count})`),
  }
}
const domainLengthMax = 100

function externalIdShared(facts: DirectoryFacts, provider: Provider): Finding | undefined {
  const { sharingExternalId: users, examples } = facts.users
  if (users === 0) return undefined
  return {
    code: 'EXTERNAL_ID_SHARED',
    severity: 'wrong',
    effect:
      `${users} of ${seen(facts)} have an externalId that another one has too: asked ` +
      'for by it, decisions block with SUBJECT_AMBIGUOUS.',
    cause: 'What is mapped to `externalId` is given to more than one person.',
    remedy: stableIdentifier[provider.kind],
    evidence: { users, looked: facts.users.looked },
    examples: examples.sharingExternalId,
  }
}

function externalIdMissing(facts: DirectoryFacts, provider: Provider): Finding | undefined {
  const { withoutExternalId: users, examples } = facts.users
  if (users === 0) return undefined
  return {
    code: 'EXTERNAL_ID_MISSING',
    severity: 'hint',
    effect:
      `${users} of ${seen(facts)} have no externalId: they are known by a user name ` +
      `alone, which a new name makes another person's.`,
    cause: 'Nothing is mapped to `externalId`, or what is mapped is empty for them.',
    remedy: stableIdentifier[provider.kind],
    evidence: { users, looked: facts.users.looked },
    examples: examples.withoutExternalId,
  }
}

function externalIdNoObjectId(facts: DirectoryFacts, provider: Provider): Finding | undefined {
  const { withOtherExternalId: users, examples } = facts.users
  if (users === 0 || provider.kind !== 'entra') return undefined
  return {
    code: 'EXTERNAL_ID_NO_OBJECT_ID',
    severity: 'hint',
    effect:
      `${users} of ${seen(facts)} have an externalId that is no object id: when such a ` +
      'user is renamed, the match is lost.',
    cause: 'The default mapping of Entra ID sends mailNickname, which changes with the name.',
    remedy: stableIdentifier.entra,
    evidence: { users, looked: facts.users.looked },
    examples: examples.withOtherExternalId,
  }
}

const stableIdentifier: Readonly<Record<Provider['kind'], string>> = {
  entra: 'In the attribute mapping of users, set objectId → externalId.',
  okta: 'Keep the mapping of `externalId` to the Okta user id, which is there by default.',
  other: 'Map an identifier to `externalId` that is never changed and never given twice.',
}

/** How many users were looked at, and whether that is all of them. */
function seen({ users, counts }: DirectoryFacts): string {
  if (users.looked >= counts.users) return countOf(users.looked, 'user')
  return `the ${users.looked} users looked at (of ${counts.users})`
}
