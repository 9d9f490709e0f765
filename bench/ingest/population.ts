/** What one server has been told so far, by whoever tells it. */
export class Population {
  readonly users: { readonly id: string; readonly number: number; title: string }[] = []
  readonly groups: { readonly id: string; readonly members: Set<string> }[] = []
  #users = 0
  #edits = 0
  #memberships = 0
  #visits = 0

  /** The number of a user who was never sent. */
  newNumber(): number {
    return this.#users++
  }

  /** A value that was never sent. */
  newTitle(): string {
    return `Title ${this.#edits++}`
  }

  /** Everybody in turn, the first ones first. */
  anybody() {
    return this.users[this.#visits++ % this.users.length]!
  }

  /** A group that the user is not in. All groups grow alike. */
  newGroupOf(user: string) {
    for (;;) {
      const group = this.groups[this.#memberships++ % this.groups.length]!
      if (!group.members.has(user)) return group
    }
  }
}

export function userNameOf(number: number): string {
  return `user${number}@acme.example`
}

/** As Entra sends it, without what only one of the servers accepts. */
export function userBody(number: number): object {
  return {
    schemas: [coreUserUrn, enterpriseUrn],
    externalId: `external-${number}`,
    userName: userNameOf(number),
    active: true,
    displayName: `User ${number}`,
    name: { givenName: 'User', familyName: `Number ${number}`, formatted: `User Number ${number}` },
    emails: [{ type: 'work', value: userNameOf(number), primary: true }],
    phoneNumbers: [{ type: 'work', value: '+49 30 1234567' }],
    title: 'Clerk',
    [enterpriseUrn]: { employeeNumber: String(number), department: 'Sales' },
  }
}

export function groupBody(number: number): object {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: `Group ${number}`,
  }
}

export function patchBody(...Operations: readonly object[]): object {
  return { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations }
}

const coreUserUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const enterpriseUrn = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
