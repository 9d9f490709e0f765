import type { SchemaRegistry } from '../directory/schema-registry.ts'
import type { ConditionNode } from './condition-node.ts'
import type { Path } from './conditions.ts'
import { filterNode } from './filter-node.ts'
import { GroupsNode } from './groups-node.ts'
import type { WhoPart } from './schema.ts'
import { DirectoriesNode, UsersNode } from './subject-nodes.ts'

/** What `who` is compiled with, and where its faults go. */
export interface WhoScope {
  readonly registry: SchemaRegistry
  fault(path: Path, message: string): void
  /** Told of every top-level key of the user's document that is read. */
  readsKey(key: string): void
  /** The folded name, one string however many rules name it. */
  folded(name: string): string
}

/** Who asks: one condition for each part given. */
export function compileWho(who: WhoPart, scope: WhoScope): readonly ConditionNode[] {
  const { users, directories, groups = {}, filter } = who
  const nodes: (ConditionNode | undefined)[] = []
  if (directories) nodes.push(new DirectoriesNode(directories))
  if (users) nodes.push(new UsersNode(users, scope))
  for (const by of ['any', 'all', 'none'] as const) {
    if (groups[by]) nodes.push(new GroupsNode(by, groups[by], scope))
  }
  if (filter !== undefined) nodes.push(filterNode(filter, scope))
  return nodes.filter((node) => node !== undefined)
}
