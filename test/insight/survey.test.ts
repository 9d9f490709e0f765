import { expect, test } from 'vitest'
import type { Stored } from '../../src/directory/directory.ts'
import { emptyTally } from '../../src/directory/sync-entry.ts'
import { diagnose } from '../../src/insight/mapping-diagnosis.ts'
import { surveyUsers, usersSurveyedMax } from '../../src/insight/survey.ts'
import type { DirectoryCounts, Store } from '../../src/store/store.ts'
import { at, document, entra } from '../support/store-fixture.ts'

const scope = { directory: entra, domains: ['acme.example'], isFound: () => true }

test('a large directory is looked at in part, and the finding says so', async () => {
  let slices = 0
  const store = {
    async *scan(_of: string, _directory: string, max: number) {
      for (;;) {
        slices += 1
        yield Array.from({ length: max }, () => stored({ userName: 'x@acme.example' }))
      }
    },
  } as unknown as Store

  const users = await surveyUsers(store, scope)

  expect(users.looked).toBe(usersSurveyedMax)
  expect(slices).toBeLessThan(usersSurveyedMax)
  const counts = { users: 1_000_000, activeUsers: 9, groups: 1, memberships: 1, pendingMembers: 0 }
  const { findings } = diagnose({
    ...{ ...scope, scimSync: true, nowMs: Date.parse(at), entries: [], tally: emptyTally, users },
    counts: { ...counts, lastRevision: 1 } satisfies DirectoryCounts,
    groups: { looked: 0, pending: [] },
  })
  expect(findings.map(({ effect }) => effect)).toEqual([
    expect.stringContaining('20000 of the 20000 users looked at (of 1000000) have no externalId'),
  ])
})

test('an externalId counts as it is written: letter case makes another one', async () => {
  const users = [
    ['ann', 'A1'],
    ['bob', 'a1'],
    ['carl', 'A1'],
  ] as const
  const store = {
    async *scan() {
      yield users.map(([name, externalId]) => stored({ userName: name, externalId }))
    },
  } as unknown as Store

  const { sharingExternalId, examples } = await surveyUsers(store, scope)

  expect([sharingExternalId, examples.sharingExternalId]).toEqual([2, ['ann', 'carl']])
})

function stored(attributes: Parameters<typeof document>[0]): Stored {
  return { created: at, document: document(attributes) } as unknown as Stored
}
