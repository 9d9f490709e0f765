import type { Uuid } from './directory.ts'

/**
 * What happens to a group's members. Values are SCIM ids of users or groups; one that names nobody
 * is kept and resolves when its owner arrives. Adding a present and removing an absent one is
 * nothing.
 */
export type MembersEdit =
  | { readonly kind: 'edit'; readonly add: readonly Uuid[]; readonly remove: readonly Uuid[] }
  | { readonly kind: 'replace'; readonly members: readonly Uuid[] }

/** Groups within groups are followed this deep; Entra sends none, Okta one level. */
export const nestingDepthMax = 16
