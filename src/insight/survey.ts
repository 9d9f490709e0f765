import type { DirectoryId, Stored } from '../directory/directory.ts'
import { fold } from '../directory/identity.ts'
import type { DirectoryCounts, Store } from '../store/store.ts'

/** What the users of a directory are like, as far as they were looked at. */
export interface UserSurvey {
  readonly looked: number
  /** When the first of them was made. */
  readonly oldest?: string
  readonly withoutExternalId: number
  /** Users who have an externalId that another one has too. */
  readonly sharingExternalId: number
  /** Users whose externalId is no GUID. */
  readonly withOtherExternalId: number
  /** Users whose domain is none of the directory's, by domain, the most frequent first. */
  readonly foreignDomains: readonly (readonly [domain: string, users: number])[]
  /** Of those, users whom nobody finds who does not name the directory. */
  readonly unfindable: number
  /** Names of some of the users of each kind. */
  readonly examples: Readonly<Record<ExampleKind, readonly string[]>>
}
type ExampleKind = 'withoutExternalId' | 'sharingExternalId' | 'withOtherExternalId'

/** Which groups name members that were never received. */
export interface GroupSurvey {
  readonly looked: number
  /** The largest first. */
  readonly pending: readonly (readonly [name: string, members: number])[]
}

export interface SurveyScope {
  readonly directory: DirectoryId
  readonly domains: readonly string[]
  /** Whether a decision that names no directory would look for this user here. */
  readonly isFound: (userName: string) => boolean
}

/** Users looked at: a few seconds of reading at the most, and enough to see a wrong mapping by. */
export const usersSurveyedMax = 20_000
/** Groups looked at, and only where members are missing: each is read with all its members. */
export const groupsSurveyedMax = 1_000

export async function surveyUsers(store: Store, scope: SurveyScope): Promise<UserSurvey> {
  const survey = new UserTally(scope)
  for await (const slice of store.scan('users', scope.directory, sliceMax)) {
    for (const user of slice) {
      if (survey.looked === usersSurveyedMax) return survey.result()
      survey.add(user)
    }
  }
  return survey.result()
}

/** A slice is made into objects in one go on the calling thread. */
const sliceMax = 200

class UserTally {
  looked = 0
  readonly #scope: SurveyScope
  #oldest: string | undefined
  #without = 0
  #other = 0
  #unfindable = 0
  /** By externalId: how many have it, and the names of the first two. */
  readonly #owners = new Map<string, { readonly names: string[]; count: number }>()
  readonly #domains = new Map<string, number>()
  readonly #examples: Record<ExampleKind, string[]> = {
    withoutExternalId: [],
    sharingExternalId: [],
    withOtherExternalId: [],
  }

  constructor(scope: SurveyScope) {
    this.#scope = scope
  }

  add({ document, created }: Stored): void {
    this.looked += 1
    // In ordinal order: whoever is left of the first ones.
    this.#oldest ??= created
    const name = typeof document.userName === 'string' ? document.userName : ''
    this.#addExternalId(document.externalId, name)
    this.#addDomain(name)
  }

  result(): UserSurvey {
    const shared = [...this.#owners.values()].filter(({ count }) => count > 1)
    const domains = [...this.#domains].sort(([, a], [, b]) => b - a)
    return {
      looked: this.looked,
      ...(this.#oldest !== undefined && { oldest: this.#oldest }),
      withoutExternalId: this.#without,
      sharingExternalId: shared.reduce((sum, { count }) => sum + count, 0),
      withOtherExternalId: this.#other,
      foreignDomains: domains,
      unfindable: this.#unfindable,
      examples: {
        ...this.#examples,
        sharingExternalId: shared.flatMap(({ names }) => names).slice(0, examplesMax),
      },
    }
  }

  #addExternalId(externalId: unknown, name: string): void {
    if (typeof externalId !== 'string') {
      this.#without += 1
      this.#example('withoutExternalId', name)
      return
    }
    const owners = this.#owners.get(externalId) ?? { names: [], count: 0 }
    owners.count += 1
    if (owners.names.length < 2) owners.names.push(name)
    this.#owners.set(externalId, owners)
    if (guid.test(externalId)) return
    this.#other += 1
    this.#example('withOtherExternalId', name)
  }

  #addDomain(name: string): void {
    const at = name.lastIndexOf('@')
    const domain = at < 0 ? noDomain : fold(name.slice(at + 1))
    if (this.#scope.domains.includes(domain)) return
    const isFound = this.#scope.isFound(name)
    // Whoever gives the directory no domains has them found by default, and wants it so.
    if (isFound && this.#scope.domains.length === 0) return
    this.#domains.set(domain, (this.#domains.get(domain) ?? 0) + 1)
    if (!isFound) this.#unfindable += 1
  }

  #example(kind: ExampleKind, name: string): void {
    if (this.#examples[kind].length < examplesMax) this.#examples[kind].push(name)
  }
}

/** As the domain of a userName that has none. */
export const noDomain = '(no domain)'
/** Names that are shown of what can be thousands. */
export const examplesMax = 5
/** The form of an object id of Entra ID. */
const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Looks until all missing members are accounted for. */
export async function surveyGroups(
  store: Store,
  directory: DirectoryId,
  { pendingMembers }: DirectoryCounts,
): Promise<GroupSurvey> {
  const pending: (readonly [name: string, members: number])[] = []
  let [looked, left] = [0, pendingMembers]
  if (left === 0) return { looked, pending }
  for await (const slice of store.scan('groups', directory, groupSliceMax, { references: true })) {
    for (const { document, id, references = [] } of slice) {
      const missing = references.filter(({ type }) => type === 'pending').length
      const name = typeof document.displayName === 'string' ? document.displayName : id
      if (missing > 0) pending.push([name, missing])
      looked += 1
      left -= missing
    }
    if (left <= 0 || looked >= groupsSurveyedMax) break
  }
  return { looked, pending: pending.sort(([, a], [, b]) => b - a) }
}

/** A group can have 100,000 members; a slice ends early by their size. */
const groupSliceMax = 20
