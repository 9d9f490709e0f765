import type { Document, Uuid } from '../directory/directory.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { isJsonObject, isUnassigned, type Notes, property } from './json-object.ts'
import { readResource } from './read-resource.ts'
import { resourceTypes } from './resource-type.ts'
import { type ScimError, wrongValue } from './scim-error.ts'
import { checkWritten, keepUnmentioned } from './written-document.ts'

export interface SentGroup {
  readonly document: Document
  /** Each once. */
  readonly members: readonly Uuid[]
}

/** A new group. One that is sent without `members` has none. */
export function readNewGroup(body: unknown, registry: SchemaRegistry, notes: Notes): SentGroup {
  const { document, members } = readResource(body, resourceTypes.groups, registry, notes)
  checkWritten(document, { of: 'groups', registry, before: undefined })
  return { document, members: readMembers(members, 'members') }
}

/** A group in place of a stored one: what is not sent is cleared, the members too. */
export function readGroupReplacement(
  body: unknown,
  stored: Document,
  registry: SchemaRegistry,
  notes: Notes,
): SentGroup {
  const { document, given, members } = readResource(body, resourceTypes.groups, registry, notes)
  keepUnmentioned(document, stored, registry, { of: 'groups', given })
  checkWritten(document, { of: 'groups', registry, before: stored })
  return { document, members: readMembers(members, 'members') }
}

/**
 * The ids in a list of members, in any of the shapes that are sent: `[{value}]`, one `{value}`, a
 * bare id. Whom they name is not asked: an id that names nobody yet is kept and resolves later,
 * since Entra never repairs a membership that was refused. `$ref`, `type` and `display` follow from
 * the id (Okta sends no `type`, Entra a null `$ref`).
 */
export function readMembers(sent: unknown, path: string): readonly Uuid[] {
  if (isUnassigned(sent)) return []
  const ids = new Set<Uuid>()
  const elements = Array.isArray(sent) ? sent : [sent]
  for (let index = 0; index < elements.length; index += 1) {
    const element: unknown = elements[index]
    const id = isJsonObject(element) ? property(element, 'value') : element
    if (!isMemberId(id)) throw noMemberId(id, `${path}[${index}]`)
    ids.add(id)
  }
  return [...ids]
}

function isMemberId(id: unknown): id is Uuid {
  return typeof id === 'string' && id !== '' && id.length <= memberIdLengthMax && id.isWellFormed()
}

/** Made only where it is needed: its path, a hundred thousand times, costs more than all else. */
function noMemberId(id: unknown, path: string): ScimError {
  const wanted = typeof id === 'string' && id !== '' ? 'an id' : 'the id of a member'
  return wrongValue('invalidValue', `\`${path}.value\` must be ${wanted}`, id)
}

/** Ids are 36 characters. A value that is none is kept too, so it needs some bound. */
const memberIdLengthMax = 256
