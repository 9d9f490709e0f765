import type { SchemaRegistry } from '../directory/schema-registry.ts'
import type { Fault } from '../std/fault.ts'
import { didYouMean } from '../std/nearest-name.ts'
import type { CheckedApplication, CheckedRule } from './checked-policy.ts'
import type { Path } from './conditions.ts'
import { noApplication } from './endpoints.ts'
import type { OperandScope } from './operators.ts'
import type { Declared } from './rule-file.ts'
import { concerns } from './rule-index.ts'
import { RuleScope } from './rule-scope.ts'
import type { ValueList } from './value-list.ts'

/** What rules may name. */
export interface RuleNames {
  readonly registry: SchemaRegistry
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
  const scope = new RuleScope(names.registry, listsWithBroken(names))
  for (const { part, file, path } of rules) {
    const fault: RuleFault = (below, message, at) => {
      const whole = [...path, ...below]
      const { document } = file
      const place = at === 'key' ? document.placeOfKey(whole) : document.placeOf(whole)
      names.fault({ file: document.file, ...place, message })
    }
    checkApps(part, names, fault)
    checkDirectories(part, names, fault)
    const readsKey = part.enabled ? (key: string) => reads.add(key) : () => {}
    scope.conditionsOf(part, fault, readsKey)
  }
  return reads
}

type RuleFault = (below: Path, message: string, at?: 'key') => void

function checkApps({ apps, actions = [] }: CheckedRule, names: RuleNames, fault: RuleFault): void {
  const known = new Set([...names.applications.keys(), ...names.brokenApplications])
  let complete = names.brokenApplications.size === 0
  for (const part of ['names', 'except'] as const) {
    for (const [at, name] of (apps === 'any' ? [] : (apps[part] ?? [])).entries()) {
      if (known.has(name)) continue
      complete = false
      fault(['apps', part, at], noApplication(name, known))
    }
  }
  if (!complete || actions.length === 0) return
  const declared = new Set<string>()
  for (const application of names.applications.values()) {
    const { name, labels = {} } = application
    const asCompiled = { name, labels: new Map(Object.entries(labels)), actions: declared }
    if (!concerns(apps, asCompiled)) continue
    for (const action of application.actions) declared.add(action)
  }
  for (const [at, action] of actions.entries()) {
    if (declared.has(action)) continue
    const there = declared.size === 0 ? 'there are none' : [...declared].join(', ')
    const hint = didYouMean(action, declared)
    const message = `no application of this rule has the action \`${action}\`${hint}: ${there}`
    fault(['actions', at], message)
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

/** Naming a list with faults of its own is no further fault. */
function listsWithBroken({ lists, brokenLists }: RuleNames): OperandScope['lists'] {
  const broken = [...brokenLists].map((name) => [name, 'broken'] as const)
  return new Map<string, ValueList | 'broken'>([...broken, ...lists])
}
