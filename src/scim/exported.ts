import type { Collection, Document } from '../directory/directory.ts'
import { sameValue } from '../directory/same-value.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { readNewGroup } from './group-resource.ts'
import { isJsonObject, Notes } from './json-object.ts'
import { isResourceId, resourceTypes } from './resource-type.ts'
import { ScimError } from './scim-error.ts'
import { readNewUser } from './user-resource.ts'

/**
 * The document of an exported user or group, if it is one that SCIM would have taken with the
 * schemas that are configured here: nothing is dropped and nothing is read another way.
 */
export function readExported(
  of: Collection,
  sent: unknown,
  registry: SchemaRegistry,
): { readonly document: Document } | { readonly fault: string } {
  if (!isJsonObject(sent)) return { fault: 'is no object' }
  const { id, created, last_modified: modified, document, members } = sent
  if (typeof id !== 'string' || !isResourceId(id)) return { fault: '`id` is no UUID in lower case' }
  if (!isInstant(created) || !isInstant(modified)) {
    return { fault: '`created` and `last_modified` must be instants (RFC 3339)' }
  }
  if (!isJsonObject(document)) return { fault: '`document` is no object' }
  const isList = members === undefined || (Array.isArray(members) && members.every(isText))
  if (of === 'groups' && !isList) return { fault: '`members` must be a list of ids' }
  try {
    const notes = new Notes()
    const urns = Object.keys(document).filter((name) => name.startsWith('urn:'))
    const body = { ...document, schemas: [resourceTypes[of].urn, ...urns] }
    const read =
      of === 'users'
        ? readNewUser(body, registry, notes)
        : readNewGroup(body, registry, notes).document
    // A user that was deactivated by removal has no `active`; a new one without it would be active.
    if (document.active === undefined) delete (read as { active?: unknown }).active
    if (sameValue(read, document as Document)) return { document: read }
    const [lost = 'part of it'] = notes.lines
    return { fault: `is not what the schemas configured here describe: ${lost}` }
  } catch (error) {
    if (!(error instanceof ScimError)) throw error
    return { fault: error.message }
  }
}

function isInstant(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value))
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}
