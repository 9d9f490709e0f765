import type { Complex, DirectoryId } from '../directory/directory.ts'
import type { Tri } from '../directory/three-values.ts'
import type { ApplicationRules } from './application-rules.ts'
import type { SubjectRules } from './subject-rules.ts'

/**
 * policy: what rule files say, checked and compiled.
 *
 * First the application is found, the most specific one; then its rules are read from the top, and
 * the first that matches decides. Inside a rule, different kinds of condition are joined by AND,
 * values of one kind by OR. Every condition is true, false or unknown. Types, names and limits are
 * checked when a file is read, so evaluation never meets a malformed rule. A RuleSet is frozen:
 * a new version is a new object.
 *
 * Not here: walking the rules for an attempt (decision/), where the active version is kept
 * (store/), what groups a user is in (cache/).
 */
export interface RuleSet {
  /** SHA-256 of the canonical form, hex. Comments and layout do not change it. */
  readonly version: string
  readonly applications: ReadonlyMap<string, Application>
  /** Every rule in the order of the file, disabled ones left out. */
  readonly rules: readonly Rule[]
  /** Top-level keys of a user's document that some condition reads: what a cache must keep. */
  readonly attributesRead: ReadonlySet<string>
  /** The most specific application that matches all of it. */
  applicationAt(destination: Destination): Application | undefined
  /** The rules that can concern an application. */
  rulesFor(application: Application): RulesOfApplication
  /** What they come to for a subject; worked out once for it, not for each of its attempts. */
  subjectRules(subject: SubjectFacts): SubjectRules
}

export interface RulesOfApplication {
  /** In order, those in the shadow as well. */
  readonly all: readonly Rule[]
  readonly enforced: ApplicationRules
  /** Undefined: there are none. */
  readonly shadow: ApplicationRules | undefined
}

export interface Application {
  readonly name: string
  /** What kind of resource it is; `application` unless the file says more. */
  readonly type: string
  readonly labels: ReadonlyMap<string, string>
  /** What can be done with it, and what rules read of each; `connect` unless the file says more. */
  readonly actions: ReadonlyMap<string, Values>
}

/** What is connected to, as the caller sees it. */
export interface Destination {
  readonly host?: string
  readonly ip?: string
  readonly port?: number
  readonly protocol?: string
}

export type Effect = 'allow' | 'block'

export interface Rule {
  readonly id: string
  /** Its place among the enabled rules, from 0. */
  readonly ordinal: number
  readonly effect: Effect
  /** `shadow`: evaluated at its place and told, and never decides. */
  readonly mode: 'enforce' | 'shadow'
  /** What an unknown result does: `match` by default in a block rule, `skip` in an allow rule. */
  readonly onMissing: 'match' | 'skip'
  /** Whether it never decides on stale data. */
  readonly isStrict: boolean
  /** For the person blocked. */
  readonly message: string
  /** For administrators. */
  readonly reason: string
  readonly file: string
  readonly line: number
  /** Absent: every action of the application. */
  readonly actions: ReadonlySet<string> | undefined
  /** First and last instant at which it is there at all, in ms since the epoch. */
  readonly validFromMs: number
  readonly validUntilMs: number
  /** What the gateway has to do where this rule decides. */
  readonly obligations: readonly RuleObligation[]
  /** Conditions joined by AND, in the order of cost. */
  readonly conditions: readonly Condition[]
  /** Whether all conditions are asked for each attempt; otherwise `SubjectRules` knows of it. */
  readonly isGeneral: boolean
  /** Those that the subject alone decides: what they come to is in `SubjectRules`. */
  readonly subjectConditions: readonly Condition[]
  /** Of these the ones that are left to ask where the key that led to the rule holds. */
  readonly keyedConditions: readonly Condition[]
  /** The others. */
  readonly attemptConditions: readonly Condition[]
}

/** As the AuthZEN obligations draft has them. */
export interface Obligation {
  readonly id: string
  readonly type: string
  readonly properties: Values
}
export interface RuleObligation extends Obligation {
  /** Due unless this is false; absent: always due. */
  readonly condition: Condition | undefined
}

export interface Condition {
  /** Where it stands in the rule: `who.groups.any`, `when.context.country`. */
  readonly path: string
  /** What it asks for, in words: `in [DE, FR]`. */
  readonly wanted: string
  /** Whether it reads the directory, rather than only what the caller sent. */
  readonly readsDirectory: boolean
  /** Whether it reads what the caller sent with the attempt, or the application. */
  readonly readsSent: boolean
  /** Whether it depends on the time, or on how old the data is. */
  readonly readsClock: boolean
  /** Never throws: what goes wrong with a value is unknown. */
  test(facts: Facts): Tri
  /**
   * What made the result unknown: attributes as the rule names them (`context.posture.encrypted`),
   * parts of `who` (`who.groups.any`). Empty unless it is unknown.
   */
  unknowns(facts: Facts): readonly string[]
  /**
   * Until when the result stays as it is if nothing but the clock moves, in ms since the epoch;
   * infinite where no clock is read.
   */
  untilMs(facts: Facts): number
  /** For explanations: the value seen, and why it is unknown if it is. */
  see(facts: Facts): Seen
}
export interface Seen {
  /** JSON of the value, shortened; empty = none. */
  readonly value: string
  readonly note: string
}

/** Who asks, as the directory knows it. */
export interface SubjectFacts {
  readonly directory: DirectoryId
  /**
   * The subject's attributes, `id` among them. Undefined: the directory may not be used for policy,
   * so every condition on it is unknown.
   */
  readonly user: Complex | undefined
  readonly groups: Groups
}

/** All that a rule can be about: one attempt, its subject resolved. */
export interface Facts extends SubjectFacts {
  readonly claims: Values
  readonly context: Values
  /** What the caller says of the action; `name` is the action's. */
  readonly action: Values
  /** What the caller says of what is connected to; the application's labels win. */
  readonly resource: Values
  /** The wall clock, in ms since the epoch. */
  readonly nowMs: number
  /** How long ago what the directory says was last known to be the newest, in ms. */
  readonly ageMs: number
}

/** Membership as conditions ask for it: names belong to the subject's own directory. */
export interface Groups {
  /** Folded display name. F: there is no such group. U: two share the name and disagree. */
  hasName(foldedName: string): Tri
  hasId(id: string): Tri
  /** Undefined where they cannot be listed: nesting is too deep, or nothing may be known. */
  readonly held: HeldGroups | undefined
}
/** Every group of which membership is not known to be false. */
export interface HeldGroups {
  /** Folded; for certain. */
  readonly names: readonly string[]
  /** Folded; another group has the same name, of which the subject is no member. */
  readonly doubtfulNames: readonly string[]
  readonly ids: readonly string[]
}

/** Keys flat and dotted. A key that is absent was not sent. */
export type Values = ReadonlyMap<string, Value>
export type Value = string | number | boolean | readonly string[]
