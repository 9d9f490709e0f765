import type { Collection, DirectoryId } from '../directory/directory.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import type { Clock } from '../std/clock.ts'
import type { Store } from '../store/store.ts'
import type { Answer, Content } from './answer.ts'
import { type BulkTerms, runBulk } from './bulk.ts'
import type { BulkRequest } from './bulk-request.ts'
import { type Discovery, discover } from './discovery.ts'
import { Modifying } from './modifying.ts'
import type { Conditions } from './precondition.ts'
import type { View } from './projection.ts'
import { query, retrieve } from './retrieving.ts'
import type { ScimDirectory } from './scim-directory.ts'
import type { SearchRequest } from './search.ts'

/**
 * scim: what RFC 7643 and RFC 7644 say about the resources of one directory, and what identity
 * providers do in spite of them.
 *
 * Every write becomes one Change: read, apply, commit; whoever was overtaken reads again. What may
 * take access away is answered only when it is in force in every process that decides. A request
 * that cannot be served throws a ScimError and has changed nothing: a 503 alone leaves open whether
 * the write landed, and repeating it is safe.
 *
 * Group members are the asset: they are added and removed by id without reading who is there, so
 * writers do not wait for each other, and an id that names nobody yet is kept.
 *
 * Not here: URLs, headers, media types (scim-http/); who may call (access/); keeping it (store/).
 */
export interface ScimParts {
  readonly store: Store
  /** The schemas of the tenant that a directory belongs to. */
  readonly registryOf: (directory: DirectoryId) => SchemaRegistry
  readonly clock: Clock
  /** Base of `location` and `$ref`, as in `https://scim.acme.example/scim/entra/v2`. */
  readonly publicUrl: (directory: DirectoryId) => string
  /** Whether the directory takes writes. Reads are answered either way. Default: yes. */
  readonly writable?: (directory: DirectoryId) => boolean
  /** Whether the answer to what takes nothing away waits for every process, too. Default: no. */
  readonly waitsForAll?: boolean
}

/** What a request asks beside its body. */
export interface Asked extends View, Conditions {}

export class Scim {
  readonly #parts: ScimParts
  readonly #modifying = new Modifying()

  constructor(parts: ScimParts) {
    this.#parts = parts
  }

  create(of: Collection, directory: DirectoryId, body: unknown, asked: Asked): Promise<Answer> {
    return this.#modifying.create(this.#scope(directory), of, body, asked)
  }

  get(of: Collection, directory: DirectoryId, id: string, asked: Asked): Promise<Answer> {
    return retrieve(this.#scope(directory), of, id, asked)
  }

  list(of: Collection, directory: DirectoryId, request: SearchRequest): Promise<Content> {
    return query(this.#scope(directory), [of], request)
  }

  /** RFC 7644 §3.4.2.1: a search over every resource type. */
  listAll(directory: DirectoryId, request: SearchRequest): Promise<Content> {
    return query(this.#scope(directory), ['users', 'groups'], request)
  }

  replace(
    of: Collection,
    directory: DirectoryId,
    id: string,
    body: unknown,
    asked: Asked,
  ): Promise<Answer> {
    return this.#modifying.replace(this.#scope(directory), of, id, body, asked)
  }

  patch(
    of: Collection,
    directory: DirectoryId,
    id: string,
    body: unknown,
    asked: Asked,
  ): Promise<Answer> {
    return this.#modifying.patch(this.#scope(directory), of, id, body, asked)
  }

  delete(of: Collection, directory: DirectoryId, id: string, asked: Asked): Promise<Answer> {
    return this.#modifying.delete(this.#scope(directory), of, id, asked)
  }

  /** RFC 7644 §3.7: many of these in one request, which `readBulk` has read. */
  bulk(directory: DirectoryId, request: BulkRequest, terms: BulkTerms): Promise<Content> {
    return runBulk(this.#modifying, this.#scope(directory), request, terms)
  }

  /** RFC 7644 §4: what this server can do. */
  discover(directory: DirectoryId, what: Discovery): Content {
    return { kind: 'content', body: discover(what, this.#scope(directory)), notes: [] }
  }

  #scope(directory: DirectoryId): ScimDirectory {
    const { store, registryOf, clock, publicUrl, writable, waitsForAll } = this.#parts
    return {
      directory,
      store,
      barrier: async (at, mayShrink) => {
        if (mayShrink || waitsForAll) await store.barrier(at)
      },
      registry: registryOf(directory),
      clock,
      baseUrl: publicUrl(directory),
      isWritable: writable?.(directory) ?? true,
    }
  }
}
