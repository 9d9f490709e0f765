import { expect, test } from 'vitest'
import type { DirectoryId, Stored } from '../../src/directory/directory.ts'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { search } from '../../src/scim/search.ts'
import { systemClock } from '../../src/std/clock.ts'
import type { Store } from '../../src/store/store.ts'

test('a search through everybody lets others go on in between', async () => {
  const everybody = ['a', 'b', 'c', 'd'].map((userName, ordinal) => ({
    of: 'users',
    ordinal,
    document: { userName },
  }))
  const store = {
    async *scan() {
      yield everybody as unknown as readonly Stored[]
    },
    find: async () => ({ total: 0, resources: [], hasMore: false, isCut: false }),
  } as unknown as Store
  // Each look at the clock is a long while after the one before.
  let nowMs = 0
  const clock = {
    ...systemClock,
    monotonicMs: () => {
      nowMs += 100
      return nowMs
    },
  }
  let turns = 0
  const other = () => {
    turns += 1
    pending = setImmediate(other)
  }
  let pending = setImmediate(other)

  const registry = createSchemaRegistry()
  const types = [{ of: 'users', references: false }] as const
  const scope = { store, registry, clock, types, baseUrl: '' }
  const directory = 'entra' as DirectoryId
  const { total } = await search({ filter: 'title pr or active pr' }, { ...scope, directory })
  clearImmediate(pending)

  expect(total).toBe(0)
  expect(turns).toBeGreaterThanOrEqual(everybody.length - 1)
})
