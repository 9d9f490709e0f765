import type { TenantId } from '../directory/directory.ts'
import type { LookupKind } from '../directory/identity.ts'
import type { Tri } from '../directory/three-values.ts'
import type { Destination, Effect, Obligation, Values } from '../policy/policy.ts'

/**
 * decision: may this subject reach this application, now and from here?
 *
 * An Attempt goes in; an Answer comes out, block included, always with a reason that tells failure
 * from absence. Any doubt is a block. A Refusal means that no decision exists, and its caller
 * blocks. `evaluate` is pure; the Decider looks up, evaluates and asks last whether what it knew is
 * still true.
 *
 * Not here: the wires (grpc/), what rules mean (policy/), how fresh memory is (cache/, store/).
 */
export interface DecisionPoint {
  /**
   * Synchronous when all it needs is in memory. What throws or rejects is a bug: no decision
   * exists then, and whoever asked blocks.
   */
  check(attempt: Attempt): Outcome | Promise<Outcome>
  /**
   * As `check` for each, decided together: one last look vouches for all, since all were asked
   * before it. A bug met by one rejects that one.
   */
  checkAll(attempts: readonly Attempt[]): readonly (Outcome | Promise<Outcome>)[]
  explain(attempt: Attempt): Promise<Explanation | Refusal>
}

export interface Attempt {
  readonly tenant: TenantId
  readonly subject: Subject
  /** By name. With a destination as well, both must agree. One of the two is given. */
  readonly application: string | undefined
  readonly destination: Destination | undefined
  /** What kind of resource the one named is; one that is of another kind is unknown. */
  readonly applicationType?: string
  readonly action: string
  readonly claims: Values
  readonly context: Values
  /** What the caller says beside the names, where its protocol can. */
  readonly actionProperties?: Values
  readonly resourceProperties?: Values
  /** A revision token seen earlier: the answer is not older than it. */
  readonly minRevision: string | undefined
  /** How long the caller waits; no longer is waited for the store or for a revision. */
  readonly waitMs?: number | undefined
}
export interface Subject {
  readonly kind: LookupKind
  /** Empty: the wire takes identity from elsewhere, and there is none. */
  readonly name: string
  /** The directory's id; absent: found by the user name's domain, else the default one. */
  readonly directory: string | undefined
}

/** In the order in which they are looked for: the first that applies is the answer. */
export const reasons = [
  'POLICY_NOT_LOADED',
  'SUBJECT_MISSING',
  'DIRECTORY_UNKNOWN',
  'DIRECTORY_NOT_READY',
  'DIRECTORY_STALE',
  'DIRECTORY_UNAVAILABLE',
  'SUBJECT_AMBIGUOUS',
  'USER_UNKNOWN',
  'USER_INACTIVE',
  'APPLICATION_UNKNOWN',
  'RULE',
  'NO_RULE',
  'OVERLOADED',
] as const
export type Reason = (typeof reasons)[number]

export type Outcome = Answer | Refusal

export interface Answer {
  readonly kind: 'answer'
  readonly effect: Effect
  readonly reason: Reason
  /** Id of the rule that decided; empty unless the reason is RULE. */
  readonly rule: string
  /** SCIM id of the subject; empty if nobody was found. */
  readonly subjectId: string
  /** Name of the application found; empty if none was. */
  readonly application: string
  /** For the person blocked. */
  readonly message: string
  /** What the gateway has to do, whatever the effect. */
  readonly obligations: readonly Obligation[]
  /** Paths of conditions that could not be known and shaped the answer. */
  readonly unknown: readonly string[]
  /** Decided on data that nobody could confirm in time, which the directory's grace allows. */
  readonly stale: boolean
  /** How long the caller may go on using the answer. */
  readonly cacheableForMs: number
  readonly decisionId: string
  readonly world: World
  /** Which shadow rule would have decided; asked once the answer is out. Absent: there are none. */
  readonly shadow?: () => ShadowVerdict | undefined
}
export interface ShadowVerdict {
  readonly rule: string
  readonly effect: Effect
}
/** What the answer was decided on. */
export interface World {
  /** Opaque token; see `toToken` of the store. */
  readonly revision: string
  /** How long ago the data was last known to be the newest. */
  readonly ageMs: number
  readonly policyVersion: string
}

export type Refusal =
  /** `minRevision` is no token of ours. */
  | { readonly kind: 'revision-malformed' }
  /** Not reached within the time allowed: retry. */
  | { readonly kind: 'revision-not-reached' }
  /** It belongs to a history that was lost: retrying cannot help. */
  | { readonly kind: 'revision-lost' }

export interface Explanation {
  readonly kind: 'explanation'
  readonly answer: Answer
  readonly rules: readonly RuleTrace[]
  /** How many more there are than are told. */
  readonly omitted: number
  /** Of a block: the allow rule that lacked the fewest conditions. */
  readonly nearestAllow: string
  readonly text: string
}
export interface RuleTrace {
  readonly rule: string
  readonly effect: Effect
  readonly result: Tri
  readonly decided: boolean
  readonly conditions: readonly ConditionTrace[]
  readonly file: string
  readonly line: number
  /** For administrators. */
  readonly reason: string
  /** What about the rule itself made it count, or not: its mode, its times, its actions. */
  readonly note: string
}
export interface ConditionTrace {
  readonly path: string
  readonly result: Tri
  readonly seen: string
  readonly wanted: string
  readonly note: string
  readonly ageMs: number
}
