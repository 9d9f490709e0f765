import { readFile } from 'node:fs/promises'
import { importResources } from '../scim/seed.ts'
import { type Fault, printFaults } from '../std/fault.ts'
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

/** Fills each directory that has a seed and never had a write. */
export async function seedDirectories(parts: Omit<IngestParts, 'config'>): Promise<void> {
  for (const { id, seed } of parts.tenancy.directories) {
    if (seed === undefined) continue
    const { lastRevision } = await parts.store.counts(id)
    if (lastRevision > 0) continue
    const { store, registries, clock } = parts
    const registry = registries.ofDirectory(id)
    const imported = await importResources({ store, registry, clock }, id, await readSeed(seed))
    switch (imported.kind) {
      case 'imported': {
        const { users, groups } = imported
        parts.observer.seeded({ directory: id, users, groups })
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

async function readSeed(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw new SeedFileError(file, [error instanceof Error ? error.message : String(error)])
  }
}
