import { randomUUID } from 'node:crypto'
import type { CreateResource, ResourceChange } from '../directory/change.ts'
import { closedOrder } from '../directory/closed-order.ts'
import type { Collection, DirectoryId } from '../directory/directory.ts'
import { fold } from '../directory/identity.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { unreachable } from '../std/assert.ts'
import { type Clock, toDateTime } from '../std/clock.ts'
import { StoreUnavailable } from '../store/errors.ts'
import type { Committed, Store } from '../store/store.ts'
import { readNewGroup } from './group-resource.ts'
import { isJsonObject, Notes, shown } from './json-object.ts'
import { isResourceId } from './resource-type.ts'
import { ScimError } from './scim-error.ts'
import { readNewUser } from './user-resource.ts'

/**
 * A whole directory in one file: `{"format": "sallyport-directory", "schema": 1, "users": […],
 * "groups": […]}`, SCIM resources with their ids, and groups with their members.
 */
export const seedFormat = 'sallyport-directory'
export const seedSchema = 1

export type Imported =
  | { readonly kind: 'imported'; readonly users: number; readonly groups: number }
  /** Nothing was written. Each fault names its place in the file. */
  | { readonly kind: 'faults'; readonly faults: readonly string[] }
  /** It has been written to: a file must never take the place of what a provider sent. */
  | { readonly kind: 'notEmpty' }
  | { readonly kind: 'unknownDirectory' }
  /** Some of it may have been written. */
  | { readonly kind: 'unavailable'; readonly cause: Error }

interface SeedParts {
  readonly store: Store
  readonly registry: SchemaRegistry
  readonly clock: Clock
}

/** Fills a directory that was never written to. The whole file is checked before any write. */
export async function importResources(
  { store, registry, clock }: SeedParts,
  directory: DirectoryId,
  file: unknown,
): Promise<Imported> {
  const reader = new SeedReader(directory, registry, toDateTime(clock.wallMs()))
  const { users, groups } = reader.read(file)
  if (reader.faults.length > 0) return { kind: 'faults', faults: reader.faults }
  try {
    const { lastRevision } = await store.counts(directory)
    if (lastRevision !== 0) return { kind: 'notEmpty' }
  } catch (cause) {
    if (cause instanceof StoreUnavailable) return { kind: 'unavailable', cause }
    throw cause
  }
  for (const changes of closedOrder(groups, users)) {
    const failed = await commitAll(store, changes)
    if (failed !== undefined) return failed
  }
  return { kind: 'imported', users: users.length, groups: groups.length }
}

/** As many as the SQLite writer puts into one transaction. */
const batchSize = 64

async function commitAll(
  store: Store,
  changes: readonly ResourceChange[],
): Promise<Imported | undefined> {
  for (let from = 0; from < changes.length; from += batchSize) {
    const batch = changes.slice(from, from + batchSize)
    const results = await Promise.all(
      batch.map((change) => store.commit(change, { opId: randomUUID() })),
    )
    const failures = results.map(failureOf).filter((failure) => failure !== undefined)
    if (failures[0] !== undefined) return failures[0]
  }
  return undefined
}

function failureOf(committed: Committed): Imported | undefined {
  switch (committed.kind) {
    case 'ok':
    case 'noop':
      return undefined
    case 'missing':
      return { kind: 'unknownDirectory' }
    case 'unavailable':
      return committed
    // The file holds no name twice and the directory was empty: somebody else has begun to write.
    case 'exists':
    case 'unique':
    case 'version':
    case 'tooMany':
      return { kind: 'notEmpty' }
    default:
      return unreachable(committed)
  }
}

/** Reads the file, collecting what is wrong with it. */
class SeedReader {
  readonly faults: string[] = []
  readonly #directory: DirectoryId
  readonly #registry: SchemaRegistry
  readonly #at: string
  readonly #ids = new Set<string>()
  readonly #names = new Set<string>()

  constructor(directory: DirectoryId, registry: SchemaRegistry, at: string) {
    this.#directory = directory
    this.#registry = registry
    this.#at = at
  }

  read(file: unknown): {
    readonly users: readonly CreateResource[]
    readonly groups: readonly CreateResource[]
  } {
    if (!isJsonObject(file)) {
      this.#fault('the file must be a JSON object')
      return { users: [], groups: [] }
    }
    const { format, schema } = file
    if (format !== seedFormat) this.#fault(`format: must be "${seedFormat}", not ${shown(format)}`)
    if (schema !== seedSchema) this.#fault(`schema: must be ${seedSchema}, not ${shown(schema)}`)
    for (const key of Object.keys(file)) {
      if (!['format', 'schema', 'users', 'groups'].includes(key)) {
        this.#fault(`${key}: is unknown; known here: format, schema, users, groups`)
      }
    }
    return { users: this.#list('users', file.users), groups: this.#list('groups', file.groups) }
  }

  #list(of: Collection, sent: unknown): readonly CreateResource[] {
    if (sent === undefined) return []
    if (!Array.isArray(sent)) {
      this.#fault(`${of}: must be a list, not ${shown(sent)}`)
      return []
    }
    return sent.flatMap((resource, index) => this.#resource(of, resource, `${of}[${index}]`) ?? [])
  }

  #resource(of: Collection, sent: unknown, place: string): CreateResource | undefined {
    const id = isJsonObject(sent) ? sent.id : undefined
    if (typeof id !== 'string' || !isResourceId(id)) {
      this.#fault(`${place}.id: must be a UUID in lower case, not ${shown(id)}`)
      return undefined
    }
    this.#once(this.#ids, id, `${place}.id`, id)
    const notes = new Notes()
    try {
      const content =
        of === 'users'
          ? { document: readNewUser(sent, this.#registry, notes) }
          : readNewGroup(sent, this.#registry, notes)
      // A person wrote this file: what a provider may send in vain is a slip here.
      for (const note of notes.lines) this.#fault(`${place}: ${note.replace(/ ignored$/, '')}`)
      const name = of === 'users' ? 'userName' : 'displayName'
      const text = content.document[name]
      if (typeof text === 'string') this.#once(this.#names, `${of} ${fold(text)}`, place, name)
      return { op: 'create', of, directory: this.#directory, id, at: this.#at, ...content }
    } catch (error) {
      if (!(error instanceof ScimError)) throw error
      this.#fault(`${place}: ${error.message}`)
      return undefined
    }
  }

  #once(seen: Set<string>, key: string, place: string, what: string): void {
    if (seen.has(key)) this.#fault(`${place}: \`${what}\` stands twice in the file`)
    seen.add(key)
  }

  #fault(fault: string): void {
    if (this.faults.length < faultsMax) this.faults.push(fault)
  }
}

/** More than anybody reads. A file of the wrong kind has one fault per line. */
const faultsMax = 100
