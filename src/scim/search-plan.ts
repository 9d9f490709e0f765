import type { Collection } from '../directory/directory.ts'
import { type IndexedEquality, indexedEqualities } from '../directory/equality.ts'
import type { Filter } from '../directory/filter.ts'
import { type CompiledFilter, compileFilter } from '../directory/filter-evaluate.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { F } from '../directory/three-values.ts'
import type { IndexedQuery, Selection } from '../store/store.ts'
import { isResourceId } from './resource-type.ts'
import { unreadable } from './scim-error.ts'

/** How the matches of one resource type are found. */
export type Plan =
  | { readonly kind: 'nothing' }
  /** An index finds them and nothing else, so that the store can make the page. */
  | { readonly kind: 'indexed'; readonly by: Exclude<IndexedQuery, { by: 'name' }> }
  /** Each has to be looked at: those that an index finds, or all there are. */
  | {
      readonly kind: 'scanned'
      readonly by: Selection | undefined
      readonly compiled: CompiledFilter
    }

/** The cheapest way to every match. `filter` is what is left of it for this type. */
export function planOf(filter: Filter | boolean, registry: SchemaRegistry, of: Collection): Plan {
  if (filter === false) return { kind: 'nothing' }
  if (filter === true) return { kind: 'indexed', by: { by: 'all' } }
  const compiled = compileFilter(filter, registry, of, F)
  if (compiled.kind === 'fault') throw unreadable('invalidFilter', '`filter`', compiled.message)
  const by = selectionOf(filter, registry, of)
  if (by === 'nothing') return { kind: 'nothing' }
  if (by !== undefined && isWhole(filter, by)) return { kind: 'indexed', by }
  return { kind: 'scanned', by, compiled }
}

function selectionOf(
  filter: Filter,
  registry: SchemaRegistry,
  of: Collection,
): Selection | 'nothing' | undefined {
  const known = indexedEqualities(filter, registry, of)
  const byName = (attribute: IndexedEquality['attribute']) =>
    known.find((equality) => equality.attribute === attribute)?.value
  const id = byName('id')
  if (id !== undefined && !isResourceId(id)) return 'nothing'
  const member = byName('members.value')
  if (member !== undefined) return { by: 'member', value: member, ...(id !== undefined && { id }) }
  if (id !== undefined) return { by: 'id', value: id }
  for (const attribute of ['userName', 'displayName', 'externalId', 'emails.value'] as const) {
    const value = byName(attribute)
    if (value !== undefined) return { by: attribute, value }
  }
  // Last, since a group can have everybody in it.
  const group = byName('groups.value')
  return group === undefined ? undefined : { by: 'group', value: group }
}

function isWhole(filter: Filter, by: Selection): boolean {
  if (filter.op === 'eq') return true
  // `id eq … and members eq …` is how Entra asks whether somebody is a member.
  return (
    filter.op === 'and' &&
    filter.terms.length === 2 &&
    filter.terms.every((term) => term.op === 'eq') &&
    by.by === 'member' &&
    by.id !== undefined
  )
}
