import { randomUUID } from 'node:crypto'
import { canShrink, type ResourceChange } from '../directory/change.ts'
import type { Collection, Revision, Stored, Uuid } from '../directory/directory.ts'
import { sameValue } from '../directory/same-value.ts'
import { type Clock, toDateTime } from '../std/clock.ts'
import { type About, type Answer, aboutOf, contentOf, nameOf } from './answer.ts'
import { changesOf, noChange } from './changes.ts'
import { inForce, type Landed, noSuchResource, type Written, write } from './committing.ts'
import { readGroupReplacement, readNewGroup } from './group-resource.ts'
import { Notes } from './json-object.ts'
import { MembersDraft } from './members-draft.ts'
import { applyPatch, needsMembers, placeOperations } from './patch.ts'
import { readPatch } from './patch-operation.ts'
import { type Conditions, movedOn, requiredRevision } from './precondition.ts'
import { type Projection, projectionOf, type View } from './projection.ts'
import { entityTag, locationOf } from './rendered-resource.ts'
import { isResourceId } from './resource-type.ts'
import { mustBeWritable, readStored, type ScimDirectory } from './scim-directory.ts'
import { ScimError } from './scim-error.ts'
import { readNewUser, readUserReplacement } from './user-resource.ts'
import { WriteQueue } from './write-queue.ts'

/** What a write asks beside its body. */
type Asked = View & Conditions

/** Entra wants no large groups back, the RFC and conformance suites want small ones. */
const groupAnswerMembersMax = 200
/** What a commit shows; more are read elsewhere, since whoever commits next would wait for them. */
const committedReferencesMax = groupAnswerMembersMax + 1
/** Attempts at one write. In line, only the writers of another process and newcomers overtake. */
export const writeAttemptsMax = 8

/**
 * Every write becomes one Change: read, apply, commit; whoever was overtaken reads again. It is
 * answered only when it is in force in every process that decides.
 */
export class Modifying {
  readonly #queue = new WriteQueue()

  /** RFC 7644 §3.3. */
  async create(scope: ScimDirectory, of: Collection, body: unknown, asked: Asked): Promise<Answer> {
    mustBeWritable(scope)
    const { registry, directory, clock, store, baseUrl } = scope
    const notes = new Notes()
    const projection = projectionOf(asked, registry, of, 'all')
    const sent =
      of === 'users'
        ? { document: readNewUser(body, registry, notes) }
        : readNewGroup(body, registry, notes)
    const id = randomUUID()
    const change = { op: 'create', of, directory, id, at: now(clock), ...sent } as const
    const wishes = { references: referencesOf(projection) }
    const written = standing(await write(store, change, wishes))
    const landed = await inForce(scope, written.at, canShrink(change))
    const stored = await readShown(scope, { of, id }, projection, written.stored)
    return {
      ...contentOf(stored, projection, scope, notes),
      kind: 'created',
      location: locationOf(of, id, baseUrl),
      ...landed,
      about: { ...aboutOf(of, id, sent.document), changes: changesOf(change) },
    }
  }

  /** RFC 7644 §3.5.1. */
  async replace(
    scope: ScimDirectory,
    of: Collection,
    id: string,
    body: unknown,
    asked: Asked,
  ): Promise<Answer> {
    mustBeWritable(scope)
    const { registry } = scope
    const projection = projectionOf(asked, registry, of, 'all')
    const notes = new Notes()
    const target = { of, id, byMembers: false, references: referencesOf(projection) }
    const { landed, shown } = await this.#write(scope, target, asked, (stored) => {
      if (of === 'users') {
        return { document: readUserReplacement(body, stored.document, registry, notes) }
      }
      const { document, members } = readGroupReplacement(body, stored.document, registry, notes)
      return { document, members: { kind: 'replace', members } }
    })
    const stored = await readShown(scope, target, projection, shown)
    return { ...contentOf(stored, projection, scope, notes), ...landed }
  }

  /** RFC 7644 §3.5.2. */
  async patch(
    scope: ScimDirectory,
    of: Collection,
    id: string,
    body: unknown,
    asked: Asked,
  ): Promise<Answer> {
    mustBeWritable(scope)
    const { registry } = scope
    const notes = new Notes()
    const context = { of, registry, notes }
    const operations = placeOperations(readPatch(body), context)
    const paths = operations.map(({ path }) => path)
    const projection = projectionOf(asked, registry, of, paths)
    const byMembers = needsMembers(operations, of)
    const target = { of, id, byMembers, references: referencesOf(projection) }
    const { landed, shown } = await this.#write(scope, target, asked, (stored) => {
      const members = new MembersDraft(stored.references)
      const document = applyPatch(stored.document, operations, members, context)
      const edit = members.edit()
      return { document, ...(edit && { members: edit }) }
    })
    const first = shown ?? (await readStored(scope, of, id, target.references))
    // RFC 7644 §3.5.2: a 200 where `attributes` are asked for, otherwise either will do.
    if (of === 'groups' && !projection.asked && isLarge(first)) {
      const { lines, remarks } = notes
      return { kind: 'empty', etag: entityTag(first), notes: lines, remarks, ...landed }
    }
    const stored = await readShown(scope, target, projection, first)
    return { ...contentOf(stored, projection, scope, notes), ...landed }
  }

  /** RFC 7644 §3.6. */
  async delete(scope: ScimDirectory, of: Collection, id: string, asked: Asked): Promise<Answer> {
    mustBeWritable(scope)
    if (!isResourceId(id)) throw noSuchResource({ of, id })
    try {
      return await this.#delete(scope, of, id, asked)
    } catch (error) {
      // To an identity provider that is as good as done, and it may be the repetition of a deletion
      // whose barrier was never reached.
      if (error instanceof ScimError && error.status === 404) await inForce(scope, undefined)
      throw error
    }
  }

  async #delete(scope: ScimDirectory, of: Collection, id: string, asked: Asked): Promise<Answer> {
    const { directory, store, clock } = scope
    // Read for its name, and for whether it was active: nobody can look that up afterwards.
    const stored = await readStored(scope, of, id, false)
    const ifMatch = requiredRevision(asked, stored)
    const change = { op: 'delete', of, directory, id, at: now(clock) } as const
    const wishes = ifMatch === undefined ? {} : { ifMatch }
    const { at } = standing(await write(store, change, wishes))
    const landed = await inForce(scope, at)
    const about = {
      ...aboutOf(of, id, stored.document),
      changes: changesOf(change, stored.document),
    }
    return { kind: 'empty', notes: [], ...landed, about }
  }

  /**
   * Read, apply, commit, until nobody came in between. The writers of one user go in line, so that
   * none is overtaken within this process for ever; members of groups are added and removed
   * without that, and only who has been overtaken waits in line.
   */
  async #write(
    scope: ScimDirectory,
    target: Target,
    asked: Asked,
    apply: Apply,
  ): Promise<LandedOn> {
    const { of, id } = target
    if (of === 'groups') {
      const first = await writeOnce(scope, target, asked, apply)
      if (first !== 'version') return await landOn(scope, first)
    }
    const written = await this.#queue.run(`${scope.directory} ${of} ${id}`, async () => {
      for (let attempt = 1; attempt <= writeAttemptsMax; attempt += 1) {
        const again = await writeOnce(scope, target, asked, apply)
        if (again !== 'version') return again
      }
      const detail = 'others keep changing this resource: repeat the request, it is safe to'
      throw new ScimError(503, detail, { retryAfterS: 1 })
    })
    return await landOn(scope, written)
  }
}

/** A write that was made, and what it was about. */
type WrittenOn = Written & { readonly about: About }
interface LandedOn {
  readonly landed: Landed & { readonly about: About }
  /** What is stored, with as many references as a commit shows; undefined: nobody was asked. */
  readonly shown: Stored | undefined
}

interface Target {
  readonly of: Collection
  readonly id: string
  /** Whether the members have to be read first. */
  readonly byMembers: boolean
  /** What the commit shows of it. */
  readonly references: boolean | number
}
type Apply = (stored: Stored) => Pick<UpdateParts, 'document' | 'members'>
type UpdateParts = Extract<ResourceChange, { op: 'update' }> & { readonly id: Uuid }

/**
 * A write that leaves the document alone needs no look at the revision, since edits of members
 * commute; unless it chose the members by what was read about them (`byMembers`).
 */
async function writeOnce(
  scope: ScimDirectory,
  target: Target,
  asked: Asked,
  apply: Apply,
): Promise<WrittenOn | 'version'> {
  const { of, id, byMembers, references } = target
  const stored = await readStored(scope, of, id, byMembers)
  try {
    const required = requiredRevision(asked, stored)
    return await writeOver(scope, stored, { byMembers, references, required, apply })
  } catch (error) {
    // Whose request failed is the first thing that an administrator asks.
    if (error instanceof ScimError) error.resourceName = nameOf(of, stored.document)
    throw error
  }
}

interface Overwrite extends Pick<Target, 'byMembers' | 'references'> {
  /** The revision that it may replace; undefined where the client does not care. */
  readonly required: Revision | undefined
  readonly apply: Apply
}

async function writeOver(
  scope: ScimDirectory,
  stored: Stored,
  { byMembers, references, required, apply }: Overwrite,
): Promise<WrittenOn | 'version'> {
  const { of, id } = stored
  const { document, members } = apply(stored)
  const change: UpdateParts = {
    op: 'update',
    of,
    directory: scope.directory,
    id,
    at: now(scope.clock),
    ...(!sameValue(document, stored.document) && { document: document! }),
    ...(members && { members }),
  }
  const about = aboutOf(of, id, change.document ?? stored.document)
  const nothing = { at: undefined, stored: undefined, about: { ...about, changes: noChange } }
  if (change.document === undefined && members === undefined) return nothing
  const commutes = change.document === undefined && !byMembers
  const ifMatch = required ?? (commutes ? undefined : stored.revision)
  const wishes = { references, ...(ifMatch !== undefined && { ifMatch }) }
  const written = await write(scope.store, change, wishes)
  if (written === 'version' && required !== undefined) throw movedOn()
  if (written === 'version') return written
  // A member who was added again: the store knows, we do not.
  if (written.at === undefined) return { ...nothing, stored: written.stored }
  return { ...written, about: { ...about, changes: changesOf(change, stored.document) } }
}

async function landOn(scope: ScimDirectory, { at, stored, about }: WrittenOn): Promise<LandedOn> {
  return { landed: { ...(await inForce(scope, at)), about }, shown: stored }
}

/** For whom there is nothing to read again. */
function standing(written: Written | 'version'): Written {
  if (written === 'version') throw movedOn()
  return written
}

function referencesOf({ references }: Projection): boolean | number {
  return references && committedReferencesMax
}

/** As many as a commit shows, so there may be more. */
function isLarge({ references = [] }: Stored): boolean {
  return references.length >= committedReferencesMax
}

/** The resource as the answer shows it: from the commit, unless that did not show all. */
async function readShown(
  scope: ScimDirectory,
  { of, id }: Pick<Target, 'of' | 'id'>,
  projection: Projection,
  shown: Stored | undefined,
): Promise<Stored> {
  if (shown !== undefined && !isLarge(shown)) return shown
  return await readStored(scope, of, id, projection.references)
}

function now(clock: Clock): string {
  return toDateTime(clock.wallMs())
}
