import type { Document } from '../directory/directory.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import type { Notes } from './json-object.ts'
import { keepActive } from './quirks/okta.ts'
import { readResource } from './read-resource.ts'
import { resourceTypes } from './resource-type.ts'
import { checkWritten, keepUnmentioned } from './written-document.ts'

/** The document of a new user. A user sent without `active` is active; an explicit null is not. */
export function readNewUser(body: unknown, registry: SchemaRegistry, notes: Notes): Document {
  const { document, given } = readResource(body, resourceTypes.users, registry, notes)
  if (!given.has('active')) {
    document.active = true
    notes.assume('active')
  }
  checkWritten(document, { of: 'users', registry, before: undefined })
  return document
}

/**
 * The document that takes the place of a stored one: what is not sent is cleared, but `active`,
 * immutable attributes and what no schema in the config describes.
 */
export function readUserReplacement(
  body: unknown,
  stored: Document,
  registry: SchemaRegistry,
  notes: Notes,
): Document {
  const { document, given } = readResource(body, resourceTypes.users, registry, notes)
  keepActive(document, stored, given.has('active'))
  keepUnmentioned(document, stored, registry, { of: 'users', given })
  checkWritten(document, { of: 'users', registry, before: stored })
  return document
}
