import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportDirectory } from '../../src/app/directory-export.ts'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { systemClock } from '../../src/std/clock.ts'
import { openRedisStore } from '../../src/store/redis-store/redis-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { RedisServer } from './redis-server.ts'
import { acme, entra, okta, temporarySqliteStore } from './store-fixture.ts'

/** Directories that are exported and imported, on either engine. */

export const registry = createSchemaRegistry()
export const quiet = { progress: () => undefined }

export type Engine = 'SQLite' | 'Redis'

/** An empty store, which goes on dispose. */
export async function emptyStore(
  engine: Engine,
  redis: RedisServer | undefined,
): Promise<AsyncDisposable & { readonly store: Store }> {
  if (engine === 'SQLite') return await temporarySqliteStore()
  if (redis === undefined) throw new Error('no Redis was started')
  const store = await openRedisStore(redis.settings(), systemClock, { mayWrite: true })
  await store.enroll([
    { tenant: acme, directory: entra },
    { tenant: acme, directory: okta },
  ])
  return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() }
}

export async function exported(store: Store, withTokens = false): Promise<string> {
  let lines: string[] = []
  const parts = { store, begin: () => (lines = []), write: (line: string) => lines.push(line) }
  await exportDirectory({ ...parts, ...quiet }, entra, withTokens)
  return lines.join('')
}

export function fileWith(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'sallyport-export-')), 'entra.jsonl')
  writeFileSync(file, text)
  return file
}

/** Everything but revisions, which are of the log. */
export async function contents(store: Store) {
  const all = []
  for (const collection of ['users', 'groups'] as const) {
    for await (const slice of store.scan(collection, entra, 100, { references: true })) {
      for (const { revision: _, ordinal: __, references = [], ...rest } of slice) {
        all.push({ ...rest, references: references.map(({ value }) => value).toSorted() })
      }
    }
  }
  return all.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}
