import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CreateResource, DeleteResource, UpdateResource } from '../../src/directory/change.ts'
import {
  type AttributeValue,
  type Collection,
  type DirectoryId,
  type Document,
  emptyComplex,
  type Stored,
  type TenantId,
} from '../../src/directory/directory.ts'
import type { MembersEdit } from '../../src/directory/membership.ts'
import { type Clock, systemClock } from '../../src/std/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite-store/sqlite-store.ts'
import type { CommitOptions, Committed, Store } from '../../src/store/store.ts'

// Each store starts two threads: with compiled code on disk that takes a third of the time.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'sallyport-compile-cache')

/** Stores on temporary files and small Changes, for the tests of every room. */

export const acme = 'acme' as TenantId
/** Enrolled in every temporary store, both of tenant acme. */
export const entra = 'entra' as DirectoryId
export const okta = 'okta' as DirectoryId
export const at = '2026-01-02T03:04:05.000Z'

export interface TemporaryStore extends AsyncDisposable {
  readonly store: Store
  readonly path: string
}

/** A fresh store in a folder of its own, both gone on dispose; or at a path, which stays. */
export async function temporarySqliteStore(
  clock: Clock = systemClock,
  at?: string,
): Promise<TemporaryStore> {
  const { path, [Symbol.asyncDispose]: remove } = at ? staying(at) : await temporaryPath()
  const store = await openSqliteStore(path, clock)
  await store.enroll([
    { tenant: acme, directory: entra },
    { tenant: acme, directory: okta },
  ])
  const dispose = async () => {
    await store[Symbol.asyncDispose]()
    await remove()
  }
  return { store, path, [Symbol.asyncDispose]: dispose }
}

function staying(path: string) {
  return { path, [Symbol.asyncDispose]: async () => undefined }
}

/** A path for a store in a fresh folder. */
export async function temporaryPath() {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-store-'))
  const dispose = () => rm(folder, { recursive: true, force: true })
  return { folder, path: join(folder, 'sallyport.db'), [Symbol.asyncDispose]: dispose }
}

export type Attributes = Readonly<Record<string, AttributeValue>>

/** A create of a user who may sign in. */
export function user(userName: string, more: Attributes = {}, id = randomUUID() as string) {
  return creating('users', id, document({ userName, active: true, ...more }))
}

export function group(displayName: string, members: readonly string[] = [], more: Attributes = {}) {
  return { ...creating('groups', randomUUID(), document({ displayName, ...more })), members }
}

function creating(of: Collection, id: string, body: Document): CreateResource {
  return { op: 'create', of, directory: entra, id, at, document: body }
}

/** The whole new document of a user. */
export function rewrite(of: Collection, id: string, attributes: Attributes): UpdateResource {
  return { op: 'update', of, directory: entra, id, at: later, document: document(attributes) }
}

export function editMembers(id: string, edit: MembersEdit): UpdateResource {
  return { op: 'update', of: 'groups', directory: entra, id, at: later, members: edit }
}
export function addMembers(id: string, ...add: string[]): UpdateResource {
  return editMembers(id, { kind: 'edit', add, remove: [] })
}
export function removeMembers(id: string, ...remove: string[]): UpdateResource {
  return editMembers(id, { kind: 'edit', add: [], remove })
}
export function replaceMembers(id: string, ...members: string[]): UpdateResource {
  return editMembers(id, { kind: 'replace', members })
}

export function remove(of: Collection, id: string): DeleteResource {
  return { op: 'delete', of, directory: entra, id, at: later }
}

export const later = '2026-02-03T04:05:06.000Z'

export function document(attributes: Attributes): Document {
  return Object.assign(emptyComplex(), attributes)
}

export function fresh(): CommitOptions {
  return { opId: randomUUID() }
}

/**
 * Commits, and fails the test unless it was written. As clients do, it asks again where a machine
 * with other work did not answer in time.
 */
export async function committed(store: Store, change: Parameters<Store['commit']>[0]) {
  const operation = fresh()
  let answer = await store.commit(change, operation)
  for (let again = 0; again < 3 && answer.kind === 'unavailable'; again += 1) {
    answer = await store.commit(change, operation)
  }
  if (answer.kind !== 'ok') throw new Error(`not committed: ${describe(answer)}`)
  return answer
}

/** As `committed`, for what leaves a resource behind. */
export async function storedBy(
  store: Store,
  change: CreateResource | UpdateResource,
): Promise<Stored> {
  const { stored } = await committed(store, change)
  if (stored === undefined) throw new Error('nothing is stored')
  return stored
}

function describe(answer: Committed): string {
  return answer.kind === 'unavailable' ? answer.cause.message : JSON.stringify(answer)
}
