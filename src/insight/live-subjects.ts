import type { Principal } from '../cache/cache.ts'
import { GroupGraph } from '../cache/group-graph.ts'
import { PrincipalFacts } from '../decision/principal-facts.ts'
import { type Complex, type DirectoryId, isActive } from '../directory/directory.ts'
import { lookupValue } from '../directory/identity.ts'
import type { SubjectFacts } from '../policy/policy.ts'
import type { PrincipalRow, Store } from '../store/store.ts'

/** A user of the store, as rules see it. */
export interface LiveSubject {
  readonly facts: SubjectFacts
  readonly active: boolean
  readonly userName: string
  readonly row: PrincipalRow
}

/** The users of the store as rules see them, groups and nested ones as they are now. */
export class LiveSubjects {
  readonly #store: Store
  readonly #graphs: ReadonlyMap<DirectoryId, GroupGraph>

  private constructor(store: Store, graphs: ReadonlyMap<DirectoryId, GroupGraph>) {
    this.#store = store
    this.#graphs = graphs
  }

  /** @throws {StoreUnavailable} */
  static async of(store: Store): Promise<LiveSubjects> {
    const graphs = new Map<DirectoryId, GroupGraph>()
    const { groups } = await store.groupTable()
    for (const row of groups) {
      const graph = graphs.get(row.directory) ?? new GroupGraph()
      graphs.set(row.directory, graph)
      graph.put(row)
    }
    return new LiveSubjects(store, graphs)
  }

  graphOf(directory: DirectoryId): GroupGraph {
    return this.#graphs.get(directory) ?? new GroupGraph()
  }

  /** Undefined: nobody has that userName. @throws {StoreUnavailable} */
  async find(userName: string, directory: DirectoryId): Promise<LiveSubject | undefined> {
    const value = lookupValue('userName', userName)
    const found = await this.#store.resolve({ directory, kind: 'userName', value })
    if (found.kind === 'unavailable') throw found.cause
    return found.kind === 'known' ? this.subject(found.principal) : undefined
  }

  subject(row: PrincipalRow): LiveSubject {
    const { document, id, directory, groups } = row
    const attributes: Complex = Object.assign(Object.create(null), document, { id })
    const principal = { directory, attributes, groups } as Principal
    const facts = new PrincipalFacts(principal, this.graphOf(directory))
    return { facts, active: isActive(document), userName: String(document.userName), row }
  }
}
