import { randomUUID } from 'node:crypto'
import type { ResourceChange } from '../directory/change.ts'
import type { Collection, Complex, DirectoryId, Stored, Uuid } from '../directory/directory.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { type Clock, toDateTime } from '../std/clock.ts'
import type { Store } from '../store/store.ts'
import { inForce, type Landed, noSuchResource, reading, type Written, write } from './committing.ts'
import * as discovery from './discovery.ts'
import { readGroup } from './group-resource.ts'
import { Notes } from './json-object.ts'
import { listResponse } from './list-response.ts'
import { MembersDraft } from './members-draft.ts'
import { applyPatch, needsMembers, placeOperations } from './patch.ts'
import { readPatch } from './patch-operation.ts'
import { type Conditions, isKnown, movedOn, requiredRevision } from './precondition.ts'
import { type Projection, projectionOf, type View } from './projection.ts'
import { entityTag, locationOf, renderResource } from './rendered-resource.ts'
import { isResourceId } from './resource-type.ts'
import { sameValue } from './same-value.ts'
import { ScimError } from './scim-error.ts'
import { readPage, type SearchRequest, search } from './search.ts'
import { readNewUser, readUserReplacement } from './user-resource.ts'
import { WriteQueue } from './write-queue.ts'

/**
 * scim: what RFC 7643 and RFC 7644 say about the resources of one directory, and what identity
 * providers do in spite of them.
 *
 * Every write becomes one Change: read, apply, commit; whoever was overtaken reads again. An answer
 * is given only when the write is in force in every process that decides. A request that cannot be
 * served throws a ScimError and has changed nothing: a 503 alone leaves open whether the write
 * landed, and repeating it is safe.
 *
 * Group members are the asset: they are added and removed by id without reading who is there, so
 * writers do not wait for each other, and an id that names nobody yet is kept.
 *
 * Not here: URLs, headers, media types (scim-http/); who may call (access/); keeping it (store/).
 */
export interface ScimParts {
  readonly store: Store
  readonly registry: SchemaRegistry
  readonly clock: Clock
  /** Base of `location` and `$ref`, as in `https://scim.acme.example/scim/entra/v2`. */
  readonly publicUrl: (directory: DirectoryId) => string
  /** Whether the directory takes writes. Reads are answered either way. Default: yes. */
  readonly writable?: (directory: DirectoryId) => boolean
}

/** What a request asks beside its body. */
export interface Asked extends View, Conditions {}

export type Answer = Content | Empty | NotModified
/** `created` has a location to go with it. */
export interface Content {
  readonly kind: 'created' | 'content'
  readonly body: unknown
  readonly etag?: string
  readonly location?: string
  /** Of a write: the log position that a gateway can ask to see, as an opaque token. */
  readonly revision?: string
  readonly notes: readonly string[]
}
export interface Empty {
  readonly kind: 'empty'
  readonly etag?: string
  readonly revision: string
  readonly notes: readonly string[]
}
export interface NotModified {
  readonly kind: 'notModified'
  readonly etag: string
}

/** Entra wants no large groups back, the RFC and conformance suites want small ones. */
const groupAnswerMembersMax = 200
/** Attempts at one write. In line, only the writers of another process and newcomers overtake. */
export const writeAttemptsMax = 8

export class Scim {
  readonly #parts: ScimParts
  readonly #queue = new WriteQueue()

  constructor(parts: ScimParts) {
    this.#parts = parts
  }

  async create(
    of: Collection,
    directory: DirectoryId,
    body: unknown,
    asked: Asked,
  ): Promise<Answer> {
    this.#mustBeWritable(directory)
    const { registry } = this.#parts
    const notes = new Notes()
    const projection = projectionOf(asked, registry, of)
    const sent =
      of === 'users'
        ? { document: readNewUser(body, registry, notes) }
        : readGroup(body, registry, notes)
    const change = {
      op: 'create',
      of,
      directory,
      id: randomUUID(),
      at: this.#now(),
      ...sent,
    } as const
    const landed = await this.#land(await write(this.#parts.store, change))
    const stored = await this.#read(of, directory, change.id, projection.references)
    return {
      ...this.#content(stored, projection, notes),
      kind: 'created',
      location: locationOf(of, stored.id, this.#parts.publicUrl(directory)),
      ...landed,
    }
  }

  async get(of: Collection, directory: DirectoryId, id: string, asked: Asked): Promise<Answer> {
    const projection = projectionOf(asked, this.#parts.registry, of)
    const stored = await this.#read(of, directory, id, projection.references)
    if (isKnown(asked, stored)) return { kind: 'notModified', etag: entityTag(stored) }
    return this.#content(stored, projection, new Notes())
  }

  async list(of: Collection, directory: DirectoryId, request: SearchRequest): Promise<Content> {
    const { store, registry, clock, publicUrl } = this.#parts
    const baseUrl = publicUrl(directory)
    const projection = projectionOf(request, registry, of)
    const { startIndex } = readPage(request)
    const { references } = projection
    const found = await reading(() =>
      search(request, { store, registry, clock, of, directory, baseUrl, references }),
    )
    const resources = found.resources.map((stored) =>
      projection.apply(renderResource(stored, registry, baseUrl)),
    )
    const body = listResponse(resources, { totalResults: found.total, startIndex })
    return { kind: 'content', body, notes: [] }
  }

  async replace(
    of: Collection,
    directory: DirectoryId,
    id: string,
    body: unknown,
    asked: Asked,
  ): Promise<Answer> {
    this.#mustBeWritable(directory)
    const { registry } = this.#parts
    const projection = projectionOf(asked, registry, of)
    const notes = new Notes()
    const target = { of, directory, id, byMembers: false }
    const landed = await this.#write(target, asked, (stored) => {
      if (of === 'users') {
        return { document: readUserReplacement(body, stored.document, registry, notes) }
      }
      const { document, members } = readGroup(body, registry, notes)
      return { document, members: { kind: 'replace', members } }
    })
    const stored = await this.#read(of, directory, id, projection.references)
    return { ...this.#content(stored, projection, notes), ...landed }
  }

  async patch(
    of: Collection,
    directory: DirectoryId,
    id: string,
    body: unknown,
    asked: Asked,
  ): Promise<Answer> {
    this.#mustBeWritable(directory)
    const { registry } = this.#parts
    const projection = projectionOf(asked, registry, of)
    const notes = new Notes()
    const context = { of, registry, notes }
    const operations = placeOperations(readPatch(body), context)
    const target = { of, directory, id, byMembers: needsMembers(operations, of) }
    const landed = await this.#write(target, asked, (stored) => {
      const members = new MembersDraft(stored.references)
      const document = applyPatch(stored.document, operations, members, context)
      const edit = members.edit()
      return { document, ...(edit && { members: edit }) }
    })
    // RFC 7644 §3.5.2: a 200 where `attributes` are asked for, otherwise either will do.
    const mayBeEmpty = of === 'groups' && projection.references && !projection.asked
    const references = mayBeEmpty ? groupAnswerMembersMax + 1 : projection.references
    const stored = await this.#read(of, directory, id, references)
    if (mayBeEmpty && (stored.references?.length ?? 0) > groupAnswerMembersMax) {
      return { kind: 'empty', etag: entityTag(stored), notes: notes.lines, ...landed }
    }
    return { ...this.#content(stored, projection, notes), ...landed }
  }

  async delete(of: Collection, directory: DirectoryId, id: string, asked: Asked): Promise<Answer> {
    this.#mustBeWritable(directory)
    if (!isResourceId(id)) throw noSuchResource({ of, id })
    let ifMatch: number | undefined
    if (asked.ifMatch !== undefined) {
      ifMatch = requiredRevision(asked, await this.#read(of, directory, id, false))
    }
    const change = { op: 'delete', of, directory, id, at: this.#now() } as const
    const landed = await this.#land(await write(this.#parts.store, change, ifMatch))
    return { kind: 'empty', notes: [], ...landed }
  }

  /** RFC 7644 §4: what this server can do. */
  discover(directory: DirectoryId, what: Discovery): Content {
    const { registry, publicUrl } = this.#parts
    const baseUrl = publicUrl(directory)
    return { kind: 'content', body: render(what, registry, baseUrl), notes: [] }
  }

  /**
   * Read, apply, commit, until nobody came in between. The writers of one user go in line, so that
   * none is overtaken within this process for ever; members of groups are added and removed
   * without that, and only who has been overtaken waits in line.
   */
  async #write(target: Target, asked: Asked, apply: Apply): Promise<Landed> {
    const { of, directory, id } = target
    if (of === 'groups') {
      const first = await this.#writeOnce(target, asked, apply)
      if (first !== 'version') return await this.#land(first)
    }
    const written = await this.#queue.run(`${directory} ${of} ${id}`, async () => {
      for (let attempt = 1; attempt <= writeAttemptsMax; attempt += 1) {
        const again = await this.#writeOnce(target, asked, apply)
        if (again !== 'version') return again
      }
      const detail = 'others keep changing this resource: repeat the request, it is safe to'
      throw new ScimError(503, detail, { retryAfterS: 1 })
    })
    return await this.#land(written)
  }

  /**
   * A write that leaves the document alone needs no look at the revision, since edits of members
   * commute; unless it chose the members by what was read about them (`byMembers`).
   */
  async #writeOnce(target: Target, asked: Asked, apply: Apply): Promise<Written> {
    const { of, directory, id, byMembers } = target
    const stored = await this.#read(of, directory, id, byMembers)
    const required = requiredRevision(asked, stored)
    const { document, members } = apply(stored)
    const change: UpdateParts = {
      op: 'update',
      of,
      directory,
      id,
      at: this.#now(),
      ...(!sameValue(document, stored.document) && { document: document! }),
      ...(members && { members }),
    }
    if (change.document === undefined && members === undefined) return { at: undefined }
    const commutes = change.document === undefined && !byMembers
    const ifMatch = required ?? (commutes ? undefined : stored.revision)
    const written = await write(this.#parts.store, change, ifMatch)
    if (written === 'version' && required !== undefined) throw movedOn()
    return written
  }

  async #land(written: Written): Promise<Landed> {
    if (written === 'version') throw movedOn()
    return await inForce(this.#parts.store, written.at)
  }

  async #read(
    of: Collection,
    directory: DirectoryId,
    id: string,
    references: boolean | number,
  ): Promise<Stored> {
    const stored = isResourceId(id)
      ? await reading(() => this.#parts.store.get(of, directory, id, { references }))
      : undefined
    if (stored === undefined) throw noSuchResource({ of, id })
    return stored
  }

  #content(stored: Stored, projection: Projection, notes: Notes): Content {
    const { registry, publicUrl } = this.#parts
    const resource: Complex = renderResource(stored, registry, publicUrl(stored.directory))
    const body = projection.apply(resource)
    return { kind: 'content', body, etag: entityTag(stored), notes: notes.lines }
  }

  #mustBeWritable(directory: DirectoryId): void {
    if (this.#parts.writable?.(directory) ?? true) return
    const detail = 'this directory takes no writes: `scimSync` is off in the configuration'
    throw new ScimError(403, detail)
  }

  #now(): string {
    return toDateTime(this.#parts.clock.wallMs())
  }
}

interface Target {
  readonly of: Collection
  readonly directory: DirectoryId
  readonly id: string
  readonly byMembers: boolean
}
type Apply = (stored: Stored) => Pick<UpdateParts, 'document' | 'members'>
type UpdateParts = Extract<ResourceChange, { op: 'update' }> & { readonly id: Uuid }

/** `named`: one schema by its URN, or one resource type by its name. */
export interface Discovery {
  readonly what: 'ServiceProviderConfig' | 'Schemas' | 'ResourceTypes'
  readonly named?: string
}

function render({ what, named }: Discovery, registry: SchemaRegistry, baseUrl: string): unknown {
  switch (what) {
    case 'ServiceProviderConfig':
      return discovery.serviceProviderConfig(baseUrl)
    case 'Schemas':
      return named === undefined
        ? discovery.schemaList(registry, baseUrl)
        : discovery.schemaByUrn(registry, named, baseUrl)
    default:
      return named === undefined
        ? discovery.resourceTypeList(registry, baseUrl)
        : discovery.resourceTypeByName(registry, named, baseUrl)
  }
}
