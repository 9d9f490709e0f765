import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { CreateResource, TokenRecord } from '../directory/change.ts'
import type { Collection, DirectoryId, Document } from '../directory/directory.ts'
import { sameValue } from '../directory/same-value.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { readExported } from '../scim/exported.ts'
import type { Committed, Store } from '../store/store.ts'
import { type ExportedResource, exportFormat, exportSchema } from './directory-export.ts'

/** The file, or the directory, is not what an import can begin with. Nothing was written. */
export class ImportRefused extends Error {
  override readonly name = 'ImportRefused'
  readonly code = 'IMPORT_REFUSED'

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
  }
}

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
 * has written, which then goes on.
 *
 * Groups first, with members that nobody has yet; each user then gets its groups in the very
 * commit that makes it. So there is no state in which somebody exists with a part of its groups,
 * and nobody is allowed whom the whole would block.
 *
 * @throws {ImportRefused} {@link StoreUnavailable} when the store went away: repeat it
 */
export async function importDirectory(
  { store, registry, progress }: ImportParts,
  directory: DirectoryId,
  file: string,
): Promise<Imported> {
  const read = readExport(file, directory, registry)
  const present = await alreadyThere(store, directory, read)
  const changes = [...read.groups, ...read.users].filter(({ id }) => !present.has(id))
  const all = read.groups.length + read.users.length
  for (let first = 0; first < changes.length; first += batch) {
    const some = changes.slice(first, first + batch)
    const results = await Promise.all(some.map((change) => committed(store, change)))
    for (const [at, result] of results.entries()) mustStand(result, some[at]!)
    progress(present.size + first + some.length, all)
  }
  let tokens = 0
  for (const token of read.tokens) {
    const result = await store.commit({ op: 'token-create', token }, { opId: randomUUID() })
    if (result.kind === 'unavailable') throw result.cause
    if (result.kind === 'ok' || result.kind === 'exists') tokens++
  }
  const last = await store.position()
  await store.barrier(last)
  const { users, groups } = read
  return { users: users.length, groups: groups.length, tokens, present: present.size }
}
/** As many as the SQLite writer puts into one transaction. */
const batch = 64

async function committed(store: Store, change: CreateResource): Promise<Committed> {
  const by = { opId: randomUUID() }
  const first = await store.commit(change, by)
  return first.kind === 'unavailable' ? await store.commit(change, by) : first
}

function mustStand(result: Committed, { of, id }: CreateResource): void {
  if (result.kind === 'ok') return
  if (result.kind === 'unavailable') throw result.cause
  throw new ImportRefused([`${of} ${id}: ${result.kind}: somebody else writes to the directory`])
}

interface ReadExport {
  readonly groups: readonly CreateResource[]
  readonly users: readonly CreateResource[]
  readonly tokens: readonly TokenRecord[]
}

function readExport(file: string, directory: DirectoryId, registry: SchemaRegistry): ReadExport {
  const lines = readText(file).split('\n')
  if (lines.pop() !== '') throw new ImportRefused(['the file ends within a line: it was cut off'])
  const foot = parse(lines.pop() ?? '', lines.length + 1)
  const hash = createHash('sha256')
  for (const line of lines) hash.update(`${line}\n`)
  if (foot.sha256 !== hash.digest('hex')) {
    throw new ImportRefused(['the checksum in its last line is not that of the file'])
  }
  const head = parse(lines[0] ?? '', 1)
  if (head.format !== exportFormat || head.schema !== exportSchema) {
    const wanted = `${exportFormat}, schema ${exportSchema}`
    throw new ImportRefused([`line 1: expected ${wanted}, found ${head.format}, ${head.schema}`])
  }
  const found = {
    groups: [] as CreateResource[],
    users: [] as CreateResource[],
    tokens: [] as TokenRecord[],
  }
  const faults: string[] = []
  const ids = new Set<string>()
  for (const [index, text] of lines.entries()) {
    if (index === 0) continue
    const line = parse(text, index + 1)
    const of: Collection | undefined = line.group ? 'groups' : line.user ? 'users' : undefined
    if (of === undefined) {
      if (line.token) found.tokens.push({ ...(line.token as TokenRecord), directory })
      else faults.push(`line ${index + 1}: holds none of group, user, token`)
      continue
    }
    const change = toChange(of, (line.group ?? line.user) as ExportedResource, directory, registry)
    if ('fault' in change) faults.push(`line ${index + 1}: ${change.fault}`)
    else if (ids.has(change.id)) faults.push(`line ${index + 1}: ${change.id} stands twice`)
    else found[of].push(change)
    if (!('fault' in change)) ids.add(change.id)
    if (faults.length >= faultsMax) break
  }
  if (faults.length > 0) throw new ImportRefused(faults)
  return found
}
const faultsMax = 20

function toChange(
  of: Collection,
  sent: ExportedResource & { readonly members?: readonly string[] },
  directory: DirectoryId,
  registry: SchemaRegistry,
): CreateResource | { readonly fault: string } {
  const read = readExported(of, sent, registry)
  if ('fault' in read) return read
  const { id, created, last_modified: at } = sent
  const change = { op: 'create', of, directory, id, created, at, document: read.document } as const
  return of === 'groups' ? { ...change, members: sent.members ?? [] } : change
}

/** Ids that are there as the file has them. @throws {ImportRefused} if there is anything else. */
async function alreadyThere(
  store: Store,
  directory: DirectoryId,
  { groups, users }: ReadExport,
): Promise<ReadonlySet<string>> {
  const wanted = new Map([...groups, ...users].map((change) => [change.id, change.document]))
  const present = new Set<string>()
  for (const collection of ['groups', 'users'] as const) {
    for await (const slice of store.scan(collection, directory, 500)) {
      for (const { id, document } of slice) {
        if (!isSame(wanted.get(id), document)) {
          const found = `${collection === 'users' ? 'user' : 'group'} ${id}`
          throw new ImportRefused([`\`${directory}\` is not empty: ${found} is not of this file`])
        }
        present.add(id)
      }
    }
  }
  return present
}

function isSame(wanted: Document | undefined, found: Document): boolean {
  return wanted !== undefined && sameValue(wanted, found)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new ImportRefused([`\`${file}\` cannot be read (${code})`])
  }
}

function parse(text: string, line: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw new ImportRefused([`line ${line}: is no JSON object`])
}
