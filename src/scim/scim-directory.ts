import type { Collection, DirectoryId, Stored } from '../directory/directory.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import type { Clock } from '../std/clock.ts'
import type { Position } from '../store/position.ts'
import type { Store } from '../store/store.ts'
import { noSuchResource, reading } from './committing.ts'
import { isResourceId } from './resource-type.ts'
import { ScimError } from './scim-error.ts'

/** The one directory that a request is about, with everything that serving it takes. */
export interface ScimDirectory {
  readonly directory: DirectoryId
  readonly store: Store
  /**
   * How a write waits until it is in force everywhere, where it has to. A bulk does it once for all
   * its writes.
   */
  readonly barrier: (at: Position, mayShrink: boolean) => Promise<void>
  readonly registry: SchemaRegistry
  readonly clock: Clock
  /** Base of `location` and `$ref`, as in `https://scim.acme.example/scim/entra/v2`. */
  readonly baseUrl: string
  readonly isWritable: boolean
}

/** Reads one resource; throws a 404 where there is none. */
export async function readStored(
  { store, directory }: ScimDirectory,
  of: Collection,
  id: string,
  references: boolean | number,
): Promise<Stored> {
  const stored = isResourceId(id)
    ? await reading(() => store.get(of, directory, id, { references }))
    : undefined
  if (stored === undefined) throw noSuchResource({ of, id })
  return stored
}

export function mustBeWritable({ isWritable }: ScimDirectory): void {
  if (isWritable) return
  const detail = 'this directory takes no writes: `scimSync` is off in the configuration'
  throw new ScimError(403, detail)
}
