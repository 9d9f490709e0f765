import { readFile } from 'node:fs/promises'
import type { DirectoryId } from '../directory/directory.ts'
import { importResources } from '../scim/seed.ts'
import { type Fault, printFaults } from '../std/fault.ts'
import { StoreUnavailable } from '../store/errors.ts'
import { exportStart } from './directory-export.ts'
import type { IngestParts } from './ingest-app.ts'

/** A seed file cannot be used. Nothing was written; mend the file. */
export class SeedFileError extends Error {
  override readonly name = 'SeedFileError'
  readonly code = 'SEED_INVALID'

  constructor(file: string, messages: readonly string[]) {
    const faults = messages.map((message): Fault => ({ file, line: 0, column: 0, message }))
    super(printFaults(faults))
  }
}

/** Fills directories that have a seed and never had a write, once the store can be asked. */
export class Seeds {
  readonly #parts: SeedParts
  #isSown = false

  constructor(parts: SeedParts) {
    this.#parts = parts
  }

  /** @throws {SeedFileError} A store that is away is no error: `keepTrying` goes on. */
  async sow(): Promise<void> {
    try {
      for (const { id, seed } of this.#parts.tenancy.directories) {
        if (seed !== undefined) await this.#sowOne(id, seed)
      }
      this.#isSown = true
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
    }
  }

  async keepTrying(signal: AbortSignal): Promise<void> {
    const { clock, observer } = this.#parts
    while (!this.#isSown && !signal.aborted) {
      await clock.sleep(retryMs, signal)
      if (signal.aborted) return
      await this.sow().catch((error: unknown) => {
        observer.internalError({ room: 'app', error })
        this.#isSown = true
      })
    }
  }

  async #sowOne(id: DirectoryId, seed: string): Promise<void> {
    const { store, registries, clock, observer } = this.#parts
    const { lastRevision } = await store.counts(id)
    if (lastRevision > 0) return
    const registry = registries.ofDirectory(id)
    const imported = await importResources({ store, registry, clock }, id, await readSeed(seed))
    switch (imported.kind) {
      case 'imported': {
        const { users, groups } = imported
        observer.seeded({ directory: id, users, groups })
        break
      }
      case 'faults':
        throw new SeedFileError(seed, imported.faults)
      case 'notEmpty':
        // Another process was first, and the file must not take the place of what came since.
        break
      case 'unknownDirectory':
        throw new SeedFileError(seed, [`directory \`${id}\` is not known to the store`])
      case 'unavailable':
        throw imported.cause
    }
  }
}

type SeedParts = Omit<IngestParts, 'config'>
const retryMs = 1_000

async function readSeed(file: string): Promise<unknown> {
  try {
    const text = await readFile(file, 'utf8')
    if (!text.startsWith(exportStart)) return JSON.parse(text)
  } catch (error) {
    throw new SeedFileError(file, [error instanceof Error ? error.message : String(error)])
  }
  // Every start reads a seed, and it is written by hand; an export carries ids, tokens, a past.
  const fault = 'is an export: `sallyport directory import FILE --directory ID` takes it'
  throw new SeedFileError(file, [fault])
}
