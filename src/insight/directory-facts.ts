import type { Clock } from '../std/clock.ts'
import type { Store } from '../store/store.ts'
import type { DirectoryFacts } from './insight.ts'
import { type SurveyScope, surveyGroups, surveyUsers } from './survey.ts'

export interface FactsScope extends SurveyScope {
  readonly scimSync: boolean
  readonly newestToken?: string
  readonly since?: string
}

/** Everything that a diagnosis looks at. Rejects with StoreUnavailable. */
export async function gatherFacts(
  store: Store,
  clock: Clock,
  scope: FactsScope,
): Promise<DirectoryFacts> {
  const { directory, domains, scimSync, newestToken, since } = scope
  const counts = await store.counts(directory)
  return {
    ...{ directory, domains, scimSync, counts },
    ...(newestToken !== undefined && { newestToken }),
    ...(since !== undefined && { since }),
    nowMs: clock.wallMs(),
    entries: (await store.notes.list(directory, { reads: true })).toReversed(),
    tally: await store.notes.tally(directory),
    users: await surveyUsers(store, scope),
    groups: await surveyGroups(store, directory, counts),
  }
}
