import { createHash } from 'node:crypto'
import type { TokenRecord } from '../directory/change.ts'
import type { DirectoryId, Stored } from '../directory/directory.ts'
import { judge } from '../feed/chain.ts'
import { type Position, toToken } from '../store/position.ts'
import type { Store } from '../store/store.ts'

/**
 * A directory as lines of JSON: a head, groups, users, tokens where they are wanted, and a foot
 * with the checksum of everything above. Ids and instants are those of the store, so that an
 * identity provider finds the same resources wherever it is imported.
 *
 * Groups come first: imported in this order, each user has all of its groups from the moment it
 * exists, and whoever does not exist yet is blocked.
 */
export const exportFormat = 'sallyport-export'
export const exportSchema = 1
/** How every export begins. */
export const exportStart = `{"format":"${exportFormat}"`

export type ExportLine =
  | {
      readonly format: typeof exportFormat
      readonly schema: typeof exportSchema
      readonly directory: string
      /** Where the log stood, as the answers of the server tell it. */
      readonly revision: string
      readonly users: number
      readonly groups: number
    }
  | { readonly group: ExportedResource & { readonly members: readonly string[] } }
  | { readonly user: ExportedResource }
  | { readonly token: TokenRecord }
  | { readonly sha256: string }

export interface ExportedResource {
  readonly id: string
  readonly created: string
  readonly last_modified: string
  readonly document: unknown
}

/** The directory is written to all the time. Pause provisioning (`scimSync: off`) and repeat. */
export class ExportUnsettled extends Error {
  override readonly name = 'ExportUnsettled'
  readonly code = 'EXPORT_UNSETTLED'

  constructor(directory: string) {
    super(
      `\`${directory}\` changed during ${attemptsMax} exports: set \`scimSync: off\` and repeat`,
    )
  }
}

/** There is nothing to export. No file was begun, so none that is there was replaced. */
export class ExportRefused extends Error {
  override readonly name = 'ExportRefused'
  readonly code = 'EXPORT_REFUSED'

  constructor(directory: string) {
    super(`\`${directory}\` was never written to: is \`store:\` the one that was meant?`)
  }
}

export interface ExportParts {
  readonly store: Store
  /** Starts the output anew. */
  readonly begin: () => void
  readonly write: (line: string) => void
  readonly progress: (resources: number, of: number) => void
}

/**
 * Writes a state that the directory was in at one revision: if it changed meanwhile, all is written
 * again. @throws {ExportUnsettled} {@link ExportRefused} before `begin`
 */
export async function exportDirectory(
  parts: ExportParts,
  directory: DirectoryId,
  withTokens: boolean,
): Promise<{ readonly users: number; readonly groups: number }> {
  const { store, begin } = parts
  const { lastRevision } = await store.counts(directory)
  if (lastRevision === 0) throw new ExportRefused(directory)
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    begin()
    const at = await store.position()
    const written = await writeOnce(parts, directory, at, withTokens)
    if (!(await hasChanged(store, directory, at))) return written
  }
  throw new ExportUnsettled(directory)
}
const attemptsMax = 5

async function writeOnce(
  { store, write, progress }: ExportParts,
  directory: DirectoryId,
  at: Position,
  withTokens: boolean,
) {
  const hash = createHash('sha256')
  const put = (line: ExportLine) => {
    const text = `${JSON.stringify(line)}\n`
    if (!('sha256' in line)) hash.update(text)
    write(text)
  }
  const { users, groups } = await store.counts(directory)
  const head = { format: exportFormat, schema: exportSchema } as const
  put({ ...head, directory, revision: toToken(at), users, groups })
  let done = 0
  for await (const slice of store.scan('groups', directory, sliceMax, { references: true })) {
    for (const stored of slice) {
      const members = (stored.references ?? []).map(({ value }) => value)
      put({ group: { ...resource(stored), members } })
    }
    done += slice.length
    progress(done, users + groups)
  }
  for await (const slice of store.scan('users', directory, sliceMax)) {
    for (const stored of slice) put({ user: resource(stored) })
    done += slice.length
    progress(done, users + groups)
  }
  if (withTokens) {
    const tokens = await store.credentials.list(directory)
    for (const token of tokens.toReversed()) put({ token })
  }
  put({ sha256: hash.digest('hex') })
  return { users, groups }
}
const sliceMax = 200

function resource({ id, created, lastModified, document }: Stored): ExportedResource {
  return { id, created, last_modified: lastModified, document }
}

/** Whether anything was written to the directory since; what is not in the log any more was. */
async function hasChanged(store: Store, directory: DirectoryId, since: Position): Promise<boolean> {
  for (let at = since; ; ) {
    const slice = await store.readLog(at, 1_000, 0)
    const judged = judge(slice, at)
    const touched = slice.entries.some(
      ({ effect }) => 'directory' in effect && effect.directory === directory,
    )
    if (touched || judged.kind === 'broken') return true
    if (slice.entries.length === 0) return false
    at = judged.at
  }
}
