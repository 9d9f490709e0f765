import type { AttributePath } from '../directory/attribute-path.ts'
import type { Complex } from '../directory/directory.ts'
import { compileValueFilter } from '../directory/filter-evaluate.ts'
import { F, T } from '../directory/three-values.ts'
import { readMembers } from './group-resource.ts'
import { isUnassigned } from './json-object.ts'
import { type PatchWork, termsOf } from './limits.ts'
import type { MembersDraft } from './members-draft.ts'
import type { PatchOperation } from './patch-operation.ts'
import { idsNamedBy } from './patch-path.ts'
import { namesElements } from './quirks/entra.ts'
import { badRequest, unreadable } from './scim-error.ts'

/** Whether an operation can only be understood by reading who the members are. */
export function asksForMembers({ filter }: AttributePath): boolean {
  return filter !== undefined && idsNamedBy(filter) === undefined
}

/** Adding a member twice and removing an absent one is nothing, and both shapes of removal work. */
export function patchMembers(
  draft: MembersDraft,
  operation: PatchOperation,
  path: AttributePath,
  work: PatchWork,
): void {
  const { op, value, place } = operation
  if (path.subAttribute !== undefined) {
    const name = `members.${path.subAttribute.name}`
    const detail = `\`${place}.path\`: \`${name}\` cannot be changed: add and remove members`
    throw badRequest('mutability', detail)
  }
  if (path.filter !== undefined) {
    patchFiltered(draft, operation, path, work)
    return
  }
  if (op === 'add') draft.add(readMembers(value, `${place}.value`))
  else if (op === 'replace') draft.replace(readMembers(value, `${place}.value`))
  // RFC 7644 §3.5.2.2 empties the group; Entra and JumpCloud name whom to remove in the value.
  else if (namesElements(value)) draft.remove(readMembers(value, `${place}.value`))
  else draft.replace([])
}

function patchFiltered(
  draft: MembersDraft,
  operation: PatchOperation,
  path: AttributePath,
  work: PatchWork,
): void {
  const { op, value, place } = operation
  const named = path.filter && idsNamedBy(path.filter)
  if (op === 'remove' || isUnassigned(value)) {
    draft.remove(named ?? matching(draft, place, path, work))
    return
  }
  if (named === undefined) {
    const detail = `\`${place}.path\`: members are named by their id, as in members[value eq "…"]`
    throw badRequest('noTarget', detail)
  }
  const instead = op === 'replace' ? readMembers(value, `${place}.value`) : named
  draft.remove(named)
  draft.add(instead)
}

function matching(
  draft: MembersDraft,
  place: string,
  path: AttributePath,
  work: PatchWork,
): readonly string[] {
  if (path.filter === undefined || path.attribute === undefined) return []
  const compiled = compileValueFilter(path.filter, path.attribute, F)
  if (compiled.kind === 'fault')
    throw unreadable('invalidFilter', `\`${place}.path\``, compiled.message)
  const members = draft.current().map(
    ({ value, type, display }): Complex => ({
      value,
      ...(type !== 'pending' && { type }),
      ...(display !== undefined && { display }),
    }),
  )
  work.look(members, termsOf(path.filter))
  return members
    .filter((member) => compiled.matches(member) === T)
    .map(({ value }) => String(value))
}
