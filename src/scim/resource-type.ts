import { coreGroupUrn, coreUserUrn } from '../directory/core-schemas.ts'
import type { Collection } from '../directory/directory.ts'

/** RFC 7643 §6: a kind of resource as SCIM names it. */
export interface ResourceType {
  readonly of: Collection
  readonly name: 'User' | 'Group'
  readonly endpoint: '/Users' | '/Groups'
  readonly urn: string
  readonly description: string
  /** The attribute whose value no two resources of a directory share; every one has it. */
  readonly uniqueName: 'userName' | 'displayName'
  /** The attribute that the other side of memberships is shown in. */
  readonly references: 'groups' | 'members'
}

export const resourceTypes: Record<Collection, ResourceType> = {
  users: {
    of: 'users',
    name: 'User',
    endpoint: '/Users',
    urn: coreUserUrn,
    description: 'User Account',
    uniqueName: 'userName',
    references: 'groups',
  },
  groups: {
    of: 'groups',
    name: 'Group',
    endpoint: '/Groups',
    urn: coreGroupUrn,
    description: 'Group',
    uniqueName: 'displayName',
    references: 'members',
  },
}

/** The form of every id we make. Anything else names nothing, and never reaches a store key. */
export function isResourceId(text: string): boolean {
  return idPattern.test(text)
}
const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
