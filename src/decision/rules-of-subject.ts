import type { Principal } from '../cache/cache.ts'
import type { GroupGraph } from '../cache/group-graph.ts'
import type { DirectoryId } from '../directory/directory.ts'
import type { RuleSet, SubjectFacts } from '../policy/policy.ts'
import type { SubjectRules } from '../policy/subject-rules.ts'

/**
 * What the rules come to for a principal, kept with its record until rules or groups change. A
 * changed user is a new record. Neither rules nor groups are kept alive by it: somebody who is not
 * asked for any more would keep the version of their last day.
 */
export class RulesOfSubject {
  readonly #pools = new WeakMap<GroupGraph, Pool>()
  readonly #withoutDirectory = new Map<DirectoryId, Pool>()
  /** Most that are asked for one after the other are of one directory. */
  #last: Pool | undefined

  of(rules: RuleSet, principal: Principal, graph: GroupGraph, facts: SubjectFacts): SubjectRules {
    const pool = this.#poolOf(rules, graph)
    const { derived } = principal
    if (derived instanceof Kept && derived.stamp === pool.stamp) return derived.subject
    const kept = pool.keep(rules.subjectRules(facts))
    principal.derived = kept
    return kept.subject
  }

  /** Of a directory that may not be used for policy: one for all of its users. */
  withoutDirectory(rules: RuleSet, facts: SubjectFacts): SubjectRules {
    let pool = this.#withoutDirectory.get(facts.directory)
    if (pool?.rules !== rules) {
      pool = new Pool(rules, undefined)
      this.#withoutDirectory.set(facts.directory, pool)
    }
    pool.forEverybody ??= rules.subjectRules(facts)
    return pool.forEverybody
  }

  #poolOf(rules: RuleSet, graph: GroupGraph): Pool {
    if (this.#last?.isOf(rules, graph)) return this.#last
    let pool = this.#pools.get(graph)
    if (pool?.isOf(rules, graph) !== true) {
      pool = new Pool(rules, graph)
      this.#pools.set(graph, pool)
    }
    this.#last = pool
    return pool
  }
}

/** What a record keeps; the same object for all of whom it is true. */
class Kept {
  /** Of the pool that it was made in. */
  readonly stamp: number
  readonly subject: SubjectRules

  constructor(stamp: number, subject: SubjectRules) {
    this.stamp = stamp
    this.subject = subject
  }
}

/** What was worked out with one version of the rules and one state of the groups. */
class Pool {
  static #stamps = 0
  readonly rules: RuleSet
  readonly stamp = Pool.#stamps++
  forEverybody: SubjectRules | undefined
  readonly #graph: GroupGraph | undefined
  readonly #generation: number
  readonly #kept = new WeakMap<SubjectRules, Kept>()

  constructor(rules: RuleSet, graph: GroupGraph | undefined) {
    this.rules = rules
    this.#graph = graph
    this.#generation = graph?.generation ?? 0
  }

  isOf(rules: RuleSet, graph: GroupGraph): boolean {
    return this.rules === rules && this.#graph === graph && this.#generation === graph.generation
  }

  keep(subject: SubjectRules): Kept {
    let kept = this.#kept.get(subject)
    if (kept === undefined) {
      kept = new Kept(this.stamp, subject)
      this.#kept.set(subject, kept)
    }
    return kept
  }
}
