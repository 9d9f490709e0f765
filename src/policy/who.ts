import { parseFilter } from '../directory/filter.ts'
import { compileFilter } from '../directory/filter-evaluate.ts'
import { fold } from '../directory/identity.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { F, not, T, type Tri, U } from '../directory/three-values.ts'
import { type ConditionNode, directoryUnused, RuleCondition, shortened } from './condition-node.ts'
import type { Path } from './conditions.ts'
import type { Facts, Groups, Seen } from './policy.ts'
import type { GroupPart, UserPart, WhoPart } from './schema.ts'
import { triOf } from './value-type.ts'

/** What `who` is compiled with, and where its faults go. */
export interface WhoScope {
  readonly registry: SchemaRegistry
  fault(path: Path, message: string): void
  /** Told of every top-level key of the user's document that is read. */
  readsKey(key: string): void
}

/** Who asks: one condition for each part given. */
export function compileWho(who: WhoPart, scope: WhoScope): readonly RuleCondition[] {
  const conditions: RuleCondition[] = []
  const add = (path: string, node: WhoNode | undefined) => {
    if (node !== undefined) conditions.push(new RuleCondition(`who.${path}`, node))
  }
  if (who.directories) add('directories', directoriesNode(who.directories))
  if (who.users) add('users', usersNode(who.users, scope))
  const { any, all, none } = who.groups ?? {}
  if (any) add('groups.any', groupsNode('any', any))
  if (all) add('groups.all', groupsNode('all', all))
  if (none) add('groups.none', groupsNode('none', none))
  if (who.filter !== undefined) add('filter', filterNode(who.filter, scope))
  return conditions
}

/** One part of `who`, which is unknown as a whole. */
class WhoNode implements ConditionNode {
  readonly label: string
  readonly readsDirectory: boolean
  readonly wanted: string
  readonly cost: number
  readonly test: (facts: Facts) => Tri
  readonly see: (facts: Facts) => Seen

  constructor(
    path: string,
    part: Pick<ConditionNode, 'wanted' | 'readsDirectory' | 'cost' | 'test' | 'see'>,
  ) {
    this.label = `who.${path}`
    this.wanted = part.wanted
    this.readsDirectory = part.readsDirectory
    this.cost = part.cost
    this.test = part.test
    this.see = part.see
  }

  addUnknowns(facts: Facts, paths: Set<string>): void {
    if (this.test(facts) === U) paths.add(this.label)
  }
}

function directoriesNode(directories: readonly string[]): WhoNode {
  const wanted = new Set(directories)
  return new WhoNode('directories', {
    wanted: `one of [${directories.join(', ')}]`,
    readsDirectory: false,
    cost: 0,
    test: ({ directory }) => triOf(wanted.has(directory)),
    see: ({ directory }) => ({ value: JSON.stringify(directory), note: '' }),
  })
}

function usersNode(users: readonly UserPart[], scope: WhoScope): WhoNode {
  const named = new Set<string>()
  const ids = new Set<string>()
  const externalIds = new Set<string>()
  for (const user of users) {
    if (typeof user === 'string') named.add(fold(user))
    else if ('id' in user) ids.add(user.id)
    else externalIds.add(user.externalId)
  }
  if (named.size > 0) scope.readsKey('userName')
  if (externalIds.size > 0) scope.readsKey('externalId')
  const among = (wanted: ReadonlySet<string>, value: unknown, form: (text: string) => string) => {
    if (wanted.size === 0) return F
    return typeof value === 'string' ? triOf(wanted.has(form(value))) : U
  }
  const texts = users.map((user) => (typeof user === 'string' ? user : JSON.stringify(user)))
  return new WhoNode('users', {
    wanted: `one of [${texts.join(', ')}]`,
    readsDirectory: true,
    cost: 2,
    test: ({ user }) => {
      if (user === undefined) return U
      const byId = among(ids, user.id, exact)
      if (byId === T) return T
      const byName = among(named, user.userName, fold)
      if (byName === T) return T
      const byExternalId = among(externalIds, user.externalId, exact)
      return Math.max(byId, byName, byExternalId) as Tri
    },
    see: ({ user }) => {
      if (user === undefined) return { value: '', note: directoryUnused }
      return { value: shortened(JSON.stringify(user.userName ?? user.id ?? '')), note: '' }
    },
  })
}

interface GroupTest {
  readonly text: string
  held(groups: Groups): Tri
}

function groupTest(group: GroupPart): GroupTest {
  if (typeof group === 'object') {
    const { id } = group
    return { text: JSON.stringify({ id }), held: (groups) => groups.hasId(id) }
  }
  const folded = fold(group)
  return { text: group, held: (groups) => groups.hasName(folded) }
}

function groupsNode(by: 'any' | 'all' | 'none', groups: readonly GroupPart[]): WhoNode {
  const wanted = groups.map(groupTest)
  const some = (facts: Facts) => heldSome(wanted, facts.groups)
  const tests = {
    any: some,
    all: (facts: Facts) => heldAll(wanted, facts.groups),
    none: (facts: Facts) => not(some(facts)),
  }
  return new WhoNode(`groups.${by}`, {
    wanted: `${by} of [${wanted.map(({ text }) => text).join(', ')}]`,
    readsDirectory: true,
    cost: 2 + Math.min(8, wanted.length) / 2,
    test: tests[by],
    see: (facts) => seeGroups(wanted, facts.groups),
  })
}

function heldSome(wanted: readonly GroupTest[], groups: Groups): Tri {
  let result: Tri = F
  for (let at = 0; at < wanted.length && result !== T; at++) {
    const one = wanted[at]!.held(groups)
    if (one > result) result = one
  }
  return result
}

function heldAll(wanted: readonly GroupTest[], groups: Groups): Tri {
  let result: Tri = T
  for (let at = 0; at < wanted.length && result !== F; at++) {
    const one = wanted[at]!.held(groups)
    if (one < result) result = one
  }
  return result
}

/** Which of the groups asked for the subject is in: all others are nobody's business here. */
function seeGroups(wanted: readonly GroupTest[], groups: Groups): Seen {
  const held = wanted.filter((group) => group.held(groups) === T)
  const unknown = wanted.filter((group) => group.held(groups) === U)
  const texts = (list: readonly GroupTest[]) => list.map(({ text }) => text)
  const note = unknown.length === 0 ? '' : `cannot be known: ${texts(unknown).join(', ')}`
  return { value: shortened(JSON.stringify(texts(held))), note: shortened(note) }
}

function filterNode(text: string, scope: WhoScope): WhoNode | undefined {
  const parsed = parseFilter(text)
  const found =
    parsed.kind === 'fault' ? parsed : compileFilter(parsed.filter, scope.registry, 'users', U)
  if (found.kind === 'fault') {
    scope.fault(['who', 'filter'], `${found.message} (character ${found.at + 1} of the filter)`)
    return undefined
  }
  for (const key of found.attributes) {
    const why = refusedInFilter.get(key)
    if (why !== undefined) {
      scope.fault(['who', 'filter'], why)
      return undefined
    }
    scope.readsKey(key)
  }
  return new WhoNode('filter', {
    wanted: text,
    readsDirectory: true,
    cost: 20,
    test: ({ user }) => (user === undefined ? U : found.matches(user)),
    see: ({ user }) => seeFilter(user, found.attributes),
  })
}

function seeFilter(user: Facts['user'], attributes: readonly string[]): Seen {
  if (user === undefined) return { value: '', note: directoryUnused }
  const seen = Object.fromEntries(attributes.map((key) => [key, user[key] ?? null]))
  return { value: shortened(JSON.stringify(seen)), note: '' }
}

const refusedInFilter: ReadonlyMap<string, string> = new Map([
  ['groups', '`groups` is refused in a filter: name them in `who.groups`, which is indexed'],
  ['meta', '`meta` is refused in a filter: it is about the record, not the person'],
])

function exact(text: string): string {
  return text
}
