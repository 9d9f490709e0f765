import type { Complex, DirectoryId } from '../directory/directory.ts'
import type { Tri } from '../directory/three-values.ts'

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
  /** The rules that can concern an application, in order. */
  rulesFor(application: Application): readonly Rule[]
}

export interface Application {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  /** What can be done with it; `connect` unless the file says otherwise. */
  readonly actions: ReadonlySet<string>
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
  readonly effect: Effect
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
  /** Conditions joined by AND, in the order of cost. */
  readonly conditions: readonly Condition[]
}

export interface Condition {
  /** Where it stands in the rule: `who.groups.any`, `when.context.country`. */
  readonly path: string
  /** What it asks for, in words: `in [DE, FR]`. */
  readonly wanted: string
  /** Whether it reads the directory, rather than only what the caller sent. */
  readonly readsDirectory: boolean
  /** Never throws: what goes wrong with a value is unknown. */
  test(facts: Facts): Tri
  /**
   * What made the result unknown: attributes as the rule names them (`context.posture.encrypted`),
   * parts of `who` (`who.groups.any`). Empty unless it is unknown.
   */
  unknowns(facts: Facts): readonly string[]
  /** For explanations: the value seen, and why it is unknown if it is. */
  see(facts: Facts): Seen
}
export interface Seen {
  /** JSON of the value, shortened; empty = none. */
  readonly value: string
  readonly note: string
}

/** All that a rule can be about: one attempt, its subject resolved. */
export interface Facts {
  readonly directory: DirectoryId
  /**
   * The subject's attributes, `id` among them. Undefined: the directory may not be used for policy,
   * so every condition on it is unknown.
   */
  readonly user: Complex | undefined
  readonly groups: Groups
  readonly claims: Values
  readonly context: Values
}

/** Membership as conditions ask for it: names belong to the subject's own directory. */
export interface Groups {
  /** Folded display name. F: there is no such group. U: two share the name and disagree. */
  hasName(foldedName: string): Tri
  hasId(id: string): Tri
}

/** Keys flat and dotted. A key that is absent was not sent. */
export type Values = ReadonlyMap<string, Value>
export type Value = string | number | boolean | readonly string[]
