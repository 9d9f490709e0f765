import type { CreateResource, ResourceChange } from './change.ts'
import { type Document, emptyComplex, isActive } from './directory.ts'

/**
 * The stages in which a directory that exists already, in a file, is written: each is whole before
 * the next begins. However far it came, nobody is allowed whom the whole would block:
 *
 * - groups come first, with members that nobody has yet, so each user has all of its groups from
 *   the commit that makes it;
 * - users who share an externalId arrive inactive, and are activated once all are there. Asked for
 *   by it, the first alone would be let in, where the whole names nobody for certain.
 */
export function closedOrder(
  groups: readonly CreateResource[],
  users: readonly CreateResource[],
): readonly (readonly ResourceChange[])[] {
  const owners = new Map<unknown, number>()
  for (const { document } of users) {
    const name = document.externalId
    if (name !== undefined) owners.set(name, (owners.get(name) ?? 0) + 1)
  }
  const mustWait = ({ document }: CreateResource) =>
    isActive(document) && (owners.get(document.externalId) ?? 0) > 1
  const arriving = users.map((user) =>
    mustWait(user) ? { ...user, document: inactive(user.document) } : user,
  )
  const activated = users.filter(mustWait).map(({ of, directory, id, at, document }) => {
    return { op: 'update', of, directory, id, at, document } as const
  })
  return [groups, arriving, activated]
}

function inactive(document: Document): Document {
  return Object.assign(emptyComplex(), document, { active: false })
}
