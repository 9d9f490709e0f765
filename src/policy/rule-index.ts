import { ApplicationRules } from './application-rules.ts'
import type { Application, Rule, RulesOfApplication } from './policy.ts'
import type { RulePart } from './schema.ts'

/**
 * Application → the rules that can concern it, in order. Rules that name their applications are
 * found by name; only those with `any` or labels are asked one by one, when an application is first
 * asked for.
 */
export class RuleIndex {
  readonly #byName = new Map<string, Rule[]>()
  readonly #general: { readonly rule: Rule; readonly apps: Apps }[] = []
  readonly #found = new Map<Application, RulesOfApplication>()

  /** In the order of the file. */
  add(rule: Rule, apps: Apps): void {
    if (apps === 'any' || apps.labels !== undefined) this.#general.push({ rule, apps })
    else this.#addNamed(rule, apps)
  }

  rulesFor(application: Application): RulesOfApplication {
    const known = this.#found.get(application)
    if (known !== undefined) return known
    const general = this.#general.filter(({ apps }) => concerns(apps, application))
    const named = this.#byName.get(application.name) ?? []
    const all = [...named, ...general.map(({ rule }) => rule)]
    all.sort((a, b) => a.ordinal - b.ordinal)
    const shadow = all.filter(({ mode }) => mode === 'shadow')
    const found = {
      all: Object.freeze(all),
      enforced: new ApplicationRules(all.filter(({ mode }) => mode === 'enforce')),
      shadow: shadow.length === 0 ? undefined : new ApplicationRules(shadow),
    }
    this.#found.set(application, found)
    return found
  }

  #addNamed(rule: Rule, { names = [], except = [] }: Exclude<Apps, 'any'>): void {
    for (const name of new Set(names)) {
      if (except.includes(name)) continue
      const rules = this.#byName.get(name)
      if (rules === undefined) this.#byName.set(name, [rule])
      else rules.push(rule)
    }
  }
}

type Apps = RulePart['apps']

/** Named applications plus those that carry all labels, minus `except`. */
export function concerns(apps: Apps, { name, labels }: Application): boolean {
  if (apps === 'any') return true
  if (apps.except?.includes(name)) return false
  if (apps.names?.includes(name)) return true
  if (apps.labels === undefined) return false
  const wanted = Object.entries(apps.labels)
  return wanted.length > 0 && wanted.every(([label, value]) => labels.get(label) === value)
}
