import type { Principal } from '../cache/cache.ts'
import type { EffectiveGroups, GroupGraph } from '../cache/group-graph.ts'
import type { Complex, DirectoryId } from '../directory/directory.ts'
import { type Tri, U } from '../directory/three-values.ts'
import type { Application, Facts, Groups, SubjectFacts, Value, Values } from '../policy/policy.ts'
import type { Attempt } from './decision.ts'

/** A principal as rules see it. Which groups it is in is looked up when a rule asks for that. */
export class PrincipalFacts implements SubjectFacts {
  readonly #principal: Principal
  readonly #graph: GroupGraph
  #groups: Groups | undefined

  constructor(principal: Principal, graph: GroupGraph) {
    this.#principal = principal
    this.#graph = graph
  }

  get directory(): DirectoryId {
    return this.#principal.directory
  }

  get user(): Complex {
    return this.#principal.attributes
  }

  get groups(): Groups {
    this.#groups ??= new Membership(this.#graph.effective(this.#principal.groups), this.#graph)
    return this.#groups
  }
}

/** The directory may not be used for policy: whatever is asked of the user is unknown. */
export function factsWithoutDirectory(directory: DirectoryId): SubjectFacts {
  return { directory, user: undefined, groups: unknownGroups }
}

const unknownGroups: Groups = { hasName: () => U, hasId: () => U, held: undefined }

/** A principal's groups, nested ones included. */
class Membership implements Groups {
  readonly #graph: GroupGraph
  readonly #groups: EffectiveGroups

  constructor(groups: EffectiveGroups, graph: GroupGraph) {
    this.#groups = groups
    this.#graph = graph
  }

  get held(): Groups['held'] {
    return this.#groups.complete ? this.#graph.listed(this.#groups) : undefined
  }

  hasName(foldedName: string): Tri {
    return this.#graph.hasName(this.#groups, foldedName)
  }

  hasId(id: string): Tri {
    return this.#graph.hasId(this.#groups, id)
  }
}

/** All that rules may ask about an attempt. */
export class AttemptFacts implements Facts {
  readonly claims: Values
  readonly context: Values
  readonly action: Values
  readonly resource: Values
  readonly nowMs: number
  readonly ageMs: number
  readonly #subject: SubjectFacts

  constructor(
    subject: SubjectFacts,
    attempt: Attempt,
    application: Application,
    times: Pick<Facts, 'nowMs' | 'ageMs'>,
  ) {
    const { claims, context, action, actionProperties, resourceProperties } = attempt
    this.#subject = subject
    this.claims = claims
    this.context = context
    this.action =
      actionProperties === undefined
        ? (application.actions.get(action) ?? nothing)
        : new Map([...actionProperties, ['name', action]])
    // What the policy says of its application is not for the caller to say otherwise.
    this.resource =
      resourceProperties === undefined
        ? application.labels
        : new Map([...resourceProperties, ...application.labels])
    this.nowMs = times.nowMs
    this.ageMs = times.ageMs
  }

  get directory(): DirectoryId {
    return this.#subject.directory
  }

  get user(): Complex | undefined {
    return this.#subject.user
  }

  get groups(): Groups {
    return this.#subject.groups
  }
}

const nothing: Values = new Map<string, Value>()
