import type { DirectoryId, Uuid } from '../directory/directory.ts'
import { fold } from '../directory/identity.ts'
import type { CheckedPolicy, CheckedRule } from '../policy/checked-policy.ts'
import { type Finding, ruleFinding } from '../policy/lint/finding.ts'
import { didYouMean } from '../std/nearest-name.ts'
import type { GroupRow, Store } from '../store/store.ts'

/**
 * What rules say of groups, held against the live directory: groups that are not there, that two
 * share a name of, that nobody or everybody is in. A group that a block rule names and that is not
 * there is an error: the rule blocks nobody. Without `sizes` members are not counted, which takes a
 * look at each group. @throws {StoreUnavailable}
 */
export async function liveFindings(
  policy: CheckedPolicy,
  store: Store,
  directories: readonly DirectoryId[],
  { sizes = true }: { readonly sizes?: boolean } = {},
): Promise<readonly Finding[]> {
  const live = await LiveGroups.of(store, directories)
  const findings: Finding[] = []
  for (const rule of policy.rules) {
    if (!rule.enabled) continue
    const own = directories.filter((id) => rule.who?.directories?.includes(id) ?? true)
    for (const { by, group } of groupsOf(rule)) {
      findings.push(...(await groupFindings(rule, { by, group }, own, live, sizes)))
    }
  }
  return findings
}

/** Folded names, and ids, of groups that rules ask for. */
export function namedGroups({ rules }: CheckedPolicy): ReadonlySet<string> {
  const all = rules.filter(({ enabled }) => enabled).flatMap(groupsOf)
  return new Set(
    all.map(({ group }) => (typeof group === 'string' ? `name ${fold(group)}` : `id ${group.id}`)),
  )
}

type Group = string | { readonly id: string }
interface NamedGroup {
  readonly by: 'any' | 'all' | 'none'
  readonly group: Group
}

function groupsOf({ who }: CheckedRule): readonly NamedGroup[] {
  return (['any', 'all', 'none'] as const).flatMap((by) =>
    (who?.groups?.[by] ?? []).map((group) => ({ by, group })),
  )
}

/** The groups of some directories by name, and how many users are in them. */
class LiveGroups {
  readonly #store: Store
  readonly #byName = new Map<string, GroupRow[]>()
  readonly #byId = new Map<string, GroupRow>()
  readonly #users = new Map<DirectoryId, number>()
  readonly #members = new Map<Uuid, number>()

  private constructor(store: Store, rows: readonly GroupRow[]) {
    this.#store = store
    for (const row of rows) {
      const name = fold(row.displayName)
      this.#byName.set(name, [...(this.#byName.get(name) ?? []), row])
      this.#byId.set(row.id, row)
    }
  }

  static async of(store: Store, directories: readonly DirectoryId[]): Promise<LiveGroups> {
    const { groups } = await store.groupTable()
    const live = new LiveGroups(
      store,
      groups.filter(({ directory }) => directories.includes(directory)),
    )
    for (const id of directories) live.#users.set(id, (await store.counts(id)).users)
    return live
  }

  find(group: Group): readonly GroupRow[] {
    if (typeof group === 'string') return this.#byName.get(fold(group)) ?? []
    const row = this.#byId.get(group.id)
    return row === undefined ? [] : [row]
  }

  get names(): readonly string[] {
    return [...this.#byName.values()].map(([row]) => row!.displayName)
  }

  usersIn(directory: DirectoryId): number {
    return this.#users.get(directory) ?? 0
  }

  /** Members through other groups included. */
  async membersOf({ id, directory }: GroupRow): Promise<number> {
    let members = this.#members.get(id)
    if (members === undefined) {
      const page = { offset: 0, count: 0 }
      members = (await this.#store.find('users', directory, { by: 'group', value: id }, page)).total
      this.#members.set(id, members)
    }
    return members
  }
}

async function groupFindings(
  rule: CheckedRule,
  { by, group }: NamedGroup,
  directories: readonly DirectoryId[],
  live: LiveGroups,
  sizes: boolean,
): Promise<readonly Finding[]> {
  const name = typeof group === 'string' ? group : group.id
  const found = live.find(group).filter(({ directory }) => directories.includes(directory))
  const rows = [...found]
  const where = directories.join(', ')
  if (rows.length === 0) {
    const severity = rule.effect === 'block' ? 'error' : 'warn'
    const nobody = by === 'none' ? 'nobody is excluded by it' : 'it has no members'
    const message = [
      `\`${rule.id}\`: group \`${name}\` is not in`,
      `${where}${didYouMean(name, live.names)}, so ${nobody}`,
    ].join(' ')
    return [ruleFinding('group-unknown', rule, message, { severity })]
  }
  const findings: Finding[] = []
  const homes = new Set(rows.map(({ directory }) => directory))
  if (homes.size > 1 && rule.who?.directories === undefined) {
    const severity = rule.effect === 'allow' ? 'error' : 'warn'
    const message = [
      `\`${rule.id}\`: group \`${name}\` is in ${[...homes].join(' and ')}: name the`,
      `one that is meant in \`who.directories\``,
    ].join(' ')
    findings.push(ruleFinding('group-in-several-directories', rule, message, { severity }))
  }
  for (const home of homes) {
    const own = rows.filter(({ directory }) => directory === home)
    if (own.length > 1) {
      const message = [
        `\`${rule.id}\`: ${own.length} groups of \`${home}\` are called \`${name}\`, so`,
        `membership in one of them is unknown: write \`{ id: … }\``,
      ].join(' ')
      findings.push(ruleFinding('group-ambiguous', rule, message))
      continue
    }
    if (sizes) findings.push(...(await sizeFinding(rule, own[0]!, live)))
  }
  return findings
}

async function sizeFinding(
  rule: CheckedRule,
  group: GroupRow,
  live: LiveGroups,
): Promise<readonly Finding[]> {
  const members = await live.membersOf(group)
  const users = live.usersIn(group.directory)
  const of = `group \`${group.displayName}\` of \`${group.directory}\``
  if (members === 0) {
    return [ruleFinding('group-empty', rule, `\`${rule.id}\`: nobody is in ${of}`)]
  }
  if (members < users || users < everybodyMin) return []
  const message = `\`${rule.id}\`: all ${users} users are in ${of}`
  return [ruleFinding('group-everybody', rule, message)]
}
/** Of a handful of users, being in one group says nothing. */
const everybodyMin = 10
