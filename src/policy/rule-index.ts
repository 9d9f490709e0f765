import { ApplicationRules, Steps } from './application-rules.ts'
import type { Application, Rule, RulesOfApplication } from './policy.ts'
import type { RulePart } from './schema.ts'
import { keyOf } from './subject-rules.ts'

/**
 * Application → the rules that can concern it, in order. Rules that name their applications are
 * found by name; only those with `any` or labels are asked one by one, when an application is first
 * asked for.
 */
export class RuleIndex {
  readonly #rules: readonly Rule[]
  readonly #steps: Steps
  readonly #byName = new Map<string, Rule[]>()
  readonly #general: { readonly rule: Rule; readonly apps: Apps }[] = []
  readonly #found = new Map<Application, RulesOfApplication>()
  /** By the ordinals of their rules: applications with the same ones share what is made of them. */
  readonly #equal = new Map<string, RulesOfApplication>()

  /** `rules`: all of them, by ordinal; they may come later. */
  constructor(rules: readonly Rule[]) {
    this.#rules = rules
    this.#steps = new Steps(rules)
  }

  /** In the order of the file. */
  add(rule: Rule, apps: Apps): void {
    if (apps === 'any' || apps.labels !== undefined) this.#general.push({ rule, apps })
    else this.#addNamed(rule, apps)
  }

  rulesFor(application: Application): RulesOfApplication {
    let found = this.#found.get(application)
    if (found !== undefined) return found
    const general = this.#general.filter(({ apps }) => concerns(apps, application))
    const named = this.#byName.get(application.name) ?? []
    const all = [...named, ...general.map(({ rule }) => rule)].map(({ ordinal }) => ordinal)
    all.sort((a, b) => a - b)
    const key = keyOf(all, [])
    found = this.#equal.get(key) ?? new Rules(all, this.#rules, this.#steps)
    this.#equal.set(key, found)
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

class Rules implements RulesOfApplication {
  readonly enforced: ApplicationRules
  readonly shadow: ApplicationRules | undefined
  readonly #ordinals: Uint16Array
  readonly #rules: readonly Rule[]

  constructor(ordinals: readonly number[], rules: readonly Rule[], steps: Steps) {
    this.#ordinals = Uint16Array.from(ordinals)
    this.#rules = rules
    const shadow = this.all.filter(({ mode }) => mode === 'shadow')
    this.enforced = new ApplicationRules(
      this.all.filter(({ mode }) => mode === 'enforce'),
      steps,
    )
    this.shadow = shadow.length === 0 ? undefined : new ApplicationRules(shadow, steps)
  }

  /** For explanations, so it is not kept. */
  get all(): readonly Rule[] {
    return Array.from(this.#ordinals, (ordinal) => this.#rules[ordinal]!)
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
