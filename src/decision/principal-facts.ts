import type { Principal } from '../cache/cache.ts'
import type { EffectiveGroups, GroupGraph } from '../cache/group-graph.ts'
import type { DirectoryId } from '../directory/directory.ts'
import { type Tri, U } from '../directory/three-values.ts'
import type { Facts, Groups } from '../policy/policy.ts'
import type { Attempt } from './decision.ts'

/** What rules may ask about an attempt by this principal. */
export function principalFacts(attempt: Attempt, principal: Principal, graph: GroupGraph): Facts {
  return {
    directory: principal.directory,
    user: principal.attributes,
    groups: membershipOf(principal, graph),
    claims: attempt.claims,
    context: attempt.context,
  }
}

/** The directory may not be used for policy: whatever is asked of the user is unknown. */
export function factsWithoutDirectory(attempt: Attempt, directory: DirectoryId): Facts {
  const { claims, context } = attempt
  return { directory, user: undefined, groups: unknownGroups, claims, context }
}

const unknownGroups: Groups = { hasName: () => U, hasId: () => U }

/** A principal's groups, nested ones included; kept with its record until the graph changes. */
class Membership implements Groups {
  readonly graph: GroupGraph
  readonly generation: number
  readonly #groups: EffectiveGroups

  constructor(principal: Principal, graph: GroupGraph) {
    this.graph = graph
    this.generation = graph.generation
    this.#groups = graph.effective(principal.groups)
  }

  hasName(foldedName: string): Tri {
    return this.graph.hasName(this.#groups, foldedName)
  }

  hasId(id: string): Tri {
    return this.graph.hasId(this.#groups, id)
  }
}

function membershipOf(principal: Principal, graph: GroupGraph): Groups {
  const { derived } = principal
  if (
    derived instanceof Membership &&
    derived.graph === graph &&
    derived.generation === graph.generation
  ) {
    return derived
  }
  const membership = new Membership(principal, graph)
  principal.derived = membership
  return membership
}
