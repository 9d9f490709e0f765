import type { ResourceChange } from '../directory/change.ts'
import type { AttributeValue, Complex, Document } from '../directory/directory.ts'
import type { MembersEdit } from '../directory/membership.ts'
import { sameValue } from '../directory/same-value.ts'
import type { ChangeSummary } from '../directory/sync-entry.ts'
import { isComplex } from './complex-value.ts'

/**
 * What a write changed, by names alone. `before` is the document that it was made from; absent for
 * a create.
 */
export function changesOf(change: ResourceChange, before?: Document): ChangeSummary {
  switch (change.op) {
    case 'create': {
      const attributes = named(changedNames(noDocument, change.document))
      const members = change.members?.length ?? 0
      if (members === 0) return { what: 'created', attributes }
      return { what: 'created', attributes, members: { kind: 'edit', added: members, removed: 0 } }
    }
    case 'update': {
      const after = change.document ?? before
      return {
        what: 'changed',
        attributes: named(changedNames(before ?? noDocument, after ?? noDocument)),
        ...(change.of === 'users' && activeChange(before, after)),
        ...(change.members && { members: membersOf(change.members) }),
      }
    }
    case 'delete':
      return {
        what: 'deleted',
        attributes: [],
        ...(change.of === 'users' && { active: { from: activeOf(before), to: null } }),
      }
  }
}

/** What was sent is what was there. */
export const noChange: ChangeSummary = { what: 'nothing', attributes: [] }

function changedNames(before: Document, after: Document): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].flatMap((name) => {
    const [old, next] = [own(before, name), own(after, name)]
    if (sameValue(old, next)) return []
    // Below a name or an extension it is the one sub-attribute that an administrator looks for.
    if (!isComplex(old) && !isComplex(next)) return [name]
    const mark = name.includes(':') ? ':' : '.'
    const [oldParts, nextParts] = [partsOf(old), partsOf(next)]
    const parts = new Set([...Object.keys(oldParts), ...Object.keys(nextParts)])
    return [...parts]
      .filter((part) => !sameValue(own(oldParts, part), own(nextParts, part)))
      .map((part) => `${name}${mark}${part}`)
  })
}

function own(complex: Complex, name: string): AttributeValue | undefined {
  return Object.hasOwn(complex, name) ? complex[name] : undefined
}

function partsOf(value: AttributeValue | undefined): Complex {
  return isComplex(value) ? value : noDocument
}
const noDocument: Complex = Object.freeze(Object.create(null))

function activeChange(before: Document | undefined, after: Document | undefined) {
  const [from, to] = [activeOf(before), activeOf(after)]
  return from === to ? undefined : { active: { from, to } }
}

function activeOf(document: Document = noDocument): boolean | null {
  const active = own(document, 'active')
  return typeof active === 'boolean' ? active : null
}

function membersOf(edit: MembersEdit): NonNullable<ChangeSummary['members']> {
  return edit.kind === 'replace'
    ? { kind: 'replace', count: edit.members.length }
    : { kind: 'edit', added: edit.add.length, removed: edit.remove.length }
}

function named(names: readonly string[]): readonly string[] {
  return names.slice(0, namesMax)
}
/** More names than one mapping has, and too few to make an entry large. */
const namesMax = 60
