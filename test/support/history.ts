import type { Principal } from '../../src/cache/cache.ts'
import { GroupGraph } from '../../src/cache/group-graph.ts'
import { evaluate } from '../../src/decision/evaluate.ts'
import { AttemptFacts, PrincipalFacts } from '../../src/decision/principal-facts.ts'
import type { Change } from '../../src/directory/change.ts'
import { type Document, emptyComplex, isActive } from '../../src/directory/directory.ts'
import { indexTerms, type LookupKind, lookupValue } from '../../src/directory/identity.ts'
import type { RuleSet } from '../../src/policy/policy.ts'
import type { Position } from '../../src/store/position.ts'
import { attempt } from './decision-rig.ts'
import { entra } from './store-fixture.ts'

/**
 * What was true at every revision, kept in the slowest way: each effective Change is applied to
 * plain maps, and a question walks all of them. No cache, no index, no log.
 */
export class History {
  readonly #changes = new Map<number, { readonly change: Change; readonly at: Position }>()
  readonly #compile: (version: string) => RuleSet

  constructor(compile: (version: string) => RuleSet) {
    this.#compile = compile
  }

  add(change: Change, at: Position): void {
    this.#changes.set(at.revision, { change, at })
  }

  /** Revisions in order, each with the world as it was from then on. */
  *worlds(): Generator<{ readonly revision: number; readonly world: HistoricWorld }> {
    const world = new HistoricWorld(this.#compile)
    for (const revision of [...this.#changes.keys()].toSorted((a, b) => a - b)) {
      world.apply(this.#changes.get(revision)!.change)
      yield { revision, world }
    }
  }
}

export class HistoricWorld {
  readonly #users = new Map<string, Document>()
  readonly #groups = new Map<string, { displayName: string; members: Set<string> }>()
  readonly #compile: (version: string) => RuleSet
  #policy: RuleSet | undefined
  #written = false

  constructor(compile: (version: string) => RuleSet) {
    this.#compile = compile
  }

  apply(change: Change): void {
    if (change.op === 'publish') this.#policy = this.#compile(change.version)
    if (!('of' in change)) return
    this.#written = true
    const { id } = change
    if (change.op === 'delete') {
      ;(change.of === 'users' ? this.#users : this.#groups).delete(id)
      for (const { members } of this.#groups.values()) members.delete(id)
      return
    }
    if (change.of === 'users') {
      if (change.document !== undefined) this.#users.set(id, change.document)
      return
    }
    const group = this.#groups.get(id) ?? { displayName: '', members: new Set<string>() }
    this.#groups.set(id, group)
    if (change.document !== undefined) group.displayName = change.document.displayName as string
    if (change.op === 'create') group.members = new Set(change.members)
    else if (change.members?.kind === 'replace') group.members = new Set(change.members.members)
    else if (change.members !== undefined) {
      for (const value of change.members.remove) group.members.delete(value)
      for (const value of change.members.add) group.members.add(value)
    }
  }

  /** Reason, and rule if one decided. */
  decide(kind: LookupKind, name: string): string {
    if (this.#policy === undefined) return 'POLICY_NOT_LOADED'
    if (!this.#written) return 'DIRECTORY_NOT_READY'
    const found = [...this.#users].filter(([id, document]) => isNamed(id, document, kind, name))
    if (found.length > 1) return 'SUBJECT_AMBIGUOUS'
    const [id, document] = found[0] ?? []
    if (id === undefined || document === undefined) return 'USER_UNKNOWN'
    if (!isActive(document)) return 'USER_INACTIVE'
    const application = this.#policy.applications.get('wiki')!
    const facts = new AttemptFacts(this.#factsOf(id, document), attempt(''), application, {
      nowMs: 0,
      ageMs: 0,
    })
    const verdict = evaluate(this.#policy, application, 'connect', facts)
    return verdict.kind === 'none' ? 'NO_RULE' : `${verdict.rule.effect} ${verdict.rule.id}`
  }

  /** Every attribute, and a graph built for this one question. */
  #factsOf(id: string, document: Document) {
    const ids = [...this.#groups.keys()]
    const parentsOf = (member: string) =>
      ids.flatMap((group, ordinal) => (this.#groups.get(group)!.members.has(member) ? ordinal : []))
    const graph = new GroupGraph()
    for (const [ordinal, group] of ids.entries()) {
      const { displayName } = this.#groups.get(group)!
      graph.put({ directory: entra, ordinal, id: group, displayName, parents: parentsOf(group) })
    }
    const principal = {
      directory: entra,
      groups: parentsOf(id),
      attributes: Object.assign(emptyComplex(), document, { id }),
    } as unknown as Principal
    return new PrincipalFacts(principal, graph)
  }
}

function isNamed(id: string, document: Document, kind: LookupKind, name: string): boolean {
  const value = lookupValue(kind, name)
  if (kind === 'id') return id === value
  return indexTerms('users', document).some(
    (term) => term.attribute === kind && term.value === value,
  )
}
