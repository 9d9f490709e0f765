/**
 * Every finding there is. The codes are stable: scripts look for them. The table of
 * docs/provisioning-health.md is written from here.
 */
export const findingCatalogue = {
  ACTIVE_USERS_DELETED: {
    severity: 'wrong with Entra ID, else a hint',
    seen: 'Users were still active when they were deleted',
    remedy: 'Entra ID: map `IsSoftDeleted`, not `accountEnabled`, to `active`',
  },
  ACTIVE_NOT_SENT: {
    severity: 'wrong',
    seen: 'Users arrive without `active`, and no request ever changed it',
    remedy: 'Map whether somebody may sign in to `active`',
  },
  NOBODY_INACTIVE: {
    severity: 'hint',
    seen:
      'More than 50 users, the first older than 45 days, all active, and nobody was ' +
      'deactivated',
    remedy: 'Deactivate a test user and see it arrive with `sallyport directory log`',
  },
  USER_NAME_DOMAIN: {
    severity: 'wrong where users cannot be found, else a hint',
    seen: 'User names have a domain that is none of the `domains` of the directory',
    remedy: 'Map the name that gateways ask for to `userName`, or add the domain to the config',
  },
  EXTERNAL_ID_SHARED: {
    severity: 'wrong',
    seen: 'Several users have one externalId: asked for by it they are SUBJECT_AMBIGUOUS',
    remedy: 'Map an identifier that is never given twice',
  },
  EXTERNAL_ID_MISSING: {
    severity: 'hint',
    seen: 'Users have no externalId',
    remedy: 'Map the identifier that never changes',
  },
  EXTERNAL_ID_NO_OBJECT_ID: {
    severity: 'hint',
    seen: 'Entra ID writes, and externalIds are no object ids: a renamed user is no longer matched',
    remedy: 'Map `objectId` to `externalId`, instead of `mailNickname`',
  },
  MEMBERS_NEVER_RECEIVED: {
    severity: 'wrong',
    seen: 'Groups name members that were never received: rules on these groups miss them',
    remedy: 'Bring the members into the scope of provisioning',
  },
  ATTRIBUTES_IGNORED: {
    severity: 'hint',
    seen: 'Attributes are sent that no schema of the directory knows',
    remedy: 'Declare them under `schemas`, or take the mappings out',
  },
  REQUEST_REFUSED: {
    severity: 'wrong',
    seen: 'A request was refused three times (by a 400 to Okta: once) and not done since',
    remedy: 'What the refusal says',
  },
  REQUESTS_UNAVAILABLE: {
    severity: 'wrong',
    seen: 'Requests were answered with 503 in the last day',
    remedy: 'Look at the store with `sallyport doctor`',
  },
  REQUESTS_THROTTLED: {
    severity: 'hint',
    seen: 'Requests were answered with 429 in the last day',
    remedy: 'Raise `limits.scimPerDirectory`, or find who loops',
  },
  PROVIDER_SILENT: {
    severity: 'wrong with Entra ID, else a hint',
    seen: 'A token is live and no request came for 3 hours (Entra ID) or 14 days (others)',
    remedy: 'See whether provisioning is paused, in quarantine, or cannot reach this server',
  },
  TOKENS_REFUSED: {
    severity: 'hint',
    seen: 'Tokens were refused, and no request has been accepted since',
    remedy: 'Compare the token of the provider with `sallyport token list`',
  },
  NO_GROUPS: {
    severity: 'hint',
    seen: 'Users, but not one group',
    remedy: 'Assign or push groups, unless rules need none',
  },
  GROUPS_WITHOUT_MEMBERS: {
    severity: 'hint',
    seen: 'Users and groups, but no group has a member',
    remedy: 'Assign users to the groups, and push memberships',
  },
} as const satisfies Record<string, CatalogueRow>

export type FindingCode = keyof typeof findingCatalogue

interface CatalogueRow {
  /** `wrong`, `hint`, or when which. */
  readonly severity: string
  readonly seen: string
  /** In short; a finding says it for the provider concerned. */
  readonly remedy: string
}
