import type { Principal } from '../cache/cache.ts'
import type { GroupGraph } from '../cache/group-graph.ts'
import type { DirectoryId } from '../directory/directory.ts'
import type { RuleSet, SubjectFacts } from '../policy/policy.ts'
import type { SubjectRules } from '../policy/subject-rules.ts'

/**
 * What the rules come to for a principal, kept with its record until rules or groups change. A
 * changed user is a new record.
 */
export class RulesOfSubject {
  readonly #pools = new Map<GroupGraph, Pool>()
  readonly #withoutDirectory = new Map<DirectoryId, Kept>()

  of(rules: RuleSet, principal: Principal, graph: GroupGraph, facts: SubjectFacts): SubjectRules {
    const { derived } = principal
    if (
      derived instanceof Kept &&
      derived.rules === rules &&
      derived.graph === graph &&
      derived.generation === graph.generation
    ) {
      return derived.subject
    }
    const kept = this.#poolOf(rules, graph).keep(rules.subjectRules(facts))
    principal.derived = kept
    return kept.subject
  }

  /** Of a directory that may not be used for policy: one for all of its users. */
  withoutDirectory(rules: RuleSet, facts: SubjectFacts): SubjectRules {
    let kept = this.#withoutDirectory.get(facts.directory)
    if (kept?.rules !== rules) {
      kept = new Kept(rules, undefined, 0, rules.subjectRules(facts))
      this.#withoutDirectory.set(facts.directory, kept)
    }
    return kept.subject
  }

  #poolOf(rules: RuleSet, graph: GroupGraph): Pool {
    let pool = this.#pools.get(graph)
    if (pool?.rules !== rules || pool.generation !== graph.generation) {
      pool = new Pool(rules, graph, graph.generation)
      this.#pools.set(graph, pool)
    }
    return pool
  }
}

/** Of which rules and which groups it is true; the same object for all whom it is true of. */
class Kept {
  readonly rules: RuleSet
  readonly graph: GroupGraph | undefined
  readonly generation: number
  readonly subject: SubjectRules

  constructor(
    rules: RuleSet,
    graph: GroupGraph | undefined,
    generation: number,
    subject: SubjectRules,
  ) {
    this.rules = rules
    this.graph = graph
    this.generation = generation
    this.subject = subject
  }
}

class Pool {
  readonly rules: RuleSet
  readonly generation: number
  readonly #graph: GroupGraph
  readonly #kept = new WeakMap<SubjectRules, Kept>()

  constructor(rules: RuleSet, graph: GroupGraph, generation: number) {
    this.rules = rules
    this.#graph = graph
    this.generation = generation
  }

  keep(subject: SubjectRules): Kept {
    let kept = this.#kept.get(subject)
    if (kept === undefined) {
      kept = new Kept(this.rules, this.#graph, this.generation, subject)
      this.#kept.set(subject, kept)
    }
    return kept
  }
}
