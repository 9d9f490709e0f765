import { type Finding, policyFinding, ruleFinding } from './finding.ts'
import { implies } from './implies.ts'
import { isAlways, type LintedRule, type LintedRules, type Scope } from './linted-rules.ts'
import type { Part } from './rule-parts.ts'
import { allowBeforeBlock } from './witness.ts'

/**
 * Rules that an earlier one leaves nothing for: shadowed by one rule, behind a catch-all, or
 * written twice; and block rules that an earlier allow takes somebody from, with an attempt that
 * shows it.
 */
export function shadowingFindings(rules: LintedRules): readonly Finding[] {
  const search = new ShadowSearch(rules)
  const findings: Finding[] = []
  const catchAll = rules.all.find((rule) => isCatchAll(rule, rules))
  let behind = 0
  let partly = 0
  for (const later of rules.all) {
    if (catchAll !== undefined && later.at > catchAll.at) {
      behind++
      continue
    }
    const earlier = search.shadowOf(later)
    if (earlier !== undefined) {
      findings.push(shadowed(earlier, later))
      continue
    }
    if (later.rule.effect !== 'block' || partly >= partlyMax) continue
    const finding = partlyShadowed(later, search, rules)
    if (finding === undefined) continue
    partly++
    findings.push(finding)
  }
  if (catchAll !== undefined && behind > 0) {
    const { id, line } = catchAll.rule
    const what = behind === 1 ? '1 rule' : `${behind} rules`
    const message = `${what} after \`${id}\` (line ${line}) can never decide: it matches everything`
    findings.push(ruleFinding('after-catch-all', catchAll.rule, message))
  }
  if (search.isExhausted) {
    const message = `the rules are too many to compare each with each: ${pairsMax} pairs were`
    findings.push(policyFinding('not-all-compared', message))
  }
  return findings
}

/** Each is worked out with an attempt: enough to see what is wrong. */
const partlyMax = 50
const pairsMax = 2_000_000

function isCatchAll({ rule, parts, validity, scope }: LintedRule, { policy }: LintedRules) {
  const { size } = scope.applications
  const everywhere = size === policy.applications.length && size > 0
  return everywhere && parts.length === 0 && rule.actions === undefined && isAlways(validity)
}

function shadowed(earlier: LintedRule, later: LintedRule): Finding {
  const { id, line } = earlier.rule
  const isCopy = earlier.rule.effect === later.rule.effect && sameTexts(earlier.parts, later.parts)
  const own = `\`${later.rule.id}\` (line ${later.rule.line})`
  if (isCopy) {
    const message = `${own} says what \`${id}\` (line ${line}) says: leave one of them out`
    return ruleFinding('duplicate-rule', later.rule, message)
  }
  const message = [
    `${own} never decides: \`${id}\` (line ${line}) matches all it matches; move it`,
    'up, or leave it out',
  ].join(' ')
  return ruleFinding('shadowed-rule', later.rule, message)
}

function sameTexts(a: readonly Part[], b: readonly Part[]): boolean {
  const texts = (parts: readonly Part[]) =>
    parts
      .map(({ text }) => text)
      .sort()
      .join('\n')
  return texts(a) === texts(b)
}

function partlyShadowed(
  later: LintedRule,
  search: ShadowSearch,
  rules: LintedRules,
): Finding | undefined {
  const [application] = later.scope.applications
  if (application === undefined) return undefined
  for (const earlier of search.allowsBefore(later, application)) {
    const name = rules.policy.applications[application]!.name
    const witness = allowBeforeBlock(earlier, later, name, rules)
    if (witness === undefined) continue
    const { id, line } = earlier.rule
    const own = `block rule \`${later.rule.id}\` (line ${later.rule.line})`
    const message = [
      `${own} loses attempts to \`${id}\` (line ${line}), which allows them first; move`,
      'it up if it should win',
    ].join(' ')
    return ruleFinding('partly-shadowed-block', later.rule, message, { witness })
  }
  return undefined
}

/** Finds for a rule an earlier one that matches wherever it does. */
class ShadowSearch {
  readonly #rules: LintedRules
  readonly #indexes = new Map<Scope, ScopeIndex>()
  #pairs = 0

  constructor(rules: LintedRules) {
    this.#rules = rules
  }

  get isExhausted(): boolean {
    return this.#pairs >= pairsMax
  }

  shadowOf(later: LintedRule): LintedRule | undefined {
    const [application] = later.scope.applications
    if (application === undefined) return undefined
    const groups = positiveGroups(later.parts)
    let first: LintedRule | undefined
    for (const scope of this.#rules.scopesOf(application)) {
      if (!later.scope.applications.isSubsetOf(scope.applications)) continue
      for (const earlier of this.#indexOf(scope).reachedBy(groups)) {
        if (earlier.at >= Math.min(later.at, first?.at ?? later.at)) break
        if (this.#pairs++ >= pairsMax) return first
        if (covers(earlier, later)) first = earlier
      }
    }
    return first
  }

  /** Allow rules before a block rule, of an application, a few. */
  allowsBefore(later: LintedRule, application: number): readonly LintedRule[] {
    const before: LintedRule[] = []
    for (const scope of this.#rules.scopesOf(application)) {
      for (const earlier of scope.rules.slice(0, allowsMax)) {
        if (earlier.at < later.at && earlier.rule.effect === 'allow') before.push(earlier)
      }
    }
    return before.sort((a, b) => a.at - b.at).slice(0, allowsMax)
  }

  #indexOf(scope: Scope): ScopeIndex {
    let index = this.#indexes.get(scope)
    if (index === undefined) {
      index = new ScopeIndex(scope.rules)
      this.#indexes.set(scope, index)
    }
    return index
  }
}
const allowsMax = 20

/** Rules of one scope by the groups that they ask for; the others have no such key. */
class ScopeIndex {
  readonly #byGroup = new Map<string, LintedRule[]>()
  readonly #rest: LintedRule[] = []

  constructor(rules: readonly LintedRule[]) {
    for (const rule of rules) {
      const groups = positiveGroups(rule.parts)
      if (groups === undefined) this.#rest.push(rule)
      for (const group of new Set(groups)) {
        const known = this.#byGroup.get(group)
        if (known === undefined) this.#byGroup.set(group, [rule])
        else known.push(rule)
      }
    }
  }

  /** What asks for a group covers only what asks for one of the same; in the order of the file. */
  reachedBy(groups: readonly string[] | undefined): readonly LintedRule[] {
    if (groups === undefined) return this.#rest
    const found = groups.flatMap((group) => this.#byGroup.get(group) ?? [])
    if (found.length === 0) return this.#rest
    return [...new Set([...this.#rest, ...found])].sort((a, b) => a.at - b.at)
  }
}

/** Groups that it takes one or all of; undefined: none is asked for. */
function positiveGroups(parts: readonly Part[]): readonly string[] | undefined {
  const groups = parts.flatMap((part) =>
    part.kind === 'groups' && part.by !== 'none' ? part.values : [],
  )
  return groups.length === 0 ? undefined : groups
}

/** Whether the earlier rule matches wherever the later one would. Sound: false is "not proven". */
export function covers(earlier: LintedRule, later: LintedRule): boolean {
  const { rule, validity, parts, onMissing } = earlier
  if (rule.actions !== undefined) {
    if (later.rule.actions?.every((action) => rule.actions!.includes(action)) !== true) return false
  }
  if (validity.fromMs > later.validity.fromMs) return false
  if (validity.untilMs < later.validity.untilMs) return false
  if (!later.scope.applications.isSubsetOf(earlier.scope.applications)) return false
  return parts.every((part) => later.parts.some((own) => holdsFor(own, part, onMissing, later)))
}

/** `own` lets the later rule match; whether `part` then lets the earlier one. */
function holdsFor(
  own: Part,
  part: Part,
  onMissing: LintedRule['onMissing'],
  later: LintedRule,
): boolean {
  // The later one matches only where all is true: that is enough for either kind before it.
  if (later.onMissing === 'skip') return implies(own, part, 'certain')
  if (onMissing === 'match') return implies(own, part, 'possible')
  // It matches where something is unknown, too, and the earlier one only where it is true.
  return isAlwaysKnown(own) && implies(own, part, 'certain')
}

function isAlwaysKnown(part: Part): boolean {
  return part.kind === 'directories' || (part.kind === 'opaque' && part.isClock)
}
