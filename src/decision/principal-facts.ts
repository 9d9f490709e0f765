import type { Principal } from '../cache/cache.ts'
import type { EffectiveGroups, GroupGraph } from '../cache/group-graph.ts'
import type { DirectoryId } from '../directory/directory.ts'
import { type Tri, U } from '../directory/three-values.ts'
import type { Application, Facts, Groups, Value, Values } from '../policy/policy.ts'
import type { Attempt } from './decision.ts'

/** Who asks, as rules see it; without `user` the directory may not be used for policy. */
export interface SubjectFacts extends Pick<Facts, 'directory' | 'user' | 'groups'> {}

export function principalFacts(principal: Principal, graph: GroupGraph): SubjectFacts {
  const { directory, attributes: user } = principal
  return { directory, user, groups: membershipOf(principal, graph) }
}

/** The directory may not be used for policy: whatever is asked of the user is unknown. */
export function factsWithoutDirectory(directory: DirectoryId): SubjectFacts {
  return { directory, user: undefined, groups: unknownGroups }
}

/** All that rules may ask about an attempt. */
export function attemptFacts(
  { directory, user, groups }: SubjectFacts,
  attempt: Attempt,
  application: Application,
  times: Pick<Facts, 'nowMs' | 'ageMs'>,
): Facts {
  const { claims, context, action, actionProperties, resourceProperties } = attempt
  return {
    directory,
    user,
    groups,
    claims,
    context,
    action:
      actionProperties === undefined
        ? (application.actions.get(action) ?? nothing)
        : new Map([...actionProperties, ['name', action]]),
    // What the policy says of its application is not for the caller to say otherwise.
    resource:
      resourceProperties === undefined
        ? application.labels
        : new Map([...resourceProperties, ...application.labels]),
    nowMs: times.nowMs,
    ageMs: times.ageMs,
  }
}
const nothing: Values = new Map<string, Value>()

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
