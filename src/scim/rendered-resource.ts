import type { AttributeValue, Collection, Complex, Stored } from '../directory/directory.ts'
import { emptyComplex } from '../directory/directory.ts'
import { knownPart } from '../directory/document-view.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { resourceTypes } from './resource-type.ts'

/** RFC 7232 §2.3. Weak: two answers of one revision may differ in the attributes asked for. */
export function entityTag(stored: Stored): string {
  return `W/"${stored.revision}"`
}

export function locationOf(of: Collection, id: string, baseUrl: string): string {
  return `${baseUrl}${resourceTypes[of].endpoint}/${id}`
}

/**
 * A stored resource as SCIM shows it: the document with `schemas`, `id` and `meta` around it, and
 * `members` or `groups` where they were read. Filters are asked of this form too.
 */
export function renderResource(
  stored: Stored,
  registry: SchemaRegistry,
  baseUrl: string,
): { [name: string]: AttributeValue } {
  const { of, id } = stored
  const document = knownPart(stored.document, registry, of)
  const resource = emptyComplex()
  const [core, ...extensions] = registry.schemasOf(of).map((schema) => schema.urn)
  resource.schemas = [core!, ...extensions.filter((urn) => Object.hasOwn(document, urn))]
  resource.id = id
  for (const name of Object.keys(document)) resource[name] = document[name]!
  const references = renderReferences(stored, baseUrl)
  if (references.length > 0) resource[of === 'users' ? 'groups' : 'members'] = references
  resource.meta = {
    resourceType: resourceTypes[of].name,
    created: stored.created,
    lastModified: stored.lastModified,
    location: locationOf(of, id, baseUrl),
    version: entityTag(stored),
  }
  return resource
}

function renderReferences({ of, references }: Stored, baseUrl: string): readonly Complex[] {
  return (references ?? []).map(({ value, type, indirect, display }) => {
    const reference: { [name: string]: AttributeValue } = { value }
    // A member that has not arrived has no place yet, and nobody knows which kind it will be.
    if (type !== 'pending') {
      reference.$ref = locationOf(type === 'User' ? 'users' : 'groups', value, baseUrl)
      // RFC 7643 §4.1.2: of a user's groups, `type` says how the user belongs.
      reference.type = of === 'groups' ? type : indirect ? 'indirect' : 'direct'
    }
    if (display !== undefined) reference.display = display
    return reference
  })
}
