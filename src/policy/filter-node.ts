import { tellablePart } from '../directory/document-view.ts'
import { parseFilter } from '../directory/filter.ts'
import { type CompiledFilter, compileFilter } from '../directory/filter-evaluate.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { type Tri, U } from '../directory/three-values.ts'
import { ConditionNode, directoryUnused, readsSubject, shortened } from './condition-node.ts'
import type { Facts, Seen } from './policy.ts'
import type { WhoScope } from './who.ts'

/** `who.filter`; undefined if it has faults, which were told. */
export function filterNode(text: string, scope: WhoScope): ConditionNode | undefined {
  const path = ['who', 'filter']
  const parsed = parseFilter(text)
  const found =
    parsed.kind === 'fault' ? parsed : compileFilter(parsed.filter, scope.registry, 'users', U)
  if (found.kind === 'fault') {
    scope.fault(path, `${found.message} (character ${found.at + 1} of the filter)`)
    return undefined
  }
  for (const key of found.attributes) {
    const why = refused.get(key)
    if (why !== undefined) {
      scope.fault(path, why)
      return undefined
    }
    scope.readsKey(key)
  }
  return new FilterNode(text, found, scope.registry)
}

const refused: ReadonlyMap<string, string> = new Map([
  ['groups', '`groups` is refused in a filter: name them in `who.groups`, which is indexed'],
  ['meta', '`meta` is refused in a filter: it is about the record, not the person'],
])

class FilterNode extends ConditionNode {
  readonly #filter: CompiledFilter
  readonly #registry: SchemaRegistry

  constructor(text: string, filter: CompiledFilter, registry: SchemaRegistry) {
    const label = 'who.filter'
    super({ path: label, label, wanted: text, ...readsSubject, cost: 20 })
    this.#filter = filter
    this.#registry = registry
  }

  protected override ask({ user }: Facts): Tri {
    return user === undefined ? U : this.#filter.matches(user)
  }

  protected override look({ user }: Facts): Seen {
    if (user === undefined) return { value: '', note: directoryUnused }
    const told = tellablePart(user, this.#registry, 'users')
    const seen = Object.fromEntries(this.#filter.attributes.map((key) => [key, told[key] ?? null]))
    return { value: shortened(JSON.stringify(seen)), note: '' }
  }
}
