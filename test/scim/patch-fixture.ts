import type { Collection, Document, Reference } from '../../src/directory/directory.ts'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { Notes } from '../../src/scim/json-object.ts'
import { MembersDraft } from '../../src/scim/members-draft.ts'
import { applyPatch, placeOperations } from '../../src/scim/patch.ts'
import { patchUrn, readPatch } from '../../src/scim/patch-operation.ts'
import { ScimError } from '../../src/scim/scim-error.ts'

const registry = createSchemaRegistry()

export interface Outcome {
  readonly document: Document
  readonly members: unknown
  readonly notes: readonly string[]
}

/** What a PATCH with these operations makes of a document. */
export function patched(
  of: Collection,
  document: object,
  operations: readonly unknown[],
  stored?: readonly Reference[],
): Outcome {
  const notes = new Notes()
  const context = { of, registry, notes }
  const read = readPatch({ schemas: [patchUrn], Operations: operations })
  const members = new MembersDraft(stored)
  const before = structuredClone(document)
  const after = applyPatch(before as Document, placeOperations(read, context), members, context)
  return { document: after, members: members.edit(), notes: notes.lines }
}

/** `400 invalidPath`, or what else the request is answered with. */
export function refusalOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ScimError) return `${error.status} ${error.scimType ?? ''}`.trim()
    throw error
  }
  return 'accepted'
}
