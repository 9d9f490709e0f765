import type { Fault } from '../std/fault.ts'
import { didYouMean } from '../std/nearest-name.ts'
import type { Vocabulary } from './attribute-at.ts'
import type { CheckedApplication, CheckedRule } from './checked-policy.ts'
import type { Path } from './conditions.ts'
import { noApplication } from './endpoints.ts'
import { faultsMax } from './limits.ts'
import type { OperandScope } from './operators.ts'
import type { Application } from './policy.ts'
import type { Declared } from './rule-file.ts'
import { concerns } from './rule-index.ts'
import { RuleScope } from './rule-scope.ts'
import { validityOf } from './validity.ts'
import type { ValueList } from './value-list.ts'

/** What rules may name. */
export interface RuleNames {
  readonly vocabulary: Vocabulary
  readonly directories: readonly string[]
  readonly applications: ReadonlyMap<string, CheckedApplication>
  readonly lists: ReadonlyMap<string, ValueList>
  /** Declared, but with faults of their own: rules may name them. */
  readonly brokenApplications: ReadonlySet<string>
  readonly brokenLists: ReadonlySet<string>
  fault(fault: Fault): void
}

/** Checks every name and type in the rules; what enabled ones read of a user's document. */
export function checkRules(
  rules: readonly Declared<CheckedRule>[],
  names: RuleNames,
): ReadonlySet<string> {
  const reads = new Set<string>()
  const scope = new RuleScope(names.vocabulary, listsWithBroken(names))
  const known = new Set([...names.applications.keys(), ...names.brokenApplications])
  const actions = new DeclaredActions(names.applications)
  let faults = 0
  for (const { part, file, path } of rules) {
    if (faults >= faultsMax) break
    const fault: RuleFault = (below, message, at) => {
      faults++
      const whole = [...path, ...below]
      const { document } = file
      const place = at === 'key' ? document.placeOfKey(whole) : document.placeOf(whole)
      names.fault({ file: document.file, ...place, message })
    }
    const named = checkApps(part, known, fault)
    if (named && names.brokenApplications.size === 0) checkActions(part, actions, fault)
    checkDirectories(part, names, fault)
    validityOf(part, (field, message) => fault([field], message))
    checkObligations(part, fault)
    const readsKey = part.enabled ? (key: string) => reads.add(key) : () => {}
    scope.conditionsOf(part, fault, readsKey)
  }
  return reads
}

type RuleFault = (below: Path, message: string, at?: 'key') => void

/** Whether all applications named exist. */
function checkApps({ apps }: CheckedRule, known: ReadonlySet<string>, fault: RuleFault): boolean {
  if (apps === 'any') return true
  let complete = true
  for (const part of ['names', 'except'] as const) {
    for (const [at, name] of (apps[part] ?? []).entries()) {
      if (known.has(name)) continue
      complete = false
      fault(['apps', part, at], noApplication(name, known))
    }
  }
  return complete
}

function checkActions(rule: CheckedRule, actions: DeclaredActions, fault: RuleFault): void {
  if (rule.actions === undefined) return
  const declared = actions.of(rule.apps)
  for (const [at, action] of rule.actions.entries()) {
    if (declared.has(action)) continue
    const there = declared.size === 0 ? 'there are none' : [...declared].join(', ')
    const hint = didYouMean(action, declared)
    const message = `no application of this rule has the action \`${action}\`${hint}: ${there}`
    fault(['actions', at], message)
  }
}

/** The actions of all applications that some `apps` means, worked out once for equal ones. */
class DeclaredActions {
  readonly #applications: readonly Application[]
  readonly #found = new Map<string, ReadonlySet<string>>()

  constructor(applications: RuleNames['applications']) {
    this.#applications = [...applications.values()].map(({ name, type, labels = {}, actions }) => ({
      name,
      type,
      labels: new Map(Object.entries(labels)),
      actions: new Map(actions.map((action) => [action, new Map()])),
    }))
  }

  of(apps: CheckedRule['apps']): ReadonlySet<string> {
    const key = JSON.stringify(apps)
    let found = this.#found.get(key)
    if (found === undefined) {
      const meant = this.#applications.filter((application) => concerns(apps, application))
      found = new Set(meant.flatMap(({ actions }) => [...actions.keys()]))
      this.#found.set(key, found)
    }
    return found
  }
}

function checkDirectories(
  { who }: CheckedRule,
  { directories }: RuleNames,
  fault: RuleFault,
): void {
  for (const [at, name] of (who?.directories ?? []).entries()) {
    if (directories.includes(name)) continue
    const there = `; there are ${directories.join(', ')}`
    const message = `no directory \`${name}\`${didYouMean(name, directories)}${there}`
    fault(['who', 'directories', at], message)
  }
}

function checkObligations({ obligations = [] }: CheckedRule, fault: RuleFault): void {
  const ids = new Set<string>()
  for (const [at, { id }] of obligations.entries()) {
    if (ids.has(id))
      fault(['obligations', at, 'id'], `obligation \`${id}\` stands twice in the rule`)
    ids.add(id)
  }
}

/** Naming a list with faults of its own is no further fault. */
function listsWithBroken({ lists, brokenLists }: RuleNames): OperandScope['lists'] {
  const broken = [...brokenLists].map((name) => [name, 'broken'] as const)
  return new Map<string, ValueList | 'broken'>([...broken, ...lists])
}
