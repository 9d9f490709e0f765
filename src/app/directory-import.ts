import { randomUUID } from 'node:crypto'
import type { ResourceChange, TokenRecord } from '../directory/change.ts'
import { closedOrder } from '../directory/closed-order.ts'
import type { DirectoryId, Stored } from '../directory/directory.ts'
import { sameValue } from '../directory/same-value.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import type { Committed, Store } from '../store/store.ts'
import { ImportRefused, type ReadExport, readExport } from './read-export.ts'

export interface ImportParts {
  readonly store: Store
  readonly registry: SchemaRegistry
  readonly progress: (resources: number, of: number) => void
}

export interface Imported {
  readonly users: number
  readonly groups: number
  readonly tokens: number
  /** Those that an import that was cut off had written before. */
  readonly present: number
}

/**
 * Fills a directory from an export. Checksum and every line are checked before the first write; the
 * directory has to be empty, or to hold nothing but what an import of this file that was cut off
 * has written, which then goes on. {@link closedOrder} tells why nobody is allowed meanwhile whom
 * the whole would block.
 *
 * @throws {ImportRefused} {@link StoreUnavailable} when the store went away: repeat it
 */
export async function importDirectory(
  { store, registry, progress }: ImportParts,
  directory: DirectoryId,
  file: string,
): Promise<Imported> {
  const read = readExport(file, directory, registry)
  const stages = closedOrder(read.groups, read.users)
  const present = await alreadyThere(store, directory, read, stages)
  const tokens = await missingTokens(store, directory, read.tokens)
  const all = read.groups.length + read.users.length
  let made = present.size
  for (const stage of stages) {
    const changes = stage.filter(({ op, id }) => op === 'update' || !present.has(id))
    for (let first = 0; first < changes.length; first += batch) {
      const some = changes.slice(first, first + batch)
      const results = await Promise.all(some.map((change) => committed(store, change)))
      for (const [at, result] of results.entries()) mustStand(result, some[at]!)
      made += some.filter(({ op }) => op === 'create').length
      progress(made, all)
    }
  }
  for (const token of tokens) {
    const result = await store.commit({ op: 'token-create', token }, { opId: randomUUID() })
    if (result.kind === 'unavailable') throw result.cause
    if (result.kind !== 'ok') throw new ImportRefused([`token ${token.id}: ${result.kind}`])
  }
  const last = await store.position()
  await store.barrier(last)
  const { users, groups } = read
  return {
    ...{ users: users.length, groups: groups.length, tokens: read.tokens.length },
    present: present.size,
  }
}
/** As many as the SQLite writer puts into one transaction. */
const batch = 64

async function committed(store: Store, change: ResourceChange): Promise<Committed> {
  const by = { opId: randomUUID() }
  const first = await store.commit(change, by)
  return first.kind === 'unavailable' ? await store.commit(change, by) : first
}

function mustStand(result: Committed, { op, of, id }: ResourceChange): void {
  if (result.kind === 'ok' || (op === 'update' && result.kind === 'noop')) return
  if (result.kind === 'unavailable') throw result.cause
  throw new ImportRefused([`${of} ${id}: ${result.kind}: somebody else writes to the directory`])
}

/**
 * Ids that are there as the file has them, or as they arrive from it. @throws {ImportRefused} if
 * there is anything else.
 */
async function alreadyThere(
  store: Store,
  directory: DirectoryId,
  { groups, users }: ReadExport,
  stages: readonly (readonly ResourceChange[])[],
): Promise<ReadonlySet<string>> {
  const whole = new Map<string, ResourceChange>()
  const arriving = new Map<string, ResourceChange>()
  for (const change of [...groups, ...users]) whole.set(change.id, change)
  for (const change of stages.flat()) if (change.op === 'create') arriving.set(change.id, change)
  const present = new Set<string>()
  for (const collection of ['groups', 'users'] as const) {
    const references = collection === 'groups'
    for await (const slice of store.scan(collection, directory, 500, { references })) {
      for (const stored of slice) {
        const { id } = stored
        if (!isSame(whole.get(id), stored) && !isSame(arriving.get(id), stored)) {
          const found = `${collection === 'users' ? 'user' : 'group'} ${id}`
          const fault = whole.has(id) ? 'is another than in this file' : 'is not of this file'
          throw new ImportRefused([`\`${directory}\` is not empty: ${found} ${fault}`])
        }
        present.add(id)
      }
    }
  }
  return present
}

function isSame(wanted: ResourceChange | undefined, found: Stored): boolean {
  if (wanted?.op !== 'create' || wanted.of !== found.of) return false
  const { document, created, at, members = [] } = wanted
  if (created !== found.created || at !== found.lastModified) return false
  const has = new Set((found.references ?? []).map(({ value }) => value))
  const sent = new Set(members)
  return has.isSubsetOf(sent) && sent.isSubsetOf(has) && sameValue(document, found.document)
}

/** Those to be made yet. @throws {ImportRefused} if an id stands for another token here. */
async function missingTokens(
  store: Store,
  directory: DirectoryId,
  tokens: readonly TokenRecord[],
): Promise<readonly TokenRecord[]> {
  const missing: TokenRecord[] = []
  for (const token of tokens) {
    const found = await store.credentials.find(token.id)
    if (found === undefined) missing.push(token)
    else if (found.directory !== directory || found.digest !== token.digest) {
      throw new ImportRefused([`token ${token.id}: is one of \`${found.directory}\` already`])
    }
  }
  return missing
}
