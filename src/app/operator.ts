import { type TokenCreated, type TokenRevoked, Tokens } from '../access/tokens.ts'
import type { Config } from '../config/config.ts'
import type { TokenRecord } from '../directory/change.ts'
import { type Document, isActive, type Stored } from '../directory/directory.ts'
import { tellablePart } from '../directory/document-view.ts'
import { lookupValue } from '../directory/identity.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { systemClock } from '../std/clock.ts'
import type { DirectoryCounts, IndexedQuery } from '../store/store.ts'
import { openHouseStore, type Tenancy, tenancyOf } from './house.ts'
import {
  type DirectoryDiagnosis,
  type DirectoryLog,
  diagnoseDirectory,
  type LogQuery,
  readDirectoryLog,
} from './provisioning-health.ts'
import { Registries } from './registries.ts'

/**
 * What an operator does from the command line. It opens the store that the config names, so it
 * works whether or not a server runs.
 */
export interface Operator extends AsyncDisposable {
  readonly tenancy: Tenancy
  /** This and all that names a directory: @throws {UnknownDirectory} */
  createToken(directory: string, wishes: TokenCreation): Promise<OperatorTokenCreated>
  listTokens(directory?: string): Promise<readonly ListedToken[]>
  revokeToken(id: string): Promise<TokenRevoked>
  directoryStatus(directory: string): Promise<DirectoryStatus>
  directoryLog(directory: string, query: LogQuery): Promise<DirectoryLog>
  /** `since`: an RFC 3339 instant before which no request is held against anybody. */
  diagnose(directory: string, since?: string): Promise<DirectoryDiagnosis>
  /** By userName, else by id, else by externalId. */
  findUsers(directory: string, name: string): Promise<readonly FoundUser[]>
}

/** One user as decisions see it, without what is never to be shown. */
export interface FoundUser {
  readonly directory: string
  readonly id: string
  readonly active: boolean
  readonly groups: readonly string[]
  readonly created: string
  readonly lastModified: string
  readonly attributes: Document
}

export type OperatorTokenCreated = Exclude<TokenCreated, { readonly kind: 'unknownDirectory' }>

export interface TokenCreation {
  readonly label: string
  readonly expires?: string
  readonly replace?: string
}
export interface ListedToken extends TokenRecord {
  readonly live: boolean
}
export interface DirectoryStatus extends DirectoryCounts {
  readonly directory: string
  readonly tenant: string
  readonly domains: readonly string[]
  readonly isDefault: boolean
  readonly scimSync: boolean
  readonly scimAttributesForPolicy: boolean
  readonly liveTokens: number
  /** What an administrator has to look at, in words; empty: nothing. */
  readonly notes: readonly string[]
}

export async function openOperator(config: Config): Promise<Operator> {
  const clock = systemClock
  const store = await openHouseStore(config, clock, { mayWrite: true })
  const tokens = new Tokens(store, clock)
  const tenancy = tenancyOf(config)
  const registries = new Registries(tenancy)
  const named = (id: string) => {
    const directory = tenancy.directories.find((each) => each.id === id)
    if (directory === undefined) throw new UnknownDirectory(id, tenancy)
    return directory
  }
  const listTokens = async (directory?: string) => {
    const all = await tokens.list(directory === undefined ? undefined : named(directory).id)
    return all.map((token) => ({ ...token, live: tokens.isLive(token) }))
  }
  const diagnose = async (id: string, since?: string) => {
    const directory = named(id)
    const liveTokens = (await listTokens(id)).filter(({ live }) => live)
    return await diagnoseDirectory({ store, clock, tenancy, liveTokens }, directory, since)
  }
  return {
    tenancy,
    createToken: async (directory, wishes) => {
      const created = await tokens.create(named(directory).id, wishes)
      if (created.kind === 'unknownDirectory') throw new UnknownDirectory(directory, tenancy)
      return created
    },
    listTokens,
    revokeToken: (id) => tokens.revoke(id),
    directoryStatus: async (id) => {
      const directory = named(id)
      const counts = await store.counts(directory.id)
      const live = (await listTokens(id)).filter((token) => token.live).length
      const { tenant, domains, isDefault, scimSync, scimAttributesForPolicy } = directory
      const facts = { tenant, domains, isDefault, scimSync, scimAttributesForPolicy }
      const { findings } = await diagnose(id)
      const seen = findings.map(({ effect, code }) => `${effect} (${code})`)
      const notes = [...notesOn(counts, live, facts), ...seen]
      return { directory: id, ...facts, ...counts, liveTokens: live, notes }
    },
    directoryLog: async (id, query) => await readDirectoryLog(store, named(id), query),
    diagnose,
    findUsers: async (id, name) => {
      const directory = named(id)
      const registry = registries.ofDirectory(directory.id)
      for (const by of ['userName', 'id', 'externalId'] as const) {
        const query: IndexedQuery = { by, value: lookupValue(by, name) }
        const page = { offset: 0, count: foundMax }
        const found = await store.find('users', directory.id, query, page, { references: true })
        if (found.total > 0) return found.resources.map((user) => foundUser(user, registry))
      }
      return []
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

/** The config has no such directory. */
export class UnknownDirectory extends Error {
  override readonly name = 'UnknownDirectory'
  readonly code = 'DIRECTORY_NOT_CONFIGURED'

  constructor(id: string, tenancy: Tenancy) {
    const known = tenancy.directories.map((directory) => directory.id).join(', ')
    super(`no directory \`${id}\` in the config; there are: ${known}`)
  }
}

/** Owners of one externalId that are worth showing. */
const foundMax = 10

function foundUser(stored: Stored, registry: SchemaRegistry): FoundUser {
  const { directory, id, created, lastModified, document } = stored
  const groups = (stored.references ?? []).map(({ display, value }) => display ?? value)
  const active = isActive(document)
  const attributes = tellablePart(document, registry, 'users')
  return { directory, id, active, groups, created, lastModified, attributes }
}

function notesOn(
  counts: DirectoryCounts,
  liveTokens: number,
  facts: { readonly scimSync: boolean; readonly scimAttributesForPolicy: boolean },
): readonly string[] {
  const notes: string[] = []
  if (counts.lastRevision === 0) {
    notes.push('never written to: every decision on it blocks with DIRECTORY_NOT_READY')
  }
  if (liveTokens === 0 && facts.scimSync) {
    notes.push('no live token: the identity provider cannot write; see `sallyport token create`')
  }
  if (!facts.scimSync) notes.push('scimSync is off: SCIM writes are refused')
  if (!facts.scimAttributesForPolicy) {
    notes.push('scimAttributesForPolicy is off: conditions on its users are unknown')
  }
  return notes
}
